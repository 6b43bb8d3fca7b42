"""beckond beside a robot whose software may not be touched: `bus.attach` with an older generation (old_robot.py)."""

import collections
import json
import pathlib
import sys
import time
import unittest

from outside_test import Outside
from world import LONGEST, XmppWorld, free_port, until

OLD_ROBOT = pathlib.Path(__file__).with_name("old_robot.py")


class Attached(XmppWorld):
    def setUp(self):
        super().setUp()
        self.robot_port = free_port()
        self.journal = self.folder / "journal"
        self.journal.touch()
        self.write("tokens", json.dumps(["token-1"]), 0o600)
        self.starts = 0

    def start_old_robot(self, *options):
        self.starts += 1
        self.old = self.start(f"old{self.starts}", sys.executable, OLD_ROBOT, "--port", self.robot_port, "--journal", self.journal,
                              *options, binary=False)
        self.addCleanup(self.old.kill)
        self.old.await_line("ready")

    def attach(self, *lines, token="token-1", policy='[access]\nprincipals = ["owner@robots.test"]\n', account=None):
        self.write("robot.token", token + "\n", 0o600)
        bus = [f'attach = "tcp://127.0.0.1:{self.robot_port}"', *lines]
        account = self.account("nao1") if account is None else account
        self.write("robot.toml", account + "[bus]\n" + "\n".join(bus) + "\n" + policy)
        self.beckond = self.start("beckond", "beckond", "run", "--config", self.folder / "robot.toml")

    with_token = ('user = "nao"', 'token_file = "robot.token"')

    def carried_out(self):
        return collections.Counter(self.journal.read_text().splitlines())

    def test_an_old_robot_is_used_with_user_and_token(self):
        self.start_old_robot("--user", "nao", "--token", self.folder / "tokens")
        self.attach(*self.with_token)
        self.beckond.await_line("ready ")
        self.beckond.await_line("announced ")
        self.assertEqual(sorted(self.assertDone(self.owner("services", "nao1")).out.split()), ["ALCounter", "ServiceDirectory"])
        watch = self.start_watch("ALCounter.added")
        self.assertEqual(self.assertDone(self.owner("call", "nao1/ALCounter.add", '"one"')).out, "1\n")
        watch.await_text('"one"')
        self.assertFails(self.owner("call", "nao1/ALCounter.jump"), 3, "unknown-member", "jump")
        self.assertFails(self.owner("call", "nao1/ALDance.go"), 3, "unknown-service", "ALDance")
        self.assertNotIn("token-1", self.beckond.text()[1])
        self.assertEqual(self.old.lines("a message with flags"), [])

    def test_a_robot_from_before_authentication_is_used(self):
        self.start_old_robot("--without-authentication")
        self.attach()
        self.beckond.await_line("ready ")
        self.beckond.await_line("announced ")
        self.assertEqual(self.assertDone(self.owner("call", "nao1/ALCounter.add", '"one"')).out, "1\n")

    def test_a_token_that_the_robot_renews_is_kept(self):
        self.start_old_robot("--user", "nao", "--token", self.folder / "tokens", "--renew")
        self.attach(*self.with_token)
        self.beckond.await_line("ready ")
        kept = lambda: (self.folder / "robot.token").read_text()
        self.assertEqual(kept(), "token-2\n")
        self.assertEqual((self.folder / "robot.token").stat().st_mode & 0o777, 0o600)
        self.beckond.end()
        self.attach(*self.with_token, token=kept().strip())
        self.beckond.await_line("ready ")
        self.assertEqual(kept(), "token-3\n")
        self.assertNotIn("token-", self.beckond.text()[1])

    def test_a_wrong_token_is_told_and_not_tried_again_at_once(self):
        self.start_old_robot("--user", "nao", "--token", self.folder / "tokens")
        self.attach(*self.with_token, token="token-9")
        line = self.beckond.await_text("not-authenticated")
        self.assertIn("User or token is wrong", line)
        self.assertIn("give the right user and token", line)
        self.assertNotIn("token-9", "".join(self.beckond.text()))

    def test_a_token_file_that_others_can_read_is_refused(self):
        self.start_old_robot()
        self.write("open.token", "token-1\n", 0o644)
        self.attach('token_file = "open.token"')
        self.assertEqual(self.beckond.wait(), 2)
        self.assertIn("can be read by others", self.beckond.text()[1])
        self.assertIn("chmod 600", self.beckond.text()[1])

    def test_an_old_robot_is_used_through_the_lan_door(self):
        self.start_old_robot("--user", "nao", "--token", self.folder / "tokens")
        self.write("policy.toml", '[roles]\noperator = []\n[[rule]]\nname = "operators"\nwho = "role:operator"\nmay = "*"\non = "*"\n')
        self.attach(*self.with_token, '[lan]', 'listen = "tcps://127.0.0.1:0"', policy='[policy]\nfile = "policy.toml"\n', account="")
        self.beckond.await_line("ready ")
        _, lan, key = self.beckond.await_line("lan ").split()
        made = self.beckon("token", "--state", self.folder / "state", "create", "tablet", "--role", "operator")
        self.write("tablet.token", made.out, 0o600)
        outside = lambda *command: self.beckon("--bus", lan, "--pin", key, "--token-file", self.folder / "tablet.token", *command)
        for number in range(2):
            until(lambda: "ALCounter" in outside("services").out, "ALCounter is not listed outside")
            self.assertEqual(self.assertDone(outside("call", "ALCounter.add", f'"{number}"')).out, f"{number + 1}\n")
            if number == 0:
                self.old.kill()
                self.start_old_robot("--user", "nao", "--token", self.folder / "tokens")
                self.beckond.await_line("ready ", 2)
        self.assertEqual(self.carried_out(), {"0": 1, "1": 1})

    def test_a_robot_restarted_under_load_comes_back_and_nothing_runs_twice(self):
        options = ("--user", "nao", "--token", self.folder / "tokens")
        self.start_old_robot(*options)
        self.attach(*self.with_token)
        self.beckond.await_line("ready ")
        self.beckond.await_line("announced ")
        watch = self.start_watch("ALCounter.added")
        outside = Outside(self)
        outside.await_told("presence")
        asked = {}  # number of the question -> what is to be counted

        def ask(method):
            name = f"call-{len(asked)}"
            asked[outside.send("call", service="ALCounter", method=method, arguments=[name])] = name
            return name

        def answered():
            return {line["n"]: line for line in outside.told("n") if line["n"] in asked}

        def load(seconds):
            """Calls that are answered at once, and some that are under way for half a second."""
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                ask("later" if len(asked) % 4 == 0 else "add")
                until(lambda: len(asked) - len(answered()) < 12, "calls are not answered")
                time.sleep(0.01)

        worst = 0
        for restart in range(3):
            load(1.0)
            self.old.kill()
            load(0.5)
            self.start_old_robot(*options)
            back = time.monotonic()

            def is_back():
                name = ask("add")
                number = max(asked)
                until(lambda: number in answered(), "no answer")
                return "result" in answered()[number] and name
            name = until(is_back, "calls do not come back")
            worst = max(worst, time.monotonic() - back)
            until(lambda: self.heard_again(watch, ask), "the subscription does not come back")
        until(lambda: len(answered()) == len(asked), "calls are not answered")

        runs = self.carried_out()
        self.assertEqual([name for name, count in runs.items() if count > 1], [])
        results = [asked[number] for number, line in answered().items() if "result" in line]
        self.assertEqual([name for name in results if runs[name] != 1], [])
        failures = [line["error"] for line in answered().values() if "error" in line]
        self.assertTrue(failures)
        codes = {failure["problem"]["code"] for failure in failures}
        self.assertLessEqual(codes, {"service-gone", "connection-lost", "unreachable", "unknown-service", "timed-out"}, codes)
        self.assertTrue(all(failure["problem"]["next-step"] for failure in failures), failures)
        self.assertIsNone(self.beckond.process.poll())
        print(f"{len(asked)} calls, {len(results)} answered, {len(failures)} failed ({', '.join(sorted(codes))}), back within {worst:.1f} s",
              file=sys.stderr)

    def heard_again(self, watch, ask):
        """Whether an event of a call that was made now is heard; one call each time."""
        name = ask("add")
        try:
            return until(lambda: any(f'"{name}"' in line for line in watch.lines()), "the event is not heard", limit=0.5)
        except AssertionError:
            return False


if __name__ == "__main__":
    unittest.main()
