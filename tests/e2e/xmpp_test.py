"""The main job: a robot announced on a real Prosody, found and used from a second account in another process."""

import re
import time
import unittest

from world import LONGEST, XmppWorld, free_port, until


class MainJob(XmppWorld):
    def setUp(self):
        super().setUp()
        self.start_robot()
        self.sim = self.start_sim()

    def test_robots_are_found_by_presence_with_their_identity(self):
        until(lambda: self.listed()["battery"] == 100, "nothing of the battery")
        robot = self.listed()
        self.assertEqual((robot["account"], robot["online"]), ("nao1@robots.test", True))
        self.assertEqual(robot["address"], "nao1@robots.test/beckond")
        self.assertEqual(robot["id"], (self.folder / "state" / "id").read_text().strip())
        self.assertRegex(robot["key"], "^[0-9a-f]{64}$")
        # The identity outlives the process.
        passing = {"age": None, "battery": None, "charging": None}
        self.robot.kill()
        self.start_robot("again")
        self.assertEqual({**self.listed(), **passing}, {**robot, **passing})

    def listed(self, who=None):
        """The one robot of a list that is complete."""
        listing = self.assertDone((who or self.owner)("--json", "robots")).json()
        self.assertTrue(listing["complete"], listing)
        self.assertEqual(len(listing["robots"]), 1)
        return listing["robots"][0]

    def test_a_list_of_robots_says_that_it_is_complete_and_how_old_it_is(self):
        self.assertRegex(self.assertDone(self.owner("robots")).out,
                         r"^nao1@robots\.test  online   as of \d+ s ago  id [0-9a-f-]{36}  key [0-9a-f]{16}(  battery 100 %)?\ncomplete\n$")
        until(lambda: self.listed()["battery"] == 100, "nothing of the battery")
        first = self.listed()["age"]  # since the robot said so, to the second
        later = until(lambda: [age for age in [self.listed()["age"]] if age >= first + 1], "the age does not grow")[0]
        self.assertLess(later, first + LONGEST)
        self.robot.end()
        self.assertRegex(self.assertDone(self.owner("robots")).out, r"^nao1@robots\.test  offline  as of \d+ s ago\ncomplete\n$")
        robot = self.listed()
        self.assertEqual((robot["account"], robot["online"], robot["address"]), ("nao1@robots.test", False, ""))
        self.assertLess(robot["age"], LONGEST)

    def test_a_robot_is_named_by_account_short_name_or_id(self):
        robot_id = self.listed()["id"]
        for name in ("nao1", "nao1@robots.test", robot_id):
            self.assertIn("ALMotion\n", self.assertDone(self.owner("services", name)).out)

    def test_services_and_members_are_those_of_the_bus(self):
        names = [s["name"] for s in self.assertDone(self.owner("--json", "services", "nao1")).json()]
        self.assertEqual(names, [s["name"] for s in self.on_bus("--json", "services").json()])
        afar, near = (self.assertDone(info).json() for info in (self.owner("--json", "info", "nao1/ALTextToSpeech"), self.on_bus("--json", "info", "ALTextToSpeech")))
        self.assertEqual(afar.pop("path"), "XMPP")
        self.assertRegex(near.pop("path"), r"\(same computer\)$")
        self.assertEqual(afar, near)

    def test_a_call_changes_the_state_of_the_robot(self):
        self.assertDone(self.owner("call", "nao1/ALMotion.moveToward", "1", "0", "0"))
        self.assertEqual(self.on_bus("call", "ALMotion.moveIsActive").out, "true\n")
        self.assertGreater(self.owner("--json", "call", "nao1/ALMotion.getRobotPosition", "true").json()["value"][0], 0)
        self.assertDone(self.owner("call", "nao1/ALMotion.stopMove"))
        self.assertEqual(self.on_bus("call", "ALMotion.moveIsActive").out, "false\n")

    def test_values_come_back_exactly_as_on_the_bus(self):
        value = '{"text": "a <b> & \\"c\\" \\u0001 ü", "list": [1, -2.5e-300], "raw": {"$raw": "AAEC/w=="}, "none": null}'
        self.assertDone(self.owner("call", "nao1/ALMemory.insertData", '"key"', value))
        by_xmpp = self.assertDone(self.owner("--json", "call", "nao1/ALMemory.getData", '"key"')).json()
        self.assertEqual(by_xmpp, self.on_bus("--json", "call", "ALMemory.getData", '"key"').json())
        self.assertEqual(by_xmpp["value"]["$value"]["text"]["$value"], 'a <b> & "c" \x01 ü')

    def test_a_property_is_read(self):
        charge = self.assertDone(self.owner("--json", "get", "nao1/ALBattery.charge")).json()
        self.assertEqual(charge["signature"], "i")
        self.assertIn(charge["value"], range(0, 101))

    def test_a_property_is_set(self):
        self.assertEqual(self.assertDone(self.owner("set", "nao1/ALTextToSpeech.volume", "0.25")).out, "")
        self.assertEqual(self.on_bus("get", "ALTextToSpeech.volume").out, "0.25\n")
        self.assertFails(self.owner("set", "nao1/ALTextToSpeech.volume", '"loud"'), 2, "bad-arguments", '"loud"')
        self.assertFails(self.owner("set", "nao1/ALBattery.charge", "5"), 7, "call-failed", "ALBattery answered")
        self.assertEqual(self.on_bus("get", "ALTextToSpeech.volume").out, "0.25\n")

    def test_a_post_is_done_before_the_service_has_finished(self):
        self.assertEqual(self.assertDone(self.owner("post", "nao1/ALMotion.moveTo", "100", "0", "0")).out, "")
        self.assertEqual(self.on_bus("call", "ALMotion.moveIsActive").out, "true\n")
        self.assertDone(self.owner("post", "nao1/ALMotion.stopMove"))
        until(lambda: self.on_bus("call", "ALMotion.moveIsActive").out == "false\n", "the robot does not stop")
        self.assertFails(self.owner("post", "nao1/ALMotion.jump"), 3, "unknown-member", "jump")

    def test_errors_are_the_same_as_on_the_bus(self):
        for command in (["call", "ALDance.go"], ["call", "ALMotion.jump"], ["call", "ALMotion.moveToward", "1"],
                        ["call", "ALMotion.stopMove", "1", "2"], ["call", "ALMotion.moveToward", "1", '"x"', "0"],
                        ["get", "ALBattery.color"], ["info", "ALDance"], ["call", "ALTextToSpeech.setLanguage", '"Klingon"']):
            by_xmpp = self.owner(command[0], "nao1/" + command[1], *command[2:])
            on_bus = self.on_bus(*command)
            self.assertNotEqual(by_xmpp.code, 0)
            self.assertEqual((by_xmpp.code, by_xmpp.err), (on_bus.code, on_bus.err), command)

    def test_a_stranger_is_refused_and_learns_nothing(self):
        answers = [self.stranger("services", "nao1"), self.stranger("call", "nao1/ALMotion.moveToward", "1", "0", "0")]
        for answer in answers:
            self.assertFails(answer, 3, "unknown-robot", "nao1@robots.test")
        listed = self.assertDone(self.stranger("robots")).out
        self.assertIn("nao1@robots.test  unknown\n", listed)
        self.assertEqual(self.on_bus("call", "ALMotion.moveIsActive").out, "false\n")
        # The same words as for a robot that is not there at all.
        self.robot.end()
        self.assertEqual(self.stranger("services", "nao1").err, answers[0].err)
        self.assertEqual(self.assertDone(self.stranger("robots")).out, listed)

    def test_a_principal_that_was_removed_sees_and_reaches_nothing(self):
        self.assertTrue(self.listed()["online"])
        config = self.folder / "robot.toml"
        config.write_text(config.read_text().replace("owner@", "somebody@"))
        self.robot.end()
        self.start_robot("again")
        self.assertFails(self.owner("services", "nao1"), 3, "unknown-robot", "nao1@robots.test")
        self.assertFalse(self.assertDone(self.owner("--json", "robots")).json()["robots"][0]["online"])

    def test_a_robot_that_never_answered_is_unknown_and_the_list_incomplete(self):
        self.robot.end()
        self.assertEqual(self.assertDone(self.owner("robots")).out, "nao1@robots.test  unknown\nincomplete: the server has not told about 1 of 1\n")
        listing = self.assertDone(self.owner("--json", "robots")).json()
        self.assertEqual((listing["complete"], listing["robots"][0]["online"], listing["robots"][0]["age"]), (False, False, None))

    def test_a_robot_that_is_not_configured_is_told(self):
        self.assertFails(self.owner("services", "pepper9"), 3, "unknown-robot", '"pepper9"', "nao1@robots.test")

    def test_a_robot_that_stopped_is_not_there(self):
        self.assertTrue(self.listed()["online"])
        self.robot.end()
        self.assertFalse(self.listed()["online"])
        self.assertFails(self.owner("services", "nao1"), 3, "unknown-robot", "beckond")

    def test_a_service_killed_in_mid_call_is_told(self):
        call = self.start("call", "beckon", "--config", self.folder / "owner.toml", "call", "nao1/ALMotion.moveTo", "100", "0", "0")
        end = time.monotonic() + 20
        while self.on_bus("call", "ALMotion.moveIsActive").out != "true\n":
            self.assertLess(time.monotonic(), end)
        self.sim.kill()
        self.assertEqual(call.wait(5), 4)
        self.assertIn("error (service-gone): ALMotion ended before it answered", call.text()[1])

    def test_a_call_that_takes_longer_than_allowed_is_told(self):
        answer = self.owner("--timeout", "0.3", "call", "nao1/ALMotion.moveTo", "100", "0", "0")
        self.assertFails(answer, 5, "timed-out", "ALMotion", "--timeout")

    def test_the_robot_comes_back_by_itself_after_the_server_restarts(self):
        self.prosody.kill()
        self.restart_server()
        self.robot.await_line("announced ", count=2, limit=10)
        self.assertIn("ALMotion", self.assertDone(self.owner("services", "nao1")).out)

    def test_secrets_appear_in_no_log(self):
        self.owner("--log-level", "debug", "services", "nao1")
        for program in (self.robot, self.sim):
            for text in program.text():
                self.assertNotIn("secret of", text)
        self.assertNotIn("secret of", self.owner("--log-level", "debug", "services", "nao1").err)


