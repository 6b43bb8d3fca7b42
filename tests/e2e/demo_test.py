"""The two commands of the README, and its first five minutes, as a user types them."""

import os
import pathlib
import re
import subprocess
import time
import unittest

from world import BIN, ROOT, World, XmppWorld, free_port


def processes_naming(text):
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in command:
            found.append(command)
    return found


class Demo(World):
    def test_the_demo_shows_the_main_job_in_20_seconds_and_leaves_nothing(self):
        self.env["TMPDIR"] = str(self.folder)
        begin = time.monotonic()
        demo = subprocess.run([ROOT / "scripts" / "demo"], capture_output=True, text=True, env=self.env, timeout=100, stdin=subprocess.DEVNULL)
        self.assertEqual(demo.returncode, 0, demo.stdout + demo.stderr)
        self.assertLess(time.monotonic() - begin, 20)
        for shown in ("announced nao1@robots.test", "nao1@robots.test  online", "ALTextToSpeech\n", "method    say(s) -> v",
                      "error (unknown-member)", "error (malformed-json)", "error (unknown-robot)", 'textDone [1,"hello"]', "] done"):
            self.assertIn(shown, demo.stdout)
        positions = re.findall(r"^\[(-?[\d.e-]+),", demo.stdout, re.M)
        self.assertGreater(float(positions[-1]), float(positions[0]), "the call moved the robot")
        self.assertEqual(list(self.folder.iterdir()), [], "the demo's folder is gone")
        self.assertEqual(processes_naming(str(self.folder)), [], "nothing is left running")


class Readme(XmppWorld):
    """Every command in README.md is run here; ports, paths and accounts are the test's own."""

    def blocks(self):
        text = (ROOT / "README.md").read_text()
        return [text for _, text in re.findall(r"^```(sh)\n(.*?)^```", text, re.M | re.S)]

    def test_the_commands_on_a_bus_work_as_written(self):
        script = "set -e\nready() { for i in $(seq 1000); do grep -q ^ready \"$1\" && return; sleep 0.02; done; exit 9; }\n"
        for line in "".join(self.blocks()).splitlines():
            line = line.replace("$PWD/build/release/bin", str(BIN)).replace(":9559", f":{self.bus_port}").replace(":9503", f":{self.lan_port}")
            if line.endswith("&"):
                command, _, out = line[:-1].partition(" > ")
                out = out.strip() or f"{line.split()[0]}.out"
                line = f"{command} > {out} 2>&1 &\nready {out}\n"
            script += line + "\n"
        script += "kill $(jobs -p)\n"
        run = subprocess.run(["bash", "-c", script], cwd=self.folder, capture_output=True, text=True, env=self.env, timeout=60)
        self.assertEqual(run.returncode, 0, script + run.stdout + run.stderr)
        self.assertIn("ALMotion", run.stdout)
        self.assertRegex(run.stdout, r"charge \[\d+\]")
        door = run.stdout[run.stdout.index("charge ["):]
        self.assertIn("ALTextToSpeech", door)
        self.assertNotIn("ALMotion", door, "the policy does not show it")
        self.assertRegex(door, "(?s)refused: nobody granted it.*refused: the token was revoked")

    def setUp(self):
        super().setUp()
        self.bus_port, self.lan_port = self.port + 1, self.port + 2

    def test_three_commands_lead_from_an_empty_server_to_a_robot_in_use(self):
        """As written, with ports and folder of the test's own; then the commands below them."""
        text = (ROOT / "README.md").read_text()
        section = text[text.index("### From anywhere, in three commands"):text.index("### Two accounts")]
        commands = [line.strip() for line in section.splitlines() if line.startswith("    ")]
        self.assertEqual(len(commands), 5, commands)
        env = dict(self.env, PATH=f"{BIN}:{os.environ['PATH']}", BECKON_BIN_DIR=str(BIN))
        env.pop("XDG_CONFIG_HOME", None)
        def user(name, command):
            return self.start(name, "env", "-C", self.folder, "-u", "XDG_CONFIG_HOME", *(f"{key}={env[key]}" for key in ("PATH", "HOME", "BECKON_BIN_DIR")), "bash", "-c", f"exec {command}", binary=False)
        ports = ",".join(str(free_port()) for _ in range(3))
        server = commands[0].replace("scripts/home-server", f"{ROOT}/scripts/home-server --listen 127.0.0.1 --ports {ports}")
        code = user("server", server.replace("192.168.1.10", "127.0.0.1").replace("robots.example", "robots.test")).await_line("owner ").split()[1]
        me = user("me", commands[1].replace("CODE", code))
        code = me.await_line("127.0.0.1:")
        self.write("robot.toml", '[bus]\nlisten = "tcp://127.0.0.1:0"\n')
        robot = user("robot", commands[2].replace("CODE", code))
        self.url = robot.await_line("ready ").split()[1]
        robot.await_line("announced ")
        self.start_sim()
        me.await_text("signed nao1@robots.test")
        self.assertEqual(me.wait(), 0)
        robot.await_text("has signed this robot's key")
        for command in commands[3:]:
            run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, timeout=60)
            self.assertEqual(run.returncode, 0, command + run.stdout + run.stderr)
        robots = subprocess.run(["bash", "-c", commands[3]], capture_output=True, text=True, env=env, timeout=60).stdout
        self.assertRegex(robots, "nao1@robots.test +online")

    def test_the_two_accounts_work_as_written(self):
        """Its two configurations, and the three commands below them, with the server's address added."""
        text = (ROOT / "README.md").read_text()
        text = text[text.index("### Two accounts"):]
        robot, remote = re.findall(r"^```toml\n(.*?)^```", text, re.M | re.S)
        here = f'xmpp = {{ host = "127.0.0.1", port = {self.port}, ca_file = "{self.folder}/ca.pem", '
        adapt = lambda config: config.replace("xmpp = { ", here).replace("robots.example", "robots.test").replace("me@", "owner@").replace("me.password", f"{self.folder}/owner.password")
        self.write("robot.toml", adapt(robot) + '[bus]\nlisten = "tcp://127.0.0.1:0"\n')
        (self.folder / ".config" / "beckon").mkdir(parents=True)
        self.write(".config/beckon/remote.toml", adapt(remote))
        commands = re.search(r"wherever you are:\n\n((?:    .*\n)+)", text).group(1).split("\n")
        commands = [command.strip() for command in commands if command.strip()]
        self.assertEqual(len(commands), 3)
        self.assertTrue(commands[0].startswith("beckond run"))
        self.start_robot()
        self.start_sim()
        env = dict(self.env, PATH=f"{BIN}:{os.environ['PATH']}")
        env.pop("XDG_CONFIG_HOME", None)
        for command in commands[1:]:
            if "watch" in command:  # until it is stopped
                watch = self.start("watch", "env", "-u", "XDG_CONFIG_HOME", f"PATH={env['PATH']}", "bash", "-c", f"exec {command}", binary=False)
                watch.await_line("watching ")
                continue
            run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, timeout=60)
            self.assertEqual(run.returncode, 0, command + run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
