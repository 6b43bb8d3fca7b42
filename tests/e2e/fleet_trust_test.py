"""Whom a fleet believes: servers, relays and robots that lie are refused by name; with Prosody and with ejabberd."""

import json
import time
import unittest
import uuid

import outside_enrolment as outside
from fleet_world import EjabberdFleetWorld, FleetWorld
from outside_test import Outside

YEAR = 365 * 24 * 3600


class Stranger:
    """Somebody on slixmpp, by docs/protocol/fleet.md; {"told"} is what the relay says to him."""

    program_file = "outside_member.py"

    def __init__(self, world, name, secret):
        password = world.folder / f"{name}.secret"
        password.write_text(secret)
        self.world, self.name, self.account = world, name, f"{name}@robots.test"
        self.program = Outside(world, self.program_file, name, password, "me@robots.test", world.server / "ca.pem")

    def result(self, verb, **names):
        answer = self.program.ask(verb, **names)
        self.world.assertIn("result", answer)
        return answer["result"]

    def members(self):
        return self.program.ask("fleet", type="get", name="fleet")["result"]["members"]

    def refusal(self, type, name, **attributes):
        """Condition, stable code and next step of an error."""
        answer = self.program.ask("fleet", type=type, name=name, attributes=attributes)
        self.world.assertIn("error", answer)
        problem = answer["error"]["problem"] or {}
        return answer["error"]["condition"], problem.get("code"), problem.get("next-step")


class Robot(Stranger):
    """One that enrolled by itself."""

    def __init__(self, world, name):
        self.key = outside.Key(world.folder / f"{name}.key")
        self.id = str(uuid.uuid4())
        self.code = world.code()
        answer = outside.enrol(outside.Code(self.code), name, self.key)
        world.assertEqual((answer["account"], answer["ownerAccount"]), (f"{name}@robots.test", "me@robots.test"))
        super().__init__(world, name, answer["secret"])

    def statement(self):
        return next(member["statement"] for member in self.members() if member["account"] == self.account)

    def announce(self, statement, key=None):
        self.result("announce", robot={"id": self.id, "key": (key or self.key).fingerprint}, statement=statement)


