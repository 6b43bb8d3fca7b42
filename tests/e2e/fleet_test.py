"""From an empty server to robots in use: codes, enrolment, revocation, lost disks; with Prosody and with ejabberd."""

import re
import shutil
import time
import unittest

import outside_enrolment as outside
from fleet_world import EjabberdFleetWorld, FleetWorld
from world import free_port, until


class Checks:
    """What holds with either server. No two use a name twice, so that one world is enough for several."""

    def check_three_commands(self):
        me = self.start_at("me", "enroll", self.owner_code(), "--name", "me")
        robot = self.run_robot("nao1", "enroll", me.await_line("127.0.0.1:"), "--name", "nao1", "--run")
        self.assertEqual(me.wait(), 0, me.text())
        self.start_services(robot)
        self.assertServes("nao1")
        seen = self.seen()
        self.assertEqual(list(seen), ["nao1"])
        self.assertTrue(seen["nao1"]["online"])
        self.assertNotIn("problem", seen["nao1"])
        self.assertEqual(me.lines("signed nao1"), [f"signed nao1@robots.test, key {seen['nao1']['key']}"])
        self.assertFalse((self.folder / "me" / ".config" / "beckon" / "remote.toml").exists())
        self.assertEqual(robot.lines("enrolled "), ["enrolled nao1@robots.test in fleet home of me@robots.test"])

    def assertBadCode(self, answer, *words):
        self.assertFails(answer, 6, "bad-code", *words)

    def guess(self):
        """A wrong code of a client that is not ours: it is quicker than a program's start."""
        code = outside.Code(self.code())
        code.ticket = bytes(32)
        return outside.post(code, outside.request_of(code, "guess", outside.Key(self.folder / "guess.key")))

    def check_codes_that_are_refused(self):
        good, used, short = self.code(), self.code(), self.code("--for", "1s")
        over = time.monotonic() + 1
        # Before anything is asked of the relay.
        self.assertBadCode(self.enroll("amy", good), "this code is for a robot", "beckond enroll")
        self.assertBadCode(self.enrol_robot("early", self.code("--person")), "for the device of a person", "beckon enroll")
        # By the relay, 5 times.
        self.assertWorks(self.enrol_robot("first", used))
        self.assertBadCode(self.enrol_robot("second", used), "was used already", "a new code")
        until(lambda: time.monotonic() > over, "the second passes")
        self.assertBadCode(self.enrol_robot("late", short), "the time of the code is over", "a new code")
        self.assertBadCode(self.enrol_robot("astray", good.replace("/home/", "/away/")), "for another fleet than away")
        self.assertBadCode(self.enroll("amy", good.replace("/robot/", "/person/")), "enrols a robot, not a person")
        self.assertEqual(self.guess()[1]["error"]["code"], "bad-code")
        # Those that took long may be forgiven by now.
        status, answer = until(lambda: [answer for answer in [self.guess()] if answer[0] != 403], "guesses go on")[0]
        self.assertEqual((status, answer["error"]["code"]), (429, "overloaded"))
        refused = self.enrol_robot("early", good)
        self.assertFails(refused, 8, "overloaded", "too many wrong codes came from 127.0.0.1")
        self.assertNotIn("early", self.members())
        wait = int(re.search(r"next: wait (\d+) s", refused.err)[1])
        self.assertIn(wait, range(1, 11))
        return good, wait

    def check_many_at_once(self):
        code, names = self.code(), [f"racer{n}" for n in range(20)]
        configs = [self.config_of(name) for name in names]
        racers = [self.start(name, "beckond", "enroll", code, "--config", config, "--name", name) for name, config in zip(names, configs)]
        codes = {racer.name: racer.wait() for racer in racers}
        winners = [name for name, exit_code in codes.items() if exit_code == 0]
        self.assertEqual(len(winners), 1, [racer.text() for racer in racers])
        for racer in racers:
            if racer.name not in winners:
                error = (codes[racer.name], racer.text()[1].split(":")[0])
                # The last: 16 connections were there from this address.
                self.assertIn(error, [(6, "error (bad-code)"), (8, "error (overloaded)"), (4, "error (connection-lost)")], racer.text())
                self.assertIn("\n  next: ", racer.text()[1])
                self.assertFalse((self.state_of(racer.name) / "membership.json").exists())
        self.assertEqual([name for name in self.members() if name.startswith("racer")], winners)
        self.start_services(self.run_robot(winners[0]))
        self.await_seen(winners[0])
        self.assertServes(winners[0])

    def check_revocation(self):
        code = self.code()
        robot = self.run_robot("lost", "enroll", code, "--name", "lost", "--run")
        other = self.join("kept")
        self.start_services(other)
        robot.await_text("has signed this robot's key")
        self.assertTrue(self.seen()["lost"]["online"])
        self.assertDone(self.owner("fleet", "revoke", "lost"))
        robot.await_text("offline (", limit=1)
        self.assertNotIn("lost", self.seen())
        self.assertIsNotNone(self.members()["lost"]["revoked"])
        robot.await_text("offline (not-authenticated)")
        self.assertBadCode(self.enrol_robot("lost", code, "--again"), "was used already")
        self.assertBadCode(self.enrol_robot("lost", code, folder="elsewhere"), "was used already")
        self.assertFails(self.enrol_robot("lost", self.code(), folder="elsewhere"), 6, "name-taken", "that of a member who was revoked")
        self.assertFails(self.owner("call", "lost/ALMotion.moveIsActive"), 3, "unknown-robot")
        self.assertFails(self.owner("fleet", "revoke", "lost"), 3, "unknown-robot", "there is no lost@robots.test", "beckon fleet list")
        self.assertFails(self.owner("fleet", "revoke", "me"), 2, "invalid-argument", "that is the owner itself")
        self.assertEqual(self.sign().err, "")  # his device does not take itself for revoked
        self.assertEqual([line for line in other.lines() if "offline" in line], [])
        self.assertServes("kept")

    def check_lost_disk(self):
        first = self.join("nao3")
        before = self.members()["nao3"]
        first.kill()
        self.home_of("clone")
        shutil.move(self.state_of("nao3"), self.state_of("clone"))
        clone = self.run_robot("clone")
        clone.await_line("announced nao3@robots.test/")
        # A code that has no name in it does not put anybody out.
        self.assertFails(self.enrol_robot("nao3", self.code()), 6, "name-taken", "nao3@robots.test")
        second = self.run_robot("nao3", "enroll", self.code("nao3"), "--name", "nao3", "--run")
        clone.await_text("offline (")
        clone.await_text("offline (not-authenticated)")
        self.sign()
        second.await_text("has signed this robot's key")
        self.start_services(second)
        self.assertServes("nao3")
        after = self.members()["nao3"]
        self.assertEqual(after["account"], before["account"])
        self.assertNotEqual(after["key"], before["key"])
        self.assertEqual(self.seen()["nao3"]["key"], after["key"])
        clone.end()
        again = self.run_robot("clone")
        again.await_text("offline (not-authenticated)")
        self.assertEqual([line for line in second.lines() if "offline" in line], [])

    def check_killed_relay(self):
        robot = self.join("nao4")
        self.start_services(robot)
        code, members = self.code(), self.members()
        rows = lambda: self.fleets("SELECT * FROM codes ORDER BY hash")
        codes = rows()
        self.kill_relay()
        self.start_relay_again()
        self.assertEqual(rows(), codes)
        self.assertEqual(self.members(), members)
        self.assertWorks(self.enrol_robot("nao5", code))
        self.assertBadCode(self.enrol_robot("nao6", code), "was used already")
        self.sign()
        self.assertTrue(self.members()["nao5"]["signed"])
        self.assertNotIn("problem", self.await_seen("nao4"))
        self.assertServes("nao4")

    def check_persons_device(self):
        robot = self.join("nao7")
        self.assertWorks(self.enroll("amy", self.code("--person")))
        self.sign()
        self.assertEqual(self.members()["amy"]["kind"], "person")
        self.assertTrue(self.members()["amy"]["signed"])
        # It knows of the robot, which does not know it.
        listed = self.assertWorks(self.at("amy", "--json", "robots")).json()
        seen = {robot["account"]: robot for robot in listed["robots"]}["nao7@robots.test"]
        self.assertFalse(seen["online"])
        self.assertFails(self.at("amy", "call", "nao7/ALMotion.moveIsActive"), 3, "unknown-robot")
        robot.end()
        config = self.config_of("nao7")
        config.write_text(config.read_text() + '[access]\nprincipals = ["amy@robots.test"]\n')
        robot = self.run_robot("nao7")
        self.start_services(robot)
        self.assertNotIn("problem", self.await_seen("nao7", "amy"))
        self.assertEqual(self.assertDone(self.at("amy", "call", "nao7/ALMotion.moveIsActive")).out, "false\n")
        self.assertServes("nao7")  # the owner stays
        for asked in (("code",), ("revoke", "nao7")):
            self.assertFails(self.at("amy", "fleet", *asked), 6, "refused", "only the owner of a fleet", "ask its owner")

    def check_wrong_usage(self):
        code = self.code()
        self.assertFails(self.enrol_robot("nao8", code[:-1]), 2, "invalid-argument", "copy all of it")
        secret = code.split("/")[3]
        self.assertFails(self.enrol_robot("nao8", code.replace(secret, secret[:-1])), 2, "invalid-argument", "copy all of it")
        port = f":{self.enrol_port}/"
        self.assertFails(self.enrol_robot("nao8", code.replace(port, f":{free_port()}/")), 4, "unreachable", "127.0.0.1")
        pin = code.split("/")[4]
        wrong_pin = ("B" if pin[0] == "A" else "A") + pin[1:]
        self.assertFails(self.enrol_robot("nao8", code.replace(pin, wrong_pin)), 4, "bad-certificate", "another one is pinned")
        self.assertFails(self.enrol_robot("Nao 8", code, folder="nao8"), 2, "invalid-argument", "--name")
        self.assertFails(self.at("nobody", "fleet", "list"), 2, "invalid-config")
        # None of them has used the code, and none is in the way.
        self.assertWorks(self.enrol_robot("nao8", code))
        before = self.membership("nao8")
        self.assertFails(self.enrol_robot("nao9", self.code(), folder="nao8"), 6, "name-taken", "this is nao8@robots.test already", "--again")
        self.assertEqual(self.membership("nao8"), before)
        self.assertFails(self.enroll("me", self.code("--person")), 6, "name-taken", "this is me@robots.test already")

    def check_enrolment_without_the_xmpp_server(self):
        code = self.code()
        self.stop_xmpp()
        refused = self.enrol_robot("nao9", code)
        self.assertEqual(refused.code, 4, refused)
        self.assertIn("\n  next: ", refused.err)
        self.assertEqual(self.fleets("SELECT count(*) FROM members WHERE account = 'nao9@robots.test'"), [(0,)])
        online = len(self.relay.lines("online "))
        self.start_xmpp()
        self.await_relay(online + 1)
        self.assertWorks(self.enrol_robot("nao9", code))
        self.sign()
        self.run_robot("nao9").await_text("has signed this robot's key")


