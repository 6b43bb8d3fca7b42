"""Policy files: checked before they are used, and in force as soon as they are written."""

import json
import time
import unittest

from world import World, XmppWorld, until


def rule(on="*", *more, name="owner", who="owner@robots.test"):
    return "\n".join(["[[rule]]", f'name = "{name}"', f'who = "{who}"', 'may = "*"', f'on = "{on}"', *more, ""])


class Files(World):
    def policy(self, *arguments):
        return self.beckon("policy", *arguments)

    def write(self, text):
        (self.folder / "policy.toml").write_text(text)
        return self.folder / "policy.toml"

    def test_check_names_line_and_column_of_every_fault(self):
        file = self.write(rule() + '[[rule]]\nname = "two"\nwho = "a b"\nmay = "fly"\non = "*"\n')
        answer = self.policy("check", file)
        self.assertFails(answer, 2, "invalid-config", "line 8, column 7", "line 9, column 7", '"fly"')
        lines = self.policy("check", file, "--json").out.splitlines()
        self.assertEqual([(fault["line"], fault["column"]) for fault in json.loads(lines[0])["faults"]], [(8, 7), (9, 7)])
        self.assertEqual(json.loads(lines[1])["error"]["code"], "invalid-config")

    def test_check_tells_of_a_half_written_file_where_it_breaks_off(self):
        self.assertFails(self.policy("check", self.write(rule()[:30])), 2, "invalid-config", "line 3, column")

    def test_check_says_what_is_right_and_what_to_know(self):
        answer = self.assertDone(self.policy("check", self.write(rule(who="*"))))
        self.assertIn("is right: version", answer.out)
        self.assertIn("line 3, column 7: this rule is for everybody", answer.out)
        self.assertEqual(self.policy("check", self.folder / "policy.toml", "--json").json()["rules"], 1)

    def test_show_prints_each_rule(self):
        file = self.write('[roles]\nguest = []\n' + rule("S", 'rate = "20/s"', 'door = "lan"', who="role:guest"))
        out = self.assertDone(self.policy("show", file)).out
        self.assertIn("role guest: tokens\n", out)
        self.assertIn('rule "owner": role:guest may list, call, post, get, set, watch on S.*; door lan; at most 20/s\n', out)
        self.assertEqual(self.policy("show", file, "--json").json()["rules"][0]["limits"], {"rate": "20/s"})

    def test_explain_names_the_rule_or_what_refuses(self):
        file = self.write(rule("Motion.move*", 'door = "lan"', 'payload = "1 KiB"'))
        explain = lambda *words: self.policy("explain", "owner@robots.test", *words, "--file", file)
        self.assertIn('rule "owner" grants it', self.assertDone(explain("call", "Motion.moveTo", "--door", "lan")).out)
        self.assertTrue(explain("call Motion.moveTo", "--door", "lan", "--json").json()["allowed"])
        self.assertFails(explain("call", "Motion.moveTo"), 6, "refused", "at the door lan only")
        self.assertFails(explain("call", "Motion.wakeUp", "--door", "lan"), 6, "refused", "no rule grants it")
        self.assertFails(explain("call", "Motion.moveTo", "--door", "lan", "--payload", "2000"), 8, "too-large", "1024 bytes")
        self.assertFails(explain("dance", "Motion.moveTo"), 2, "invalid-argument")
        self.assertFails(explain("call", "Motion"), 2, "invalid-argument")

    def test_migrate_prints_a_policy_that_says_what_the_list_of_accounts_did(self):
        (self.folder / "robot.toml").write_text('[xmpp]\naccount = "nao1@robots.test"\n[access]\nprincipals = ["Owner@robots.test", "b@x"]\n')
        file = self.write(self.assertDone(self.policy("migrate", self.folder / "robot.toml")).out)
        self.assertDone(self.policy("check", file))
        for who in ("owner@robots.test", "b@x"):
            self.assertDone(self.policy("explain", who, "call", "Any.thing", "--file", file))
        self.assertFails(self.policy("explain", "c@x", "call", "Any.thing", "--file", file), 6, "refused")


class Running(XmppWorld):
    def setUp(self):
        super().setUp()
        config = (self.folder / "robot.toml").read_text()
        self.write("robot.toml", config[:config.index("[access]")] + '[policy]\nfile = "policy.toml"\n')
        self.write("policy.toml", rule())
        self.start_robot()
        self.sim = self.start_sim()

    def test_a_change_ends_the_watch_that_it_does_not_grant_within_a_second_and_no_other(self):
        ended, kept = self.start_watch("ALTextToSpeech.volume"), self.start_watch("ALTextToSpeech.languageTTS", name="kept")
        began = time.monotonic()
        self.write("policy.toml", rule("*", 'except = "ALTextToSpeech.volume"'))
        self.assertEqual(ended.wait(), 6)
        took = time.monotonic() - began
        self.assertIn("error (refused): the robot's policy does not let you watch ALTextToSpeech.volume\n  next: ", ended.text()[1])
        print(f"the watch ended {took * 1000:.0f} ms after the file was written")
        self.assertLess(took, 1.0)
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"German"'))
        kept.await_line('languageTTS ["German"]')
        self.assertFails(self.owner("get", "nao1/ALTextToSpeech.volume"), 3, "unknown-member")

    def test_a_bad_or_half_written_file_is_told_with_line_and_column_and_changes_nothing(self):
        watch = self.start_watch("ALTextToSpeech.languageTTS")
        self.write("policy.toml", rule().replace('may = "*"', 'may = "fly"'))
        self.robot.await_text('policy.toml, line 4, column 7: "fly"')
        self.write("policy.toml", rule()[:30])
        self.robot.await_text("policy.toml, line 3, column")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"German"'))
        watch.await_line('languageTTS ["German"]')
        self.assertDone(self.owner("get", "nao1/ALTextToSpeech.volume"))

    def test_whom_a_change_names_finds_the_robot_and_whom_it_leaves_out_does_not(self):
        self.assertFails(self.stranger("services", "nao1"), 3, "unknown-robot")
        self.write("policy.toml", rule(who="stranger@robots.test"))
        self.robot.await_text("the policy is now version")
        until(lambda: self.stranger("services", "nao1").code == 0, "the new account finds the robot")
        self.assertFails(self.owner("services", "nao1"), 3, "unknown-robot")

    def test_a_bad_file_does_not_start(self):
        self.robot.end()
        self.write("policy.toml", rule().replace('may = "*"', 'may = "fly"'))
        robot = self.start("bad", "beckond", "run", "--config", self.folder / "robot.toml")
        self.assertEqual(robot.wait(), 2)
        self.assertIn("policy.toml, line 4, column 7", robot.text()[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
