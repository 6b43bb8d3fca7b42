"""An ejabberd cluster of two nodes: what holds on one node holds there, and nodes and relay may be killed one after the other."""

import threading
import time
import unittest

import conform_test
import fleet_test
import fleet_trust_test
from cluster import PLACES, ClusterWorld
from conform_test import OutsideRemote, OutsideRobot
from fleet_world import DOMAIN
from world import until

BEHIND = 20  # seconds: `beckon robots` tells the truth after them
STEP = 0.25  # metres


class FleetOnCluster(fleet_test.Checks, ClusterWorld):
    def test_the_suite_of_one_node_holds_for_codes(self):
        self.check_wrong_usage()
        self.check_enrolment_without_the_xmpp_server()
        good, _ = self.check_codes_that_are_refused()
        self.kill_relay()
        self.start_relay_again()  # which does not know who guessed
        self.assertWorks(self.enrol_robot("early", good))
        self.check_many_at_once()

    def test_the_suite_of_one_node_holds_for_revocation_lost_disks_persons_and_a_killed_relay(self):
        self.go_by("second")
        self.check_revocation()
        self.check_lost_disk()
        self.check_persons_device()
        self.check_killed_relay()


class FleetTrustOnCluster(fleet_trust_test.Checks, ClusterWorld):
    def test_the_suite_of_one_node_holds_for_robots_and_relays_that_lie(self):
        self.check_forged_statements()
        self.check_a_forged_membership()
        self.check_who_is_told_of_whom()
        self.check_a_robot_that_is_not_beckon_s()
        self.check_a_key_that_the_relay_swapped()


class ConformanceOnCluster(conform_test.Checks, ClusterWorld):
    def test_a_robot_and_a_remote_written_from_the_documents_work_from_two_nodes(self):
        self.start_all()
        self.check_outside_remote_with_outside_robot()
        self.check_outside_remote_with_beckond()
        self.go_by("second")
        self.check_beckon_with_outside_robot()
        self.check_who_is_gone()


class Steady:
    """Moves a robot by steps, each a program of its own; what fails may have been done once, or not."""

    def __init__(self, world, robot):
        self.world, self.robot, self.is_over, self.done, self.failed = world, robot, False, 0, []
        self.thread = threading.Thread(target=self.go)
        self.thread.start()
        world.addCleanup(self.end)

    def go(self):
        while not self.is_over:
            answer = self.world.owner("--timeout", "20", "call", f"{self.robot}/ALMotion.moveTo", str(STEP), "0", "0", "0.1")
            self.done += answer.code == 0
            if answer.code:
                self.failed.append(answer)

    def end(self):
        self.is_over = True
        self.thread.join()


class Cluster(ClusterWorld):
    by = {"nao1": "first", "nao2": "second", "nao3": "first", "nao4": "second"}

    def setUp(self):
        super().setUp()
        self.robots = {}
        for name, node in self.by.items():
            self.go_by(node)
            self.robots[name] = self.join(name)
        self.start_services(self.robots["nao2"])
        self.lamp = OutsideRobot(self, "lamp", f"visitor@{DOMAIN}")
        self.sign()
        self.lamp.await_told("signed")
        self.go_by("first")
        self.visitor = OutsideRemote(self, "visitor")
        until(lambda: self.visitor.result("robots").get(f"lamp@{DOMAIN}") == "online", "visitor does not see lamp")
        self.assertIsNone(self.visitor.result("take", robot=f"lamp@{DOMAIN}"))
        self.visitor.result("keep_watching", service="Lamp", member="added", id="w1")
        self.adds = []
        self.watch = self.start_at("me", "watch", "nao2/ALTextToSpeech.languageTTS")
        self.watch.await_line("watching ")

    def times_there(self, name):
        return len(self.robots[name].lines("announced "))

    def add(self):
        """As the visitor asks the lamp, again and again until it answers."""
        call = dict(what="call", service="Lamp", method="add", arguments=[1, 0.5], id=f"add.{len(self.adds)}")
        self.adds.append(self.visitor.send("patiently", **call))

    def assertTold(self, since):
        """The owner's device tells who is there and who is not, in time."""
        wanted = {"lamp": "online", **{name: "online" if name in self.now else "offline" for name in self.by}}
        told = lambda: {name: robot["state"] for name, robot in self.seen().items()}
        until(lambda: told() == wanted, told, BEHIND)
        self.assertLess(time.monotonic() - since, BEHIND)

    def assertServed(self):
        """Both kinds of robots and remotes are at work."""
        for number in self.adds:
            self.assertIn("result", self.visitor.answer(number))
        heard = len(self.watch.lines("languageTTS ["))
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", f'"{"German" if heard % 2 else "French"}"'))
        self.watch.await_line("languageTTS [", heard + 1)

    def dies(self, node, *also):
        """The node is killed while the lamp is asked, and those robots with it; then it comes again."""
        for name in also:
            self.now.pop(name)
        before, relays = {name: self.times_there(name) for name in self.now}, len(self.relay.lines("online "))
        lost, other = [name for name in self.now if self.now[name] == node], next(other for other in PLACES if other != node)
        self.assertTrue(lost)
        self.add()
        since = time.monotonic()
        self.nodes[node].kill()
        for name in also:
            self.robots[name].kill()
        self.add()
        for name in lost:
            self.robots[name].await_line("announced ", before[name] + 1, BEHIND)
            self.now[name] = other
        if self.relay_at == node:
            self.await_relay(relays + 1)
            self.relay_at = other
        self.assertTold(since)
        for name in self.now:
            self.assertEqual(self.times_there(name), before[name] + (name in lost), name)
        self.assertServed()
        self.start_node(node)
        self.assertTold(time.monotonic())

    def test_nodes_and_relay_are_killed_one_after_the_other_and_everybody_comes_back_and_nothing_is_done_twice(self):
        self.now, self.relay_at = dict(self.by), "first"  # where robots are that live, and the relay
        self.assertTold(time.monotonic())
        steady = Steady(self, "nao2")
        self.dies("first")
        self.kill_relay()
        self.add()
        self.assertServed()  # nothing of that passes through the relay
        since = time.monotonic()
        self.start_relay_again()
        self.relay_at = "first"
        self.assertTold(since)
        self.dies("second", "nao4")
        self.dies("first")
        self.assertTrue(steady.thread.is_alive())
        steady.end()
        steps = self.assertDone(self.owner("--json", "call", "nao2/ALMotion.getRobotPosition", "true")).json()["value"][0] / STEP
        self.assertAlmostEqual(steps, round(steps), places=3)
        self.assertIn(round(steps), range(steady.done, steady.done + len(steady.failed) + 1), steady.failed)
        self.assertGreater(steady.done, 0)
        counted = [line["count"] for line in self.lamp.told("done")]
        self.assertEqual(counted, list(range(1, len(self.adds) + 1)))
        self.assertEqual(sorted(self.visitor.answer(number)["result"]["value"] for number in self.adds), counted)
        events = [int(line["event"]["seq"]) for line in self.visitor.told("event")]
        self.assertEqual(len(events), len(set(events)), events)


if __name__ == "__main__":
    unittest.main(verbosity=2)
