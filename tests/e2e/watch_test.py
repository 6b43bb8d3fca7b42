"""Watching a robot over XMPP while everything between it and the watcher comes and goes."""

import json
import time
import unittest

from world import XmppWorld, free_port, until

PLACE = "ALTextToSpeech.languageTTS"  # fired by setLanguage alone


class Watching(XmppWorld):
    def setUp(self):
        super().setUp()
        self.start_robot()
        self.sim = self.start_sim()

    def fire(self, *languages):
        for language in languages:
            self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", json.dumps(language)))

    def fire_until_seen(self, watch, language):
        """For when the robot attaches at a moment that nobody tells."""
        def seen():
            self.fire(language)
            return watch.lines(f'languageTTS ["{language}"]')
        until(seen, lambda: f"{language} is not seen: {watch.text()}")

    def test_events_are_printed_as_they_come_and_counted(self):
        text = self.start_watch(PLACE, "--count", "2", name="text")
        in_json = self.start_watch(PLACE, "--json", name="json")
        self.fire("German", "French")
        self.assertEqual(text.wait(), 0)
        self.assertEqual(text.text(), ('languageTTS ["German"]\nlanguageTTS ["French"]\n', f"watching {PLACE}\n"))
        in_json.await_line('{"arguments":["French"]')
        self.assertEqual([json.loads(line) for line in in_json.text()[0].splitlines()],
                         [{"event": "languageTTS", "arguments": [name]} for name in ("German", "French")])

    def test_a_property_that_is_watched_tells_its_changes(self):
        watch = self.start_watch("ALTextToSpeech.volume")
        self.assertDone(self.owner("set", "nao1/ALTextToSpeech.volume", "0.25"))
        watch.await_line("volume [0.25]")

    def test_what_cannot_be_watched_is_told(self):
        watch = lambda place, who=self.owner: who("watch", f"nao1/{place}")
        self.assertFails(watch("ALDance.step"), 3, "unknown-service", "ALDance")
        self.assertFails(watch("ALTextToSpeech.nothing"), 3, "unknown-member", "textDone")
        self.assertFails(watch("ALTextToSpeech.volume", self.stranger), 3, "unknown-robot")
        self.assertFails(self.owner("watch", "pepper9/ALBattery.charge"), 3, "unknown-robot", "pepper9")
        self.robot.end()
        self.assertFails(watch("ALBattery.charge"), 3, "unknown-robot", "beckond")

    def test_a_watch_outlives_the_server_and_counts_what_was_missed(self):
        watch = self.start_watch(PLACE)
        self.fire("German")
        watch.await_line('languageTTS ["German"]')
        self.prosody.kill()
        watch.await_line("nao1 is away")
        self.robot.await_text("offline (connection-lost)")
        self.fire("French", "Japanese", "English")
        self.restart_server()
        back = time.monotonic()
        watch.await_line(f"watching {PLACE} again", limit=10)
        watch.await_line("languageTTS missed 3 events", limit=10 - (time.monotonic() - back))
        self.fire("French")
        watch.await_line('languageTTS ["French"]')
        self.assertEqual(watch.text()[0], 'languageTTS ["German"]\nlanguageTTS missed 3 events\nlanguageTTS ["French"]\n')

    def test_a_gap_is_told_in_json(self):
        self.robot.end()
        config = (self.folder / "robot.toml").read_text()
        self.write("robot.toml", config.replace("127.0.0.1:0", f"127.0.0.1:{free_port()}"))  # where the simulator finds it again
        self.start_robot("fixed")
        self.start_sim("sim2")
        watch = self.start_watch(PLACE, "--json")
        self.prosody.kill()
        watch.await_line("nao1 is away")
        self.robot.await_text("offline (connection-lost)")
        self.fire("French")
        self.restart_server()
        self.assertEqual(json.loads(watch.await_line("{")), {"event": "languageTTS", "missed": 1})
        self.robot.kill()
        watch.await_line("nao1 is away", count=2)
        self.start_robot("again")
        self.assertEqual(json.loads(watch.await_line("{", count=2)), {"event": "languageTTS", "missed": None})

    def test_a_restart_of_the_robots_program_leaves_an_unknown_gap(self):
        self.start_external_bus()
        watch = self.start_watch(PLACE)
        self.robot.kill()
        watch.await_line("nao1 is away")
        self.fire("German")
        self.start_robot("again")
        watch.await_line(f"watching {PLACE} again", limit=10)
        watch.await_line("languageTTS missed an unknown number of events")
        self.fire("French")
        watch.await_line('languageTTS ["French"]')
        self.assertEqual(watch.text()[0], 'languageTTS missed an unknown number of events\nlanguageTTS ["French"]\n')

    def test_a_service_that_goes_and_comes_is_told_and_watched_again(self):
        watch = self.start_watch(PLACE)
        self.sim.kill()
        watch.await_line("ALTextToSpeech is gone, waiting for it")
        self.assertFails(self.owner("watch", f"nao1/{PLACE}"), 3, "unknown-service")  # nothing to begin with
        self.start_sim("again")
        watch.await_line(f"watching {PLACE} again")
        self.fire("German")
        watch.await_line('languageTTS ["German"]')
        self.assertEqual(watch.text()[0], 'languageTTS ["German"]\n')  # nothing was missed

    def test_a_watch_that_ends_is_over_at_the_robot_at_once(self):
        self.robot.kill()
        self.start_robot("debug", "--log-level", "debug")
        self.start_sim("sim2")
        watch = self.start_watch(PLACE, "--count", "1")
        self.fire("German")
        self.assertEqual(watch.wait(), 0)
        self.robot.await_text("unsubscribe ", limit=5)

    def start_external_bus(self):
        """beckond attached to a directory that is a process of its own, at a port that stays."""
        self.robot.end()
        self.sim.end()
        self.bus = f"tcp://127.0.0.1:{free_port()}"
        self.start_bus("directory")
        self.write("robot.toml", self.account("nao1") + f'[bus]\nattach = "{self.bus}"\n[access]\nprincipals = ["owner@robots.test"]\n')
        self.start_robot("attached")
        self.sim2 = self.start_sim("sim2")

    def start_bus(self, name):
        self.directory = self.start(name, "beckon-directory", self.bus, "--state", self.folder / "numbers")
        self.directory.await_line("ready ")

    def test_an_attached_robot_and_its_watchers_outlive_the_directory(self):
        self.start_external_bus()
        self.assertEqual(self.url, self.bus)
        watch = self.start_watch(PLACE)
        self.fire("German")
        watch.await_line('languageTTS ["German"]')
        self.directory.kill()
        self.robot.await_text("is gone")
        # The robot stays: who asks is told what is missing.
        self.assertIn("online", self.assertDone(self.owner("robots")).out)
        self.assertFails(self.owner("services", "nao1"), 4, "unreachable", "bus")
        self.assertFails(self.owner("call", "nao1/ALMotion.stopMove"), 4, "unreachable", "bus")
        self.start_bus("directory2")
        self.robot.await_line("ready ", count=2)
        # What was subscribed to on the service itself never ended.
        self.sim2.await_line("ready ", count=2)
        self.fire("French")
        watch.await_line('languageTTS ["French"]')
        self.assertNotIn("is gone", watch.text()[1])
        self.assertIn("ALMotion", self.assertDone(self.owner("services", "nao1")).out)
        self.assertEqual(len(self.robot.lines("announced ")), 1)

    def test_an_attached_robot_waits_for_a_directory_that_is_not_there_yet(self):
        self.robot.end()
        self.bus = f"tcp://127.0.0.1:{free_port()}"
        self.write("robot.toml", self.account("nao1") + f'[bus]\nattach = "{self.bus}"\n[access]\nprincipals = ["owner@robots.test"]\n')
        self.robot = self.start("attached", "beckond", "run", "--config", self.folder / "robot.toml")
        self.robot.await_line("announced ")
        self.robot.await_text("not on the bus (unreachable)")
        self.start_bus("directory")
        self.robot.await_line("ready " + self.bus)
        self.assertIn("ServiceDirectory\n", self.assertDone(self.owner("services", "nao1")).out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
