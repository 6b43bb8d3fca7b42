"""A robot that uses another one: programs on its bus, by its own account, within the policy of the other."""

import json
import unittest

from fleet_world import FleetWorld
from world import until

POLICY = """
[[rule]]
name = "owner"
who = "me@robots.test"
may = ["call", "post", "get", "set", "watch"]
on = "*"
[[rule]]
name = "nao1 looks"
who = "nao1@robots.test"
may = ["call", "get", "watch"]
on = ["ALMotion.moveIsActive", "ALTextToSpeech.volume"]
"""


class OtherRobots(FleetWorld):
    def join_both(self):
        """nao1 uses nao2, which does not use nao1. What nao2 shows is not signed yet."""
        for name, more in (("nao1", '[remote]\nrobots = ["nao2@robots.test"]\n'), ("nao2", '[policy]\nfile = "policy.toml"\n')):
            config = self.config_of(name)
            config.write_text(config.read_text() + more)
        self.policy = self.home_of("nao2") / "policy.toml"
        self.policy.write_text(POLICY)
        self.nao1 = self.join("nao1")
        self.nao2 = self.run_robot("nao2", "enroll", self.code(), "--name", "nao2", "--run")
        self.start_services(self.nao2)

    def await_state(self, state):
        until(lambda: self.ask("robots").out == f'{{"nao2@robots.test":"{state}"}}\n', lambda: self.ask("robots"))

    def ask(self, method, *arguments):
        """By a program on nao1's bus."""
        return self.beckon("--bus", self.nao1.url, "call", f"OtherRobots.{method}", *map(json.dumps, arguments))

    def call(self, service, method, *arguments):
        return self.ask("invoke", "nao2", service, method, list(arguments))

    def record(self, robot, who):
        told = self.assertDone(self.beckon("--json", "audit", "--dir", self.state_of(robot) / "audit", "query", "--who", who))
        return [json.loads(line) for line in told.out.splitlines()]

    def test_a_robot_calls_watches_and_is_refused_by_another_which_records_it_and_ends_with_its_revocation(self):
        self.join_both()
        self.await_state("refused")
        self.assertFails(self.call("ALMotion", "moveIsActive"), 7, "call-failed", "bad-statement: nao2@robots.test shows nothing that the fleet's owner has signed")
        self.sign()
        self.await_state("online")
        self.assertEqual(self.assertDone(self.call("ALMotion", "moveIsActive")).out, "false\n")
        self.assertEqual(json.loads(self.assertDone(self.ask("services", "nao2")).out), ["ALMotion", "ALTextToSpeech"])
        # Beyond the policy there is nothing.
        for refused, code in ((self.call("ALMotion", "moveTo", 1, 0, 0), "unknown-member"), (self.call("ALBattery", "getBatteryCharge"), "unknown-service"),
                              (self.ask("set", "nao2", "ALTextToSpeech", "volume", 0.1), "refused"), (self.ask("watch", "nao2", "ALBattery", "charge"), "unknown-service")):
            self.assertFails(refused, 7, "call-failed", f"{code}: ")
        self.assertFails(self.ask("invoke", "me", "S", "m", []), 7, "call-failed", 'unknown-robot: no robot "me" is configured')
        # Watched until the other robot takes it back.
        watcher = self.start("watcher", "example-other-robot", self.nao1.url, "nao2")
        watcher.await_line("watching")
        self.assertEqual(watcher.lines("volume "), ["volume 0.7"])
        self.assertDone(self.owner("set", "nao2/ALTextToSpeech.volume", "0.25"))
        watcher.await_line("volume 0.25")
        self.policy.write_text(POLICY.replace('"ALTextToSpeech.volume"', '"ALTextToSpeech.say"'))
        watcher.await_line("ended: refused")
        # Nobody outside borrows nao1's name, nor does nao2 have what it was not given.
        self.assertFails(self.owner("call", "nao1/OtherRobots.services", '"nao2"'), 3, "unknown-service")
        self.assertNotIn("OtherRobots", self.assertDone(self.owner("services", "nao1")).out)
        self.assertNotIn("OtherRobots", self.assertDone(self.beckon("--bus", self.nao2.url, "services")).out)
        # All of it is in the record of nao2.
        entries = [(entry["what"], entry["on"], entry.get("outcome", entry.get("why"))) for entry in self.record("nao2", "nao1@robots.test")]
        self.assertEqual(entries, [
            ("call", "ALMotion.moveIsActive", "done"), ("call", "ALMotion.moveTo", "refused"), ("call", "ALBattery.getBatteryCharge", "refused"),
            ("set", "ALTextToSpeech.volume", "refused"), ("watch", "ALBattery.charge", "refused"), ("get", "ALTextToSpeech.volume", "done"),
            ("watch", "ALTextToSpeech.volume", "done"), ("unwatch", "ALTextToSpeech.volume", "policy")])
        # Who is revoked gets nothing.
        self.assertWorks(self.owner("fleet", "revoke", "nao1"))
        self.nao1.await_text("offline (")
        gone = self.call("ALMotion", "moveIsActive")
        self.assertFails(gone, 7, "call-failed", "connection-lost: ")
        self.assertEqual(len(self.record("nao2", "nao1@robots.test")), len(entries))


if __name__ == "__main__":
    unittest.main(verbosity=2)
