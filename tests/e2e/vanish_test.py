"""A computer of the bus that is gone without a word: its interface goes down, no FIN leaves. Two networks and a cable."""

import os
import subprocess
import time
import unittest

from world import BIN, World, until

WITHIN = 5.0  # seconds


class Computer:
    """A network of its own; what runs in it ends before it."""

    def __init__(self, world, name):
        own = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        self.holder = world.start(name, *own, "sh", "-c", "ip link set lo up && echo ready && exec cat", binary=False, stdin=subprocess.PIPE)
        self.holder.await_line("ready")
        world.addCleanup(self.holder.process.stdin.close)
        self.pid = self.holder.process.pid
        self.command = ["nsenter", f"--target={self.pid}", "--net"]
        if os.geteuid() != 0:
            self.command += ["--user", "--preserve-credentials"]

    def ip(self, *arguments):
        subprocess.run([*self.command, "ip", *map(str, arguments)], check=True)


class Vanished(World):
    def setUp(self):
        super().setUp()
        self.near, self.far = Computer(self, "near"), Computer(self, "far")
        self.near.ip("link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", self.far.pid)
        for number, computer in ((1, self.near), (2, self.far)):
            computer.ip("address", "add", f"10.66.0.{number}/24", "dev", "cable")
            computer.ip("link", "set", "cable", "up")
        self.inside = self.near.command
        self.directory = self.start("directory", "beckon-directory", "tcp://10.66.0.1:20000", "--log-level", "debug")
        self.url = self.directory.await_line("ready ").split()[1]
        self.services = self.start("services", "beckon", "--bus", self.url, "watch")
        self.services.await_line("watching ")
        self.inside = self.far.command

    def await_idle(self):
        """Nothing is under way between the computers, not even an acknowledgement."""
        command = [*self.near.command, "ss", "--tcp", "--info", "--numeric"]
        until(lambda: "unacked:" not in subprocess.run(command, check=True, capture_output=True, text=True).stdout, "they are never idle")

    def assert_gone(self, cut):
        begin = time.monotonic()
        cut()
        self.services.await_line("- ALTextToSpeech", limit=WITHIN)
        self.assertLess(time.monotonic() - begin, WITHIN)

    def test_an_idle_provider_whose_interface_goes_down_is_gone_within_5_seconds(self):
        self.start_sim()
        self.services.await_line("+ ALVideoDevice")
        self.await_idle()
        self.assert_gone(lambda: self.far.ip("link", "set", "cable", "down"))

    def test_an_idle_provider_behind_our_own_dead_interface_is_gone_within_5_seconds(self):
        self.start_sim()
        self.services.await_line("+ ALVideoDevice")
        self.await_idle()
        self.assert_gone(lambda: self.near.ip("link", "set", "cable", "down"))

    def test_subscribers_to_whom_something_is_under_way_are_gone_within_5_seconds(self):
        for name in ("one", "other"):
            self.start(name, "beckon", "--bus", self.url, "watch").await_line("watching ")
        self.inside = self.near.command
        self.start("restless", "sh", "-c", 'while true; do timeout 0.3 "$0" --bus "$1"; done', BIN / "beckon-sim", self.url, binary=False)
        self.services.await_line("- ALTextToSpeech")
        begin = time.monotonic()
        self.far.ip("link", "set", "cable", "down")
        until(lambda: len([line for line in self.directory.lines() if "gives no sign of life" in line]) == 2, self.directory.text, WITHIN)
        self.assertLess(time.monotonic() - begin, WITHIN)
        self.services.await_line("- ALTextToSpeech", count=2)

    def test_a_provider_whose_network_comes_back_registers_again(self):
        self.start_sim()
        self.services.await_line("+ ALVideoDevice")
        self.far.ip("link", "set", "cable", "down")
        self.services.await_line("- ALVideoDevice", limit=WITHIN)
        self.far.ip("link", "set", "cable", "up")
        self.services.await_line("+ ALVideoDevice", count=2, limit=10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