class Misconfigured(XmppWorld):
    def test_a_server_that_is_not_there(self):
        self.write("owner.toml", self.account("owner", port=free_port()))
        self.assertFails(self.owner("robots"), 4, "unreachable", "127.0.0.1")

    def test_a_wrong_password(self):
        self.write("owner.password", "wrong\n", 0o600)
        self.assertFails(self.owner("robots"), 6, "not-authenticated", "owner@robots.test")

    def test_a_certificate_of_another_authority(self):
        self.write("owner.toml", re.sub("ca_file.*\n", "", self.account("owner")))
        self.assertFails(self.owner("robots"), 4, "bad-certificate")

    def test_a_password_file_that_others_can_read(self):
        self.write("owner.password", "x\n", 0o644)
        self.assertFails(self.owner("robots"), 2, "invalid-config", "can be read by others", "chmod 600", "line 4, column 17")

    def test_a_configuration_that_is_not_there(self):
        self.assertFails(self.beckon("--config", self.folder / "none.toml", "robots"), 2, "invalid-config", "none.toml")

    def test_a_configuration_with_a_mistake_names_line_and_column(self):
        for text, place, word in (('robots = [\n[xmpp]\n', "line ", "invalid-config"),
                                  (self.account("owner") + 'colour = "red"\n', "line 7, column 1", "colour"),
                                  ('robots = "nao1"\n' + self.account("owner"), "line 1, column 10", "list"),
                                  ('robots = ["nao1"]\n' + self.account("owner"), "line 1, column 10", "not the address of an account"),
                                  ("robots = []\n", "xmpp.account", "missing")):
            self.write("owner.toml", text)
            self.assertFails(self.owner("robots"), 2, "invalid-config", place, word)

    def test_beckond_tells_its_mistakes_too(self):
        self.write("robot.toml", self.account("nao1") + '[bus]\nlisten = "udp://x"\n')
        robot = self.start("beckond", "beckond", "run", "--config", self.folder / "robot.toml")
        self.assertEqual(robot.wait(), 2)
        self.assertIn("line 8", robot.text()[1])
        self.assertIn("bus.listen", robot.text()[1])

    def test_beckond_waits_for_a_server_that_is_not_there_yet(self):
        self.prosody.kill()
        robot = self.start("beckond", "beckond", "run", "--config", self.folder / "robot.toml")
        robot.await_line("ready ")
        end = time.monotonic() + 20
        while "offline (unreachable)" not in robot.text()[1]:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        self.restart_server()
        robot.await_line("announced ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