class Checks:
    """What holds with either server. No two use a name twice, so that one world is enough for several."""

    def seen_problem(self, name):
        """None: it is there, and none is seen."""
        return self.await_seen(name).get("problem")

    def assertRefusedByName(self, name, *words):
        problem = self.seen_problem(name) or ""
        for word in (f"{name}@robots.test", *words):
            self.assertIn(word, problem)
        self.assertFails(self.owner("call", f"{name}/ALMotion.moveIsActive"), 6, "bad-statement", f"{name}@robots.test", *words)

    def check_a_robot_that_is_not_beckon_s(self):
        robot = Robot(self, "other1")
        [told] = [member for member in robot.members() if member["account"] == robot.account]
        self.assertEqual((told["key"], told["kind"], told["confirmed"], told["statement"]),
                         (outside.text_of(robot.key.public), "robot", "true", None))
        robot.announce(None)
        self.assertIn("nothing that the fleet's owner has signed", self.seen_problem("other1"))
        self.assertIn("signed other1@robots.test", self.sign().err)
        robot.program.await_told("told")
        statement = robot.statement()
        self.assertAlmostEqual(int(statement["ends"]), time.time() + YEAR, delta=3600)
        robot.announce(statement)
        seen = self.seen()["other1"]
        self.assertNotIn("problem", seen)
        self.assertEqual((seen["online"], seen["id"], seen["key"]), (True, robot.id, robot.key.fingerprint))
        # The code is his no more.
        status, answer = outside.post(outside.Code(robot.code), outside.request_of(outside.Code(robot.code), "other1", robot.key))
        self.assertEqual((status, answer["error"]["code"]), (403, "bad-code"))
        # A claim that somebody else has signed, and one that is sealed by nobody who has the code: the owner finds that out.
        code = outside.Code(self.code())
        forged = outside.request_of(code, "other2", robot.key)
        forged["key"] = outside.text_of(outside.Key(self.folder / "forged.key").public)
        status, answer = outside.post(code, forged)
        self.assertEqual((status, answer["error"]["code"]), (403, "bad-statement"))
        unsealed = {**outside.request_of(code, "other2", robot.key), "proof": outside.text_of(bytes(32))}
        self.assertEqual(outside.post(code, unsealed)[0], 200)
        self.assertIn("not signed: the relay tells of other2@robots.test what the holder of the code has not said", self.sign().err)
        self.assertFalse(self.members()["other2"]["signed"])

    def check_forged_statements(self):
        robot, other = Robot(self, "forger"), Robot(self, "honest")
        self.sign()
        mallory, second = (outside.Key(self.folder / f"{name}.key") for name in ("mallory", "second"))
        true, of_other = robot.statement(), other.statement()
        signature = outside.bytes_of(true["signature"])
        ends = int(true["ends"])
        unsigned = "shows a statement that the fleet's owner has not signed"
        for words, statement, key in (
                ("shows nothing that the fleet's owner has signed", None, None),
                ("shows a key that is not the one", true, second),
                (unsigned, {**true, "key": outside.text_of(second.public)}, second),
                (unsigned, {**true, "ends": str(ends + YEAR)}, None),
                (unsigned, {**true, "kind": "owner"}, None),
                (unsigned, {**true, "signature": outside.text_of(bytes([signature[0] ^ 1]) + signature[1:])}, None),
                (unsigned, mallory.statement(robot.account, robot.key, ends), None),
                (unsigned, robot.key.statement(robot.account, robot.key, ends), None),  # he thinks that he is his owner
                (unsigned, of_other, other.key),
                ("cannot be read", {**true, "signature": "none"}, None)):
            with self.subTest(words=words, statement=statement):
                robot.announce(statement, key)
                self.assertRefusedByName("forger", words)
        robot.announce(true)
        self.assertIsNone(self.seen_problem("forger"))

    def check_a_forged_membership(self):
        robot = self.join("nao1")
        robot.end()
        file = self.state_of("nao1") / "membership.json"
        sound = self.membership("nao1")

        def run_with(**changes):
            file.write_text(json.dumps({**sound, "statement": {**sound["statement"], **changes}}))
            robot = self.run_robot("nao1")
            robot.await_line("announced nao1@robots.test/")
            return robot
        # Where the relay has the owner's true one, that is shown instead.
        robot = run_with(signature="A" * 86)
        robot.await_text("has signed this robot's key")
        self.assertIsNone(self.seen_problem("nao1"))
        self.assertEqual(self.membership("nao1")["statement"], sound["statement"])
        robot.end()
        run_with(ends=sound["statement"]["ends"] + YEAR)
        self.assertRefusedByName("nao1", "shows a statement that the fleet's owner has not signed")

    def check_a_key_that_the_relay_swapped(self):
        other = outside.Key(self.folder / "swapped.key")
        self.assertWorks(self.enrol_robot("swapped", self.code()))
        self.fleets("UPDATE members SET key = ? WHERE account = 'swapped@robots.test'", other.public)
        listed = self.sign()
        self.assertRegex(listed.out, r"(?m)^swapped@robots\.test +robot +not signed$")
        why = "what the holder of the code has not said: another key or name; next: do not trust this server"
        self.assertIn(f"not signed: the relay tells of swapped@robots.test {why}", listed.err)
        member = self.members()["swapped"]
        self.assertEqual((member["signed"], member["key"]), (False, other.fingerprint))
        # Nor under another name, nor after it was signed.
        self.assertWorks(self.enrol_robot("renamed", self.code()))
        self.fleets("UPDATE members SET account = 'nao1000@robots.test' WHERE account = 'renamed@robots.test'")
        self.assertIn("not signed: the relay tells of nao1000@robots.test", self.sign().err)
        robot = self.join("late")
        self.fleets("UPDATE members SET key = ? WHERE account = 'late@robots.test'", other.public)
        self.assertRegex(self.sign().out,
                         r"(?m)^late@robots\.test +robot +refused: late@robots\.test shows a statement that the fleet's owner has not signed")
        self.assertFalse(self.members()["late"]["signed"])
        self.assertIsNone(self.seen_problem("late"))  # the robot itself shows its own
        self.assertEqual([line for line in robot.lines() if "wrong statement" in line], [])

    def check_who_is_told_of_whom(self):
        robot, other = Robot(self, "nosy"), Robot(self, "unseen")
        self.sign()
        robot.program.await_told("told")
        self.assertEqual(sorted(member["account"] for member in robot.members()), ["me@robots.test", "nosy@robots.test"])
        self.assertEqual([{*member} & {"code", "proof", "revoked"} for member in robot.members()], [set(), set()])
        # What the owner alone may do.
        nobody = outside.text_of(bytes(32))
        statement = robot.key.statement("unseen@robots.test", robot.key, int(time.time()) + YEAR)
        for name, attributes in (("code", dict(hash=nobody, kind="robot", seconds="60", key=nobody, introduction=nobody)),
                            ("revoke", dict(account="unseen@robots.test")),
                            ("revoke", dict(account="nosy@robots.test")),
                            ("statement", dict(account="unseen@robots.test", **statement))):
            self.assertEqual(robot.refusal("set", name, **attributes)[1:], ("refused", "ask its owner"), name)
        # It is not told when another one goes: what the relay had sent would be here before its answer.
        told = len(robot.program.told("told"))
        self.assertWorks(self.owner("fleet", "revoke", "unseen"))
        self.assertIsNotNone(self.members()["unseen"]["revoked"])
        robot.members()
        self.assertEqual(len(robot.program.told("told")), told)
        # An account of the server that is in no fleet hears what nobody would say.
        stranger = Stranger(self, "stranger", "secret of stranger")
        self.assertEqual(stranger.refusal("get", "fleet"), ("service-unavailable", None, None))
        self.assertEqual(stranger.refusal("set", "revoke", account="nosy@robots.test"), ("service-unavailable", None, None))
        self.assertEqual(stranger.refusal("set", "nothing"), ("service-unavailable", None, None))
        self.assertIsNone(self.members()["nosy"]["revoked"])


