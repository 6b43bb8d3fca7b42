"""A program that is not ours, on slixmpp, that knows a robot from docs/protocol alone: with Prosody and with ejabberd."""

import json
import pathlib
import subprocess
import time
import unittest

from ejabberd import EjabberdWorld
from world import LONGEST, XmppWorld, until


class Outside:
    """outside_client.py as a process, logged in."""

    def __init__(self, world, client="outside_client.py", account="owner", password="owner.password", robot="nao1@robots.test", ca="ca.pem"):
        self.run(world, account, client, f"{account}@robots.test", world.folder / password, world.host, world.port, world.folder / ca, robot)

    def run(self, world, name, client, *arguments):
        self.program = world.start(f"outside {name}", "/usr/bin/python3", pathlib.Path(__file__).with_name(client), *arguments,
                                   binary=False, stdin=subprocess.PIPE)
        world.addCleanup(self.program.process.stdin.close)
        self.asked = 0
        self.program.await_line('{"online"')

    def told(self, kind):
        return [line for line in map(json.loads, self.program.lines("{")) if kind in line]

    def await_told(self, kind, count=1, limit=LONGEST):
        return until(lambda: self.told(kind)[count - 1:], lambda: f"no {kind} number {count}: {self.program.text()}", limit)[0]

    def send(self, verb, **command):
        self.asked += 1
        line = json.dumps({"n": self.asked, "verb": verb, **command}) + "\n"
        self.program.process.stdin.write(line.encode())
        self.program.process.stdin.flush()
        return self.asked

    def answer(self, number):
        found = lambda: [line for line in self.told("n") if line["n"] == number]
        return until(found, lambda: f"no answer to {number}: {self.program.text()}")[0]

    def ask(self, verb, **command):
        return self.answer(self.send(verb, **command))


class OutsideWorld:
    def setUp(self):
        super().setUp()
        self.start_robot()
        self.sim = self.start_sim()
        self.outside = Outside(self)
        self.arrival = self.outside.await_told("presence")

    def result(self, verb, **command):
        answer = self.outside.ask(verb, **command)
        self.assertIn("result", answer)
        return answer["result"]

    def error(self, verb, **command):
        answer = self.outside.ask(verb, **command)
        self.assertIn("error", answer)
        return answer["error"]

    def check_coming_and_going(self):
        self.assertEqual(self.arrival["presence"], "available")
        self.assertEqual(self.arrival["address"], "nao1@robots.test/beckond")
        self.assertEqual(self.arrival["robot"]["id"], (self.folder / "state" / "id").read_text().strip())
        self.assertRegex(self.arrival["robot"]["key"], "^[0-9a-f]{64}$")
        self.robot.end()
        self.assertEqual(self.outside.await_told("presence", 2)["presence"], "unavailable")
        self.start_robot("again")
        self.assertEqual(self.outside.await_told("presence", 3), self.arrival)
        self.robot.kill()
        self.assertEqual(self.outside.await_told("presence", 4)["presence"], "unavailable")

    def check_the_capability_hash(self):
        seen = self.result("verify")
        self.assertEqual(seen["computed"], seen["announced"])
        self.assertEqual(seen["hash"], "sha-1")
        self.assertEqual([(i["category"], i["type"]) for i in seen["identities"]], [("device", "robot")])
        for feature in ("urn:beckon:rpc:0", "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/caps", "urn:xmpp:ping", "jabber:iq:version"):
            self.assertIn(feature, seen["features"])

    def check_services_and_calls(self):
        self.assertEqual(sorted(self.result("services")), sorted(s["name"] for s in self.on_bus("--json", "services").json()))
        members = {(m["kind"], m.get("name"), m.get("parameters", m.get("signature"))) for m in self.result("info", service="ALTextToSpeech")}
        for member in (("method", "say", "(s)"), ("method", "say", "(ss)"), ("signal", "textDone", "(is)"), ("property", "volume", "f")):
            self.assertIn(member, members)
        self.assertEqual(self.result("call", service="ALMotion", method="moveTo", arguments=[0.25, 0, 0, 0.1]), {"signature": "v", "value": None})
        where = self.result("call", service="ALMotion", method="getRobotPosition", arguments=[True])
        self.assertEqual(where["signature"], "[f]")
        self.assertAlmostEqual(where["value"][0], 0.25, places=5)
        refused = self.error("call", service="ALMotion", method="jump", arguments=[])
        self.assertEqual((refused["condition"], refused["problem"]["code"]), ("item-not-found", "unknown-member"))
        self.assertIn("jump", refused["text"])
        self.assertTrue(refused["problem"]["next-step"])

    def moved(self):
        """How far the robot went: a call of moveTo adds to it each time that it is carried out."""
        return round(self.on_bus("--json", "call", "ALMotion.getRobotPosition", "true").json()["value"][0], 3)


