"""Any XMPP client drives a robot: ad-hoc commands with forms, and lines of a chat. The client is slixmpp with its own plugins."""

import json
import unittest

from outside_test import Outside
from policy_test import rule
from world import XmppWorld

ROBOT = "nao1@robots.test/beckond"
COMMANDS = "http://jabber.org/protocol/commands"


class AnyClientWorld(XmppWorld):
    """A robot whose owner may make it speak and walk, and nothing else."""

    def setUp(self):
        super().setUp()
        config = (self.folder / "robot.toml").read_text()
        self.write("robot.toml", config[:config.index("[access]")] + '[policy]\nfile = "policy.toml"\n')
        self.write("policy.toml", rule("ALTextToSpeech.say", 'audit = "arguments"') + rule("ALMotion", name="walk") + rule("ALTextToSpeech.volume", name="volume"))
        self.start_robot()
        self.start_sim()

    def entries(self, *filters):
        done = self.beckon("audit", "--dir", self.folder / "state" / "audit", "--json", "query", *filters)
        return [json.loads(line) for line in self.assertDone(done).out.splitlines()]


class AnyClient(AnyClientWorld):
    def setUp(self):
        super().setUp()
        self.person = self.login("owner")
        self.person.await_told("presence")

    def login(self, account):
        return Outside(self, "outside_person.py", account, f"{account}.password")

    def result(self, verb, **command):
        answer = self.person.ask(verb, **command)
        self.assertIn("result", answer)
        return answer["result"]

    def condition(self, person, verb, **command):
        answer = person.ask(verb, **command)
        self.assertIn("error", answer)
        return answer["error"]["condition"]

    def test_commands_are_listed_filled_in_and_run_within_the_policy(self):
        self.assertIn(COMMANDS, self.result("described_by"))
        self.assertIn("jabber:x:data", self.result("described_by", node="ALTextToSpeech.say"))
        nodes = {node: name for jid, node, name in self.result("commands")}
        self.assertEqual(set(nodes), {"ALTextToSpeech.say", "ALMotion"})
        self.assertRegex(nodes["ALMotion"], r"^ALMotion \(\d+ methods\)$")
        # A method of a large service is chosen first.
        choice = self.result("step", node="ALMotion")
        self.assertEqual((choice["status"], choice["actions"]), ("executing", ["next"]))
        self.assertIn("moveTo::(fff)", choice["fields"]["method"]["options"])
        form = self.result("step", node="ALMotion", action="next", session=choice["session"], fields={"method": "moveTo::(fff)"})
        self.assertEqual((form["title"], form["actions"]), ("ALMotion.moveTo", ["complete", "prev"]))
        self.assertEqual([form["fields"][f"argument{i}"]["datatype"] for i in (1, 2, 3)], ["xs:double"] * 3)
        fields = {"argument1": "0.25", "argument2": "far", "argument3": "0"}
        again = self.result("step", node="ALMotion", action="complete", session=form["session"], fields=fields)
        self.assertEqual((again["status"], again["fields"]["argument2"]["value"]), ("executing", "far"))
        self.assertEqual(again["notes"], [["error", 'bad-arguments: argument 2: "far" stands where a number is wanted; call ALMotion.moveTo(fff)']])
        done = self.result("step", node="ALMotion", action="complete", session=form["session"], fields={**fields, "argument2": "0"})
        self.assertEqual((done["status"], done["notes"]), ("completed", [["info", "ALMotion.moveTo: done"]]))
        asked = self.result("step", node="ALMotion.getRobotPosition")
        self.assertEqual(asked["fields"]["argument1"]["type"], "boolean")
        where = self.result("step", node="ALMotion.getRobotPosition", action="complete", session=asked["session"], fields={"argument1": True})
        self.assertEqual([float(line) for line in where["fields"]["result"]["value"].split("\n")], [0.25, 0.0, 0.0])
        # What the policy does not grant is not there; a stranger finds what he would find where no account is.
        for node in ("ALTextToSpeech.setLanguage", "ALTextToSpeech.setLnguaage", "ALMemory", "Nobody.there"):
            self.assertEqual(self.condition(self.person, "step", node=node), "item-not-found")
        stranger = self.login("stranger")
        for verb, command in (("commands", {}), ("step", {"node": "ALTextToSpeech.say"}), ("described_by", {}), ("described_by", {"node": COMMANDS})):
            answers = [stranger.ask(verb, whom=whom, **command)["error"] for whom in (ROBOT, "nobody@robots.test/beckond")]
            self.assertEqual(answers[0], answers[1])
            self.assertEqual(answers[0]["condition"], "service-unavailable")
        told = [(entry["on"], entry["outcome"], entry.get("why")) for entry in self.entries("--door", "command", "--who", "owner@robots.test")]
        self.assertEqual(told, [("ALMotion.moveTo", "refused", "bad-arguments"), ("ALMotion.moveTo", "done", None), ("ALMotion.getRobotPosition", "done", None),
                                ("ALTextToSpeech.setLanguage", "refused", "not-granted"), ("ALTextToSpeech.setLnguaage", "refused", "not-granted"),
                                ("Nobody.there", "refused", "not-granted")])
        self.assertEqual({entry["why"] for entry in self.entries("--door", "command", "--who", "stranger@robots.test")}, {"no-rule"})

    def test_a_line_of_a_chat_is_answered_with_its_result_or_with_help(self):
        lines = 0

        def answer(text, whom=None):
            nonlocal lines
            self.person.ask("write", text=text, whom=whom)
            lines += 1
            told = self.person.await_told("chat", lines)
            self.assertEqual((told["sender"], told["type"]), (ROBOT, "chat"))
            return told["chat"]

        self.assertEqual(answer("say hello"), "done")
        self.assertEqual(answer('say "hello you"', ROBOT), "done")
        self.assertIn("\nsay <text>\nsay <text> <text>  - Answers when the text was spoken", answer("help"))
        self.assertIn("say <text>", answer("help say"))
        self.assertEqual(answer("Say"), "too few arguments: 0 given, 1 wanted; write: say <text>\nor: say <text> <text>")
        self.assertEqual(answer("setLanguage German"), 'there is no command "setLanguage"; write help to see what there is')
        self.assertEqual(answer("getRobotPosition true"), "[0.0,0.0,0.0]")
        # Nobody gets an answer who may ask nothing, and nothing that is not a chat: what comes behind them is answered first.
        stranger = self.login("stranger")
        stranger.ask("write", text="help", whom=ROBOT)
        for kind in ("normal", "headline", "groupchat", "error"):
            self.person.ask("write", text="say no", kind=kind, whom=ROBOT)
        self.assertEqual(answer("say end"), "done")
        self.assertEqual(stranger.told("chat"), [])
        told = self.entries("--door", "chat", "--who", "owner@robots.test", "--on", "ALTextToSpeech.say")
        self.assertEqual([entry.get("arguments") for entry in told], ['["hello"]', '["hello you"]', "[]", '["end"]'])
        self.assertEqual([entry["outcome"] for entry in told], ["done", "done", "refused", "done"])
        self.assertEqual([(entry["outcome"], entry["why"]) for entry in self.entries("--door", "chat", "--who", "stranger@robots.test")], [("refused", "no-rule")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