LIES = """
local ns = "urn:beckon:robot:0"
module:hook("pre-presence/bare", function(event)
  local lie = dofile("{folder}/lie.lua")
  event.stanza:maptags(function(tag)
    if tag.name == "robot" then tag.attr.key = lie.key end
    if tag.name == "statement" then for name, value in pairs(lie.statement) do tag.attr[name] = value end end
    return tag
  end)
end, 1000)
"""


class FleetTrust(Checks, FleetWorld):
    def test_a_robot_that_is_not_beckon_s_enrols_and_is_signed_for(self):
        self.check_a_robot_that_is_not_beckon_s()

    def test_a_robot_that_forges_a_statement_is_refused_by_name(self):
        self.check_forged_statements()
        self.check_a_forged_membership()

    def test_a_relay_that_swaps_a_key_gets_no_signature(self):
        self.check_a_key_that_the_relay_swapped()

    def test_a_robot_is_told_of_no_other_robot_and_a_stranger_of_nothing(self):
        self.check_who_is_told_of_whom()

    def tell(self, fingerprint, statement):
        """What the server says of robots from now on."""
        attributes = ", ".join(f'{name} = "{value}"' for name, value in statement.items())
        self.write("lie.lua", f'return {{ key = "{fingerprint}", statement = {{ {attributes} }} }}\n')

    def start_lying_server(self):
        self.home.end()
        self.write("mod_lies.lua", LIES.format(folder=self.folder))
        config = self.server / "prosody" / "prosody.cfg.lua"
        honest = config.read_text()
        config.write_text(f'plugin_paths = {{ "{self.folder}" }}\n' + honest.replace('{ "admin_adhoc" }', '{ "admin_adhoc", "lies" }'))
        self.start_xmpp()
        self.start_relay()
        self.await_relay()

    def test_a_server_that_swaps_a_robot_s_key_is_refused_by_name(self):
        robot = self.join("nao1")
        old_key, old = self.members()["nao1"]["key"], self.membership("nao1")["statement"]
        robot.kill()
        robot = self.run_robot("nao1", "enroll", self.code("nao1"), "--name", "nao1", "--run", "--again")
        self.sign()
        robot.await_text("has signed this robot's key")
        self.assertIsNone(self.seen_problem("nao1"))
        true = self.membership("nao1")["statement"]
        mallory, swapped = (outside.Key(self.folder / f"{name}.key") for name in ("mallory", "swapped"))

        def run_again():
            nonlocal robot
            robot.end()
            robot = self.run_robot("nao1")
            robot.await_line("announced nao1@robots.test/")
            return self.await_seen("nao1")["key"]
        self.tell(swapped.fingerprint, {})
        self.start_lying_server()
        self.assertEqual(run_again(), swapped.fingerprint)
        self.assertRefusedByName("nao1", "shows a key that is not the one which the fleet's owner has signed")
        refused = self.assertWorks(self.owner("robots")).out
        self.assertRegex(refused,
                         r"(?m)^nao1@robots\.test  refused  nao1@robots\.test shows a key .*; next: .*its server is not to be trusted")
        # With a statement that fits, of somebody else; and with the true signature under it.
        forged = mallory.statement("nao1@robots.test", swapped, true["ends"])
        for statement in (forged, {**forged, "signature": true["signature"]}):
            self.tell(swapped.fingerprint, statement)
            self.assertEqual(run_again(), swapped.fingerprint)
            self.assertRefusedByName("nao1", "shows a statement that the fleet's owner has not signed")
        # What the owner did sign, of the key that the robot had before.
        self.tell(old_key, old)
        self.assertEqual(run_again(), old_key)
        self.assertRefusedByName("nao1", "shows an older key than before")


class FleetTrustOnEjabberd(Checks, EjabberdFleetWorld):
    def test_robots_and_relays_that_lie_are_found_out_and_robots_know_of_no_other_on_ejabberd(self):
        self.check_forged_statements()
        self.check_a_forged_membership()
        self.check_who_is_told_of_whom()
        self.check_a_robot_that_is_not_beckon_s()
        self.check_a_key_that_the_relay_swapped()


if __name__ == "__main__":
    unittest.main(verbosity=2)
