"""A robot gets another owner, at another relay and XMPP server, while it runs."""

import pathlib
import time
import unittest

from fleet_world import FleetWorld
from world import ROOT, free_port, until

OTHER = "robots.other"


class Transfer(FleetWorld):
    """Beside the fleet of "me" that of bob, whose server knows nothing of ours."""

    def setUp(self):
        super().setUp()
        self.other_port, self.other_enrol_port = free_port(), free_port()
        (self.folder / "other").mkdir()
        self.other = self.start("other", ROOT / "scripts" / "home-server", "--folder", self.folder / "other", "--listen", "127.0.0.1",
                                "--ports", f"{self.other_port},{self.other_enrol_port},{free_port()}", OTHER, "127.0.0.1", binary=False)
        self.other.await_line("online ")
        self.assertWorks(self.enroll("bob", self.other.await_line("owner ").split()[1], "--no-wait"))

    def code_of_bob(self, *options):
        """It is waited for, so that he signs."""
        self.waiting = self.start_at("bob", "fleet", "code", *options)
        return self.waiting.await_line("127.0.0.1:")

    def seen_by_bob(self, name):
        listed = self.assertWorks(self.at("bob", "--json", "robots")).json()["robots"]
        found = [robot for robot in listed if robot["account"] == f"{name}@{OTHER}" and robot["address"] and "problem" not in robot]
        return found and found[0]

    def test_a_robot_goes_to_another_owner_and_one_that_cannot_stays(self):
        robot = self.join("nao1")
        self.start_services(robot)
        self.assertServes("nao1")
        before, key = self.membership("nao1"), self.members()["nao1"]["key"]

        # What fails leaves it where it is, and says why.
        transfer = lambda code, *options: self.owner("fleet", "transfer", "nao1", code, *options)
        self.assertFails(transfer(self.code()), 2, "invalid-argument", "where the robot is")
        self.assertFails(transfer(self.code("--person")), 6, "bad-code", "for the device of a person")
        gone = self.code_of_bob().replace(f":{self.other_enrol_port}/", f":{free_port()}/")
        self.waiting.kill()
        self.assertFails(transfer(gone), 4, "unreachable", "127.0.0.1")
        used = self.code_of_bob()
        self.assertWorks(self.enrol_robot("early", used))
        until(lambda: time.time() > self.membership("nao1")["lastOrder"] - 59, "another second")  # each order has its own
        self.assertFails(transfer(used), 6, "bad-code", "was used already")
        self.assertEqual({**self.membership("nao1"), "lastOrder": None}, {**before, "lastOrder": None})
        self.assertServes("nao1")
        # A robot's own word, or a person's, moves nobody.
        self.assertWorks(self.enroll("amy", self.code("--person")))
        self.assertFails(self.at("amy", "fleet", "transfer", "nao1", used), 6, "refused", "only the owner")

        code = self.code_of_bob("nao9")
        until(lambda: time.time() > self.membership("nao1")["lastOrder"] - 59, "another second")
        moved = self.assertWorks(transfer(code, "--name", "nao9"))
        self.assertRegex(moved.out, rf"(?m)^it is nao9@{OTHER} in the fleet home of bob@{OTHER} now, key [0-9a-f]{{64}}$")
        self.assertEqual(self.waiting.wait(), 0, self.waiting.text())
        robot.await_line(f"announced nao9@{OTHER}/")
        seen = until(lambda: self.seen_by_bob("nao9"), "bob does not see it")
        self.assertIn(seen["key"], moved.out)
        self.assertNotEqual(seen["key"], key)
        # Its services were there all the time, and are its new owner's.
        self.assertEqual(self.assertDone(self.at("bob", "call", "nao9/ALMotion.moveIsActive")).out, "false\n")
        self.assertEqual(robot.lines("ready "), [f"ready {robot.url}"])
        # The old owner's no more.
        self.assertIsNotNone(self.members()["nao1"]["revoked"])
        self.assertNotIn("nao1", self.seen())
        self.assertFails(self.owner("call", "nao1/ALMotion.moveIsActive"), 3, "unknown-robot")
        self.assertFails(self.owner("fleet", "transfer", "nao1", self.code_of_bob()), 3, "unknown-robot")
        self.waiting.kill()
        # It stays there when it is started anew; nothing of the move is left.
        robot.end()
        self.assertEqual([path.name for path in pathlib.Path(self.state_of("nao1")).glob("next*")], [])
        robot = self.run_robot("nao1")
        robot.await_line(f"announced nao9@{OTHER}/")


if __name__ == "__main__":
    unittest.main(verbosity=2)
