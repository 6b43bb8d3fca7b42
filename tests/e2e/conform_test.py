"""A robot and a remote on slixmpp, written from docs/protocol alone, with each other and with Beckon's: on Prosody and ejabberd."""

import unittest

from fleet_world import DOMAIN, EjabberdFleetWorld, FleetWorld
from outside_test import Outside
from world import until


class OutsideRemote(Outside):
    def __init__(self, world, name):
        self.run(world, name, "outside_remote.py", world.code("--person"), name, world.folder / f"{name}-outside")

    def result(self, verb, **command):
        answer = self.ask(verb, **command)
        assert "result" in answer, answer
        return answer["result"]

    def code(self, verb, **command):
        return (self.ask(verb, **command)["error"]["problem"] or {}).get("code")


class OutsideRobot(Outside):
    def __init__(self, world, name, *principals):
        self.run(world, name, "outside_robot.py", world.code(), name, world.folder / f"{name}-outside", *principals)


class Checks:
    """What holds with either server."""

    def configure(self, name, text):
        self.config_of(name).write_text(f'bus = {{ listen = "tcp://127.0.0.1:0" }}\n{text}\n')

    def start_all(self):
        """lamp and visitor are on slixmpp; nao1, which uses lamp, and the owner's device are Beckon's."""
        people = [f"visitor@{DOMAIN}", f"nao1@{DOMAIN}"]
        self.lamp = OutsideRobot(self, "lamp", *people)
        self.configure("nao1", f'access = {{ principals = ["visitor@{DOMAIN}"] }}\nremote = {{ robots = ["lamp@{DOMAIN}"] }}')
        self.nao1 = self.join("nao1")
        self.start_services(self.nao1)
        self.lamp.await_told("signed")
        self.remote = OutsideRemote(self, "visitor")
        until(lambda: set(self.remote.result("robots").values()) == {"online"} and len(self.remote.result("robots")) == 2,
              lambda: self.remote.result("robots"))

    def done(self):
        """How often lamp has counted."""
        return len(self.lamp.told("done"))

    def check_outside_remote_with_outside_robot(self):
        ask = self.remote.result
        self.assertIsNone(ask("take", robot=f"lamp@{DOMAIN}"))
        verified = ask("verify")
        self.assertEqual((verified["computed"], verified["hash"]), (verified["announced"], "sha-1"))
        self.assertIn("urn:beckon:rpc:0", verified["features"])
        self.assertEqual(ask("services"), ["Lamp"])
        self.assertIn({"kind": "method", "uid": "101", "name": "add", "parameters": "(id)", "returns": "i"}, ask("info", service="Lamp"))
        watch = ask("subscribe", service="Lamp", member="added", id="v1")
        self.assertEqual((watch["seq"], watch["new"]), ("0", "true"))
        lamp = dict(service="Lamp", method="add")
        slowly = dict(**lamp, arguments=[2, 0.3], id="v.1")
        both = [self.remote.send("call", **slowly) for _ in range(2)]
        self.assertEqual([self.remote.answer(number).get("result") for number in both], [{"signature": "i", "value": 2}] * 2)
        self.assertEqual((ask("call", **slowly)["value"], self.done()), (2, 1))
        self.assertIsNone(ask("post", **lamp, arguments=[3]))
        self.assertEqual([self.remote.await_told("event", n)["arguments"] for n in (1, 2)], [[2], [5]])
        self.assertIsNone(ask("set", service="Lamp", name="level", value=0.25))
        self.assertEqual(ask("get", service="Lamp", name="level"), {"signature": "f", "value": 0.25})
        start, now = ask("clock").rsplit("-", 1)
        for code, verb, command in (
                ("unknown-service", "info", dict(service="Lump")), ("unknown-member", "call", dict(lamp, method="subtract", arguments=[])),
                ("bad-arguments", "call", dict(lamp, arguments=["1"])), ("timed-out", "call", dict(lamp, arguments=[1, 5], time=100)),
                ("too-late", "call", dict(lamp, arguments=[1], expires=f"{start}-{int(now) - 1}")),
                ("bad-arguments", "call", dict(lamp, arguments=[1], expires=f"{start}-{int(now) + 200000}"))):
            self.assertEqual(self.remote.code(verb, **command), code, command)
        self.assertIsNone(ask("unsubscribe", id="v1"))
        self.assertEqual(self.done(), 2)

    def check_outside_remote_with_beckond(self):
        ask = self.remote.result
        self.assertIsNone(ask("take", robot=f"nao1@{DOMAIN}"))
        verified = ask("verify")
        self.assertEqual(verified["computed"], verified["announced"])
        self.assertIn("ALMotion", ask("services"))
        ask("subscribe", service="ALTextToSpeech", member="volume", id="v2")
        self.assertIsNone(ask("set", service="ALTextToSpeech", name="volume", value=0.25))
        self.assertEqual(self.remote.await_told("event", 3)["arguments"], [0.25])
        self.assertEqual(ask("call", service="ALMotion", method="moveTo", arguments=[0.25, 0, 0, 0.1], id="v.2")["signature"], "v")
        self.assertEqual(ask("call", service="ALMotion", method="moveTo", arguments=[0.25, 0, 0, 0.1], id="v.2")["signature"], "v")
        self.assertEqual(ask("call", service="ALMotion", method="getRobotPosition", arguments=[True])["value"], [0.25, 0, 0])
        self.assertEqual(self.remote.code("call", service="ALMotion", method="jump", arguments=[]), "unknown-member")

    def check_beckon_with_outside_robot(self):
        seen = self.await_seen("lamp")
        self.assertEqual((seen["state"], seen.get("problem")), ("online", None))
        # By itself it says no more that it is there.
        def looked():
            self.assertEqual(self.seen()["lamp"]["state"], "online")
            return self.lamp.told("asked")
        until(looked, "lamp is not asked whether it is there")
        self.assertEqual(self.assertDone(self.owner("services", "lamp")).out, "Lamp\n")
        self.assertIn("add", self.assertDone(self.owner("info", "lamp/Lamp")).out)
        watch = self.start_at("me", "watch", "lamp/Lamp.added", "--count", "1")
        watch.await_line("watching ")
        self.assertEqual(self.assertDone(self.owner("call", "lamp/Lamp.add", "5")).out, "10\n")
        watch.await_line("added [10]")
        self.assertEqual(watch.wait(), 0, watch.text())
        self.assertDone(self.owner("post", "lamp/Lamp.add", "0"))
        self.assertDone(self.owner("set", "lamp/Lamp.level", "0.75"))
        self.assertEqual(self.assertDone(self.owner("get", "lamp/Lamp.level")).out, "0.75\n")
        self.assertFails(self.owner("call", "lamp/Lamp.add", '"1"'), 2, "bad-arguments")
        self.assertFails(self.owner("call", "lamp/Lump.add", "1"), 3, "unknown-service")
        # beckond as a user of it, for the programs on its bus.
        invoked = self.on_bus("call", "OtherRobots.invoke", '"lamp"', '"Lamp"', '"add"', "[1]")
        self.assertEqual(self.assertDone(invoked).out, "11\n")

    def check_who_is_gone(self):
        self.lamp.program.kill()
        until(lambda: self.seen()["lamp"]["state"] == "offline", "lamp is still there", 20)
        until(lambda: self.remote.result("robots") == {f"lamp@{DOMAIN}": "offline", f"nao1@{DOMAIN}": "online"}, "visitor sees lamp", 20)
        self.assertDone(self.owner("fleet", "revoke", "visitor"))
        self.remote.await_told("offline")

    def check_all(self):
        self.start_all()
        self.check_outside_remote_with_outside_robot()
        self.check_outside_remote_with_beckond()
        self.check_beckon_with_outside_robot()
        self.check_who_is_gone()


class Conformance(Checks, FleetWorld):
    def test_a_robot_and_a_remote_written_from_the_documents_work_with_each_other_and_with_beckon(self):
        self.check_all()


class ConformanceOnEjabberd(Checks, EjabberdFleetWorld):
    def test_a_robot_and_a_remote_written_from_the_documents_work_on_ejabberd(self):
        self.check_all()


if __name__ == "__main__":
    unittest.main(verbosity=2)