class OutsideClient(OutsideWorld, XmppWorld):
    def test_an_outside_client_sees_the_robot_come_and_go(self):
        self.check_coming_and_going()

    def test_an_outside_client_computes_the_same_capability_hash(self):
        self.check_the_capability_hash()

    def test_an_outside_client_reads_the_services_and_calls(self):
        self.check_services_and_calls()

    def test_an_outside_client_sets_a_property(self):
        self.assertIsNone(self.result("set", service="ALTextToSpeech", name="volume", value=0.25))
        self.assertEqual(self.on_bus("get", "ALTextToSpeech.volume").out, "0.25\n")
        self.assertEqual(self.result("get", service="ALTextToSpeech", name="volume"), {"signature": "f", "value": 0.25})
        refused = self.error("set", service="ALTextToSpeech", name="volume", value="loud")
        self.assertEqual(refused["problem"]["code"], "bad-arguments")
        self.assertEqual(self.on_bus("get", "ALTextToSpeech.volume").out, "0.25\n")

    def test_an_outside_client_subscribes_renews_and_unsubscribes(self):
        language = lambda name: self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", json.dumps(name)))
        subscribe = lambda: self.result("subscribe", service="ALTextToSpeech", member="languageTTS", id="w1")
        begun = subscribe()
        self.assertEqual((begun["id"], begun["seq"], begun.get("new")), ("w1", "0", "true"))
        for number, name in enumerate(("German", "Japanese"), 1):
            language(name)
            told = self.outside.await_told("event", number)
            self.assertEqual(told["event"], {"id": "w1", "seq": str(number), "signature": "(s)"})
            self.assertEqual((told["arguments"], told["type"], told["hinted"]), ([name], "headline", True))
        renewed = subscribe()
        self.assertEqual((renewed["id"], renewed["seq"], renewed.get("new", "false")), ("w1", "2", "false"))
        language("French")
        self.assertEqual(self.outside.await_told("event", 3)["event"]["seq"], "3")
        # The service goes and comes back.
        self.sim.kill()
        self.assertEqual(self.outside.await_told("event", 4)["event"], {"id": "w1", "seq": "4", "state": "gone"})
        self.start_sim("again")
        self.assertEqual(self.outside.await_told("event", 5)["event"], {"id": "w1", "seq": "5", "state": "back"})
        language("English")
        self.assertEqual(self.outside.await_told("event", 6)["arguments"], ["English"])
        # An event of another subscription that comes later proves that the first one is silent.
        self.assertIsNone(self.result("unsubscribe", id="w1"))
        self.assertEqual(self.result("subscribe", service="ALTextToSpeech", member="volume", id="w2")["new"], "true")
        language("German")
        self.assertDone(self.on_bus("set", "ALTextToSpeech.volume", "0.5"))
        last = self.outside.await_told("event", 7)
        self.assertEqual((last["event"]["id"], last["event"]["seq"], last["arguments"]), ("w2", "1", [0.5]))
        self.assertEqual(self.error("subscribe", service="ALTextToSpeech", member="nothing", id="w3")["problem"]["code"], "unknown-member")

    def test_a_repeat_with_the_same_id_is_carried_out_once(self):
        call = dict(service="ALMotion", method="moveTo", arguments=[0.25, 0, 0, 0.3], id="outside.1")
        first, second = self.outside.send("call", **call), self.outside.send("call", **call)  # the second while the first is under way
        answers = [self.outside.answer(number) for number in (first, second)]
        self.assertEqual([answer.get("result") for answer in answers], [{"signature": "v", "value": None}] * 2)
        self.assertEqual(self.moved(), 0.25)
        self.assertEqual(self.outside.ask("call", **call)["result"], {"signature": "v", "value": None})  # and after the answer
        self.assertEqual(self.moved(), 0.25)
        # A post and a property that are told twice.
        for _ in range(2):
            self.assertIsNone(self.result("post", service="ALMotion", method="moveTo", arguments=[0.5, 0, 0, 0.1], id="outside.2"))
        until(lambda: self.moved() == 0.75, self.moved)
        self.assertIsNone(self.result("set", service="ALTextToSpeech", name="volume", value=0.25, id="outside.3"))
        self.assertIsNone(self.result("set", service="ALTextToSpeech", name="volume", value=0.5, id="outside.3"))
        self.assertEqual(self.on_bus("get", "ALTextToSpeech.volume").out, "0.25\n")
        # Another id, or none, is another request; an id whose answer has arrived is free again.
        self.result("call", **{**call, "id": "outside.4"})
        self.assertEqual(self.moved(), 1.0)
        self.result("call", **{**call, "id": "outside.5", "answered": "outside.1 outside.4"})
        self.result("call", **call)
        self.assertEqual(self.moved(), 1.5)

    def test_an_expired_request_is_refused_with_too_late(self):
        call = dict(service="ALMotion", method="moveTo", arguments=[0.25, 0, 0, 0.1])
        start, now = self.result("clock").rsplit("-", 1)
        asked = time.monotonic()
        until(lambda: int(self.result("clock").rsplit("-", 1)[1]) > int(now), "the clock goes")
        refused = self.error("call", **call, id="late.1", expires=f"{start}-{now}")
        self.assertEqual(refused["problem"]["code"], "too-late")
        self.assertTrue(refused["text"] and refused["problem"]["next-step"])
        self.assertEqual(self.error("call", **call, id="late.2", expires=f"another{start}-{now}")["problem"]["code"], "too-late")
        self.assertEqual(self.error("set", service="ALTextToSpeech", name="volume", value=0.5, expires=f"{start}-{now}")["problem"]["code"], "too-late")
        self.assertEqual(self.error("call", **call, id="late.3", expires=f"{start}-{int(now) + 200000}")["problem"]["code"], "bad-arguments")
        self.assertEqual(self.moved(), 0.0)
        self.assertEqual(self.on_bus("get", "ALTextToSpeech.volume").out, "0.7\n")
        # In time it is carried out; a repeat that comes late, too, gets the first one's answer.
        limit = int(now) + int((time.monotonic() - asked) * 1000) + 3000
        self.result("call", **call, id="late.4", expires=f"{start}-{limit}")
        until(lambda: int(self.result("clock").rsplit("-", 1)[1]) > limit, "the clock goes on")
        self.assertEqual(self.result("call", **call, id="late.4", expires=f"{start}-{limit}"), {"signature": "v", "value": None})
        self.assertEqual(self.moved(), 0.25)