class FleetFromNothing(Checks, FleetWorld):
    isEnrolled = False

    def test_three_commands_lead_from_an_empty_server_to_a_robot_in_use(self):
        self.check_three_commands()


class FleetFromNothingOnEjabberd(Checks, EjabberdFleetWorld):
    isEnrolled = False

    def test_a_robot_is_in_use_after_two_commands_on_ejabberd(self):
        self.check_three_commands()


class Fleet(Checks, FleetWorld):
    def test_a_code_is_refused_twice_late_elsewhere_for_another_kind_and_to_who_guesses(self):
        good, wait = self.check_codes_that_are_refused()
        time.sleep(wait)  # as it was told
        self.assertWorks(self.enrol_robot("early", good))

    def test_of_20_robots_with_one_code_one_enrols(self):
        self.check_many_at_once()

    def test_who_is_revoked_is_out_within_a_second_and_stays_out(self):
        self.check_revocation()

    def test_a_robot_that_lost_its_disk_gets_its_account_back_and_its_clone_is_out(self):
        self.check_lost_disk()

    def test_a_killed_relay_comes_back_with_all_that_it_knew(self):
        self.check_killed_relay()

    def test_a_person_s_device_knows_the_robots_and_uses_those_that_know_it(self):
        self.check_persons_device()

    def test_wrong_usage_is_told_and_costs_no_code(self):
        self.check_wrong_usage()

    def test_an_enrolment_without_the_xmpp_server_costs_no_code(self):
        self.check_enrolment_without_the_xmpp_server()


class FleetOnEjabberd(Checks, EjabberdFleetWorld):
    def test_one_code_enrols_one_robot_and_wrong_ones_none_on_ejabberd(self):
        self.check_wrong_usage()
        self.check_enrolment_without_the_xmpp_server()
        good, _ = self.check_codes_that_are_refused()
        self.kill_relay()
        self.start_relay_again()  # which does not know who guessed
        self.assertWorks(self.enrol_robot("early", good))
        self.check_many_at_once()

    def test_robots_are_revoked_replaced_and_shared_and_outlive_the_relay_on_ejabberd(self):
        self.check_revocation()
        self.check_lost_disk()
        self.check_persons_device()
        self.check_killed_relay()
        self.kill_relay()
        listed = self.assertWorks(self.owner("robots")).out
        self.assertIn("nao4@", listed)
        self.assertTrue(listed.endswith("\nincomplete: the relay has not told who belongs to the fleet; see that it runs\n"), listed)


if __name__ == "__main__":
    unittest.main(verbosity=2)
