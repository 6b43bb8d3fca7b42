"""How a robot says that it is: battery, control, policy, in `beckon robots` and in any XMPP client."""

import signal
import time
import unittest

from control_test import LEASE
from outside_test import Outside
from world import XmppWorld, until

POLICY = LEASE + '[[rule]]\nname = "owner"\nwho = ["owner@robots.test"]\nmay = "*"\non = "*"\n'


class Condition(XmppWorld):
    def setUp(self):
        super().setUp()
        self.write("policy.toml", POLICY)
        self.write("robot.toml", self.account("nao1") + '[bus]\nlisten = "tcp://127.0.0.1:0"\n[policy]\nfile = "policy.toml"\n')
        self.start_robot()

    def told(self):
        """The last that the outside client has heard."""
        return [{}, *(line["condition"] for line in self.outside.told("condition"))][-1]

    def listed(self):
        robot = self.assertDone(self.owner("--json", "robots")).json()["robots"][0]
        return {name: robot[name] for name in ("battery", "charging", "busy", "policy")}

    def assertTold(self, limit=2, **values):
        is_so = lambda: values.items() <= self.told().items()
        until(is_so, lambda: f"no {values} in {self.outside.told('condition')}", limit)

    def test_a_robot_tells_battery_control_and_policy_in_presence_and_nobody_s_name(self):
        self.outside = Outside(self)
        # A bus without a battery.
        until(lambda: self.outside.told("condition"), "it is not there")
        self.assertEqual((self.told().get("battery"), self.told()["busy"], self.told()["show"], self.told()["status"]),
                         (None, "false", None, "in control: nobody"))
        version = self.told()["policy"]
        self.assertEqual(self.listed(), {"battery": None, "charging": None, "busy": False, "policy": version})
        self.start("sim", "beckon-sim", "--bus", self.url)
        self.assertTold(10, battery="100", charging="false", status="battery 100 %, in control: nobody")
        self.robot.await_text("control leases may be taken")
        login = self.told()["login"]
        self.assertDone(self.on_bus("call", "ALMotion.rest"))  # it is charged then, which is asked 10 s later

        holder = self.start("holder", "beckon", "--config", self.folder / "owner.toml", "control", "nao1", "drive", "--hold")
        holder.await_line("control of drive is yours")
        self.assertTold(busy="true", show="dnd")
        self.assertEqual(self.told()["status"].split(", ")[-1], "in control: somebody")
        self.assertEqual({**self.listed(), "charging": False}, {"battery": 100, "charging": False, "busy": True, "policy": version})
        self.assertRegex(self.assertDone(self.owner("robots")).out,
                         r"^nao1@robots\.test  online   as of \d+ s ago  id \S+  key \S+  battery 100 %(, charging)?, in control: somebody  policy " + version + "\ncomplete\n$")
        self.assertDone(self.owner("call", "nao1/ALBattery.getBatteryCharge"))  # others still may
        holder.process.send_signal(signal.SIGINT)
        self.assertTold(busy="false", show=None)

        self.write("policy.toml", POLICY + "# another version\n")
        until(lambda: self.told()["policy"] != version, "the policy is the old one", 5)
        self.assertTold(15, charging="true", status="battery 100 %, charging, in control: nobody")
        self.assertEqual(self.told()["login"], login)
        for line in self.outside.told("condition"):
            self.assertNotIn("owner", line["whole"], "whose doing it is, is nobody's business")

    def test_presence_is_not_sent_more_often_than_once_a_second_however_often_control_changes(self):
        self.start("sim", "beckon-sim", "--bus", self.url)
        self.outside = Outside(self)
        self.robot.await_text("control leases may be taken")
        self.assertTold(10, battery="100")
        before, begun = len(self.outside.told("condition")), time.monotonic()
        for _ in range(8):
            done = self.owner("control", "nao1", "drive", "--", "true")
            self.assertEqual(done.code, 0, done)
        self.assertTold(busy="false")
        told = len(self.outside.told("condition")) - before
        self.assertLessEqual(told, time.monotonic() - begun + 1)
        self.assertEqual(self.robot.text()[1].count("owner@robots.test has the control lease"), 8)


if __name__ == "__main__":
    unittest.main(verbosity=2)