class OutsideClientOnEjabberd(OutsideWorld, EjabberdWorld):
    def test_an_outside_client_verifies_reads_calls_and_sees_it_come_and_go_on_ejabberd(self):
        self.check_the_capability_hash()
        self.check_services_and_calls()
        self.check_coming_and_going()


class Ejabberd(EjabberdWorld):
    def test_the_remote_finds_calls_and_watches_over_a_restart_of_ejabberd(self):
        self.start_robot()
        self.start_sim()
        listed = self.assertDone(self.owner("--json", "robots")).json()
        self.assertEqual((listed["complete"], [robot["online"] for robot in listed["robots"]]), (True, [True]))
        self.assertDone(self.owner("call", "nao1/ALMotion.moveTo", "0.25", "0", "0", "0.1"))
        self.assertEqual(self.owner("call", "nao1/ALMotion.getRobotPosition", "true").out, "[0.25,0.0,0.0]\n")
        self.assertFails(self.stranger("services", "nao1"), 3, "unknown-robot")
        watch = self.start_watch("ALTextToSpeech.languageTTS")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"German"'))
        watch.await_line('languageTTS ["German"]')
        self.ejabberd.kill()
        watch.await_line("nao1 is away")
        self.restart_server()
        watch.await_line("watching ALTextToSpeech.languageTTS again")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"French"'))
        watch.await_line('languageTTS ["French"]')


if __name__ == "__main__":
    unittest.main(verbosity=2)
