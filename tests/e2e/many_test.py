"""`beckon call --all`: one remote uses many robots at once."""

import json
import os
import signal
import time
import unittest

from world import XmppWorld

COUNT = 20
NAMES = tuple(f"lab-{number:02}" for number in range(1, COUNT + 1))


class Checks:
    """`self.robots`: their accounts, in order. `self.config(account)`: how it comes to its server, and who may use it."""

    def start_robots(self):
        """They share one bus: what is asked here are the doors."""
        self.start_directory()
        self.start_sim()
        self.programs = {}
        for account in self.robots:
            name = account.split("@")[0]
            self.write(f"{name}.toml", f'bus = {{ attach = "{self.url}" }}\nrobot = {{ state = "state-{name}" }}\n' + self.config(account))
            self.programs[account] = self.start(name, "beckond", "run", "--config", self.folder / f"{name}.toml")
        for program in self.programs.values():
            program.await_line("announced ")

    def check_18_of_20(self):
        all_of_them = self.assertDone(self.owner("call", "--all", "lab-*", "ALMotion.moveIsActive"))
        self.assertEqual(sorted(all_of_them.out.splitlines()), [f"{account}  false" for account in self.robots])
        killed, frozen = self.robots[4], self.robots[16]
        self.programs[killed].kill()
        os.kill(self.programs[frozen].process.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, self.programs[frozen].process.pid, signal.SIGCONT)
        begin = time.monotonic()
        told = self.owner("--json", "--timeout", "3", "call", "--all", "lab-*", "ALMotion.moveIsActive")
        self.assertLess(time.monotonic() - begin, 3 + 5 + 3, "what a call may take, what the way may, and the login")
        self.assertEqual(told.code, 9, told)
        results = {line["robot"]: line for line in map(json.loads, told.out.splitlines())}
        self.assertEqual(sorted(results), sorted(self.robots))
        failures = {account: line["error"] for account, line in results.items() if "error" in line}
        self.assertEqual(sorted(failures), [killed, frozen])
        self.assertEqual([line["value"] for account, line in results.items() if account not in failures], [False] * (COUNT - 2))
        self.assertEqual(failures[killed]["code"], "unknown-robot")
        self.assertIn(f"{killed} is not there", failures[killed]["cause"])
        self.assertIn(failures[frozen]["code"], ("timed-out", "unknown-robot"))  # or has not told what it can
        self.assertTrue(all(error["next"] for error in failures.values()))


class Many(Checks, XmppWorld):
    accounts = (*NAMES, "owner", "stranger")
    robots = [f"{name}@robots.test" for name in NAMES]

    def config(self, account):
        return 'access = { principals = ["owner@robots.test"] }\n' + self.account(account.split("@")[0])

    def test_18_of_20_robots_answer_and_the_killed_and_the_frozen_one_are_named(self):
        self.write("owner.toml", f"robots = {json.dumps([*self.robots, 'attic@robots.test'])}\n" + self.account("owner"))
        self.start_robots()
        self.check_18_of_20()
        for asked, result in ((("set", "ALTextToSpeech.volume", "0.5"), "done"), (("get", "ALTextToSpeech.volume"), "0.5")):
            two = self.assertDone(self.owner(asked[0], "--all", "lab-*1", *asked[1:]))
            self.assertEqual(sorted(two.out.splitlines()), [f"lab-01@robots.test  {result}", f"lab-11@robots.test  {result}"])
        self.assertFails(self.owner("get", "--all", "cellar-*", "ALTextToSpeech.volume"), 3, "unknown-robot", 'matches "cellar-*"', "lab-01@robots.test")
        absent = self.owner("--timeout", "1", "post", "--all", "at*", "ALTextToSpeech.say", '"hello"')
        self.assertEqual((absent.code, absent.out), (9, ""), absent)
        self.assertRegex(absent.err, r"^attic@robots\.test  error \(unknown-robot\): attic@robots\.test is not there, .*; next: .*\n1 of 1 robots failed\n$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
