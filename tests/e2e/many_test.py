"""`beckon call --all`: one remote uses many robots at once."""

import json
import os
import signal
import time
import unittest

from world import XmppWorld

COUNT = 20


class Many(XmppWorld):
    robots = tuple(f"lab-{number:02}" for number in range(1, COUNT + 1))
    accounts = (*robots, "owner", "stranger")

    def setUp(self):
        super().setUp()
        self.write("owner.toml", "robots = " + json.dumps([f"{name}@robots.test" for name in (*self.robots, "attic")]) + "\n" + self.account("owner"))

    def start_robots(self):
        """They share one bus: what is asked here are the doors."""
        self.start_directory()
        self.start_sim()
        programs = {}
        for name in self.robots:
            self.write(f"{name}.toml", f'bus = {{ attach = "{self.url}" }}\nrobot = {{ state = "state-{name}" }}\naccess = {{ principals = ["owner@robots.test"] }}\n' + self.account(name))
            programs[name] = self.start(name, "beckond", "run", "--config", self.folder / f"{name}.toml")
        for program in programs.values():
            program.await_line("announced ")
        return programs

    def test_18_of_20_robots_answer_and_the_killed_and_the_frozen_one_are_named(self):
        programs = self.start_robots()
        all_of_them = self.assertDone(self.owner("call", "--all", "lab-*", "ALMotion.moveIsActive"))
        self.assertEqual(sorted(all_of_them.out.splitlines()), [f"{name}@robots.test  false" for name in self.robots])
        killed, frozen = self.robots[4], self.robots[16]
        programs[killed].kill()
        os.kill(programs[frozen].process.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, programs[frozen].process.pid, signal.SIGCONT)
        begin = time.monotonic()
        told = self.owner("--json", "--timeout", "3", "call", "--all", "lab-*", "ALMotion.moveIsActive")
        self.assertLess(time.monotonic() - begin, 3 + 5 + 3, "what a call may take, what the way may, and the login")
        self.assertEqual(told.code, 9, told)
        results = {line["robot"].removesuffix("@robots.test"): line for line in map(json.loads, told.out.splitlines())}
        self.assertEqual(sorted(results), sorted(self.robots))
        failures = {name: line["error"] for name, line in results.items() if "error" in line}
        self.assertEqual(sorted(failures), [killed, frozen])
        self.assertEqual([line["value"] for name, line in results.items() if name not in failures], [False] * (COUNT - 2))
        self.assertEqual(failures[killed]["code"], "unknown-robot")
        self.assertIn(f"{killed}@robots.test is not there", failures[killed]["cause"])
        self.assertIn(failures[frozen]["code"], ("timed-out", "unknown-robot"))  # or has not told what it can
        self.assertTrue(all(error["next"] for error in failures.values()))
        for asked, result in ((("set", "ALTextToSpeech.volume", "0.5"), "done"), (("get", "ALTextToSpeech.volume"), "0.5")):
            two = self.assertDone(self.owner(asked[0], "--all", "lab-*1", *asked[1:]))
            self.assertEqual(sorted(two.out.splitlines()), [f"lab-01@robots.test  {result}", f"lab-11@robots.test  {result}"])
        self.assertFails(self.owner("get", "--all", "cellar-*", "ALTextToSpeech.volume"), 3, "unknown-robot", 'matches "cellar-*"', "lab-01@robots.test")
        absent = self.owner("--timeout", "1", "post", "--all", "at*", "ALTextToSpeech.say", '"hello"')
        self.assertEqual((absent.code, absent.out), (9, ""), absent)
        self.assertRegex(absent.err, r"^attic@robots\.test  error \(unknown-robot\): attic@robots\.test is not there, .*; next: .*\n1 of 1 robots failed\n$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
