"""A person at a client with a screen drives a robot: profanity, in a terminal of tmux. Long lane only: it needs both installed."""

import subprocess
import unittest

from any_client_test import AnyClientWorld
from world import until

ROBOT = "nao1@robots.test/beckond"


class ScreenClient(AnyClientWorld):
    def setUp(self):
        super().setUp()
        own = self.folder / "profanity"
        (own / "profanity").mkdir(parents=True)
        (own / "profanity" / "accounts").write_text(
            "[owner@robots.test]\nenabled=true\njid=owner@robots.test\nresource=profanity\nserver=127.0.0.1\n"
            f"port={self.port}\ntls.policy=trust\npassword=secret of owner\npresence.last=online\npresence.login=online\n")
        (own / "profanity" / "profrc").write_text("[ui]\noccupants=false\nroster=false\nsplash=false\ntime.console=off\ntime.config=off\ntime.chat=off\n")
        self.terminal_env = dict(self.env, XDG_CONFIG_HOME=str(own), XDG_DATA_HOME=str(own), TERM="xterm-256color", LANG="C.UTF-8")
        self.tmux("new-session", "-d", "-x", "100", "-y", "24", "profanity -a owner@robots.test")
        self.addCleanup(self.tmux, "kill-server")
        self.shown("logged in successfully")

    def tmux(self, *arguments):
        command = ["tmux", "-f", "/dev/null", "-S", self.folder / "tmux", *arguments]
        return subprocess.run(command, env=self.terminal_env, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def shown(self, *texts):
        return until(lambda: (lambda now: now if all(text in now for text in texts) else None)(self.screen()), lambda: f"{texts} on {self.screen()}")

    def type(self, line, *shown):
        """Types the line; the screen, once these texts are on it."""
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")
        if shown:
            print(f"--- {line}\n" + self.shown(*shown))

    def test_a_person_at_a_screen_lists_fills_in_and_runs_commands_and_chats(self):
        self.type("/sub request nao1@robots.test")
        self.type("/sub allow nao1@robots.test", "nao1@robots.test (beckond) is online")
        self.type("/clear")
        self.type(f"/cmd list {ROBOT}", "ALMotion", "ALTextToSpeech.say")
        self.type(f"/cmd exec ALMotion {ROBOT}", "Form title: ALMotion", "Choose what to call.")
        self.type("/field1 moveTo::(fff)", "[moveTo::(fff)] moveTo <number> <number> <number>")
        self.type("/form submit", "Form title: ALMotion.moveTo", "[field3] Argument 3: a number (required)")
        self.type("/field1 0.25")
        self.type("/field2 far")
        self.type("/field3 0", "[field3] Argument 3: a number (required): 0")
        self.type("/form submit", 'argument 2: "far" stands where a number is wanted')
        self.type("/field2 0", "Argument 2: a number (required): 0")
        self.type("/form submit", "ALMotion.moveTo: done")
        self.type(f"/cmd exec ALMotion.getRobotPosition {ROBOT}", "[field1] Argument 1: true or false: FALSE")
        self.type("/field1 on", "TRUE")
        self.type("/form submit", "[field1] Result:", "[val1] 0.25")
        self.type("/msg nao1@robots.test say hello", "nao1@robots.test/beckond: done")
        self.type("help say", "say <text> <text>  - Answers when the text was spoken")
        told = [(entry["door"], entry["on"], entry["outcome"]) for entry in self.entries("--who", "owner@robots.test")]
        self.assertEqual(told, [("command", "ALMotion.moveTo", "refused"), ("command", "ALMotion.moveTo", "done"),
                                ("command", "ALMotion.getRobotPosition", "done"), ("chat", "ALTextToSpeech.say", "done")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
