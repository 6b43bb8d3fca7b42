"""Bytestreams through the relay between members on slixmpp, whose xep_0065 knows nothing of Beckon; and TURN credentials."""

import socket
import subprocess
import time
import unittest

from fleet_trust_test import Robot
from fleet_world import FleetWorld
from world import LONGEST, free_port, until

TURN_SERVER = """
listening-ip=127.0.0.1
relay-ip=127.0.0.1
listening-port={port}
use-auth-secret
static-auth-secret={secret}
realm=robots.test
allow-loopback-peers
no-cli
no-tls
no-dtls
log-file=stdout
pidfile={folder}/turn.pid
userdb={folder}/turn.db
"""


class Member(Robot):
    program_file = "outside_stream.py"

    def __init__(self, world, name):
        super().__init__(world, name)
        self.address = self.program.told("online")[0]["online"]

    def received(self):
        return "".join(line["data"] for line in self.program.told("data"))

    def await_received(self, text):
        until(lambda: self.received() == text, lambda: f"{self.name} received {self.received()[:100]!r}")

    def problem(self, verb, **command):
        error = self.program.ask(verb, **command)["error"]
        return error["condition"], (error["problem"] or {}).get("code")


class Bytestreams(FleetWorld):
    def moved(self, name):
        """What is written down of an account, in bytes."""
        return self.fleets("SELECT sum(bytes) FROM moved WHERE account = ?", f"{name}@robots.test")[0][0] or 0

    def answers(self, port):
        """Whether somebody takes connections there."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def test_members_on_slixmpp_exchange_bytes_until_one_is_revoked(self):
        first, second = Member(self, "first"), Member(self, "second")
        self.assertEqual(first.result("proxies"), {"relay.robots.test": ["127.0.0.1", str(self.stream_port)]})
        self.assertEqual(first.result("open", to=second.address), {"seconds": "60"})
        first.result("write", text="there", times=20_000)
        second.await_received("there" * 20_000)
        second.result("write", text="back")
        first.await_received("back")
        until(lambda: self.moved("first") == 100_004, lambda: self.moved("first"))  # who asked is charged
        self.assertEqual(self.moved("second"), 0)

        nobody = ("service-unavailable", "unknown-robot")
        self.assertEqual(first.problem("ticket", to="stranger@robots.test/here", sid="0123456789abcdef"), nobody)
        self.assertWorks(self.owner("fleet", "revoke", "second"))
        revoked = time.monotonic()
        first.program.await_told("closed", limit=1)
        self.assertLess(time.monotonic() - revoked, 1)
        self.assertEqual(first.problem("ticket", to=second.address, sid="0123456789abcdef"), nobody)

    def test_a_second_relay_learns_within_a_second_whom_the_first_puts_out(self):
        self.home.end()
        with (self.server / "prosody" / "prosody.cfg.lua").open("a") as config:
            config.write(f'Component "relay2.robots.test"\n  component_secret = "{(self.server / "component.secret").read_text().strip()}"\n')
        stream_port = free_port()
        settings = (self.server / "relay.toml").read_text().replace("[xmpp]", '[xmpp]\ncomponent = "relay2.robots.test"')
        settings = settings.replace(f":{self.stream_port}", f":{stream_port}").replace(f":{self.enrol_port}", f":{free_port()}")
        (self.server / "relay2.toml").write_text(settings)
        self.start_xmpp()
        second_relay = self.start("relay2", "beckon-relay", "run", "--config", self.server / "relay2.toml")
        second_relay.await_line("online relay2.robots.test")
        self.start_relay()
        self.await_relay()
        first, second = Member(self, "first"), Member(self, "second")
        self.assertEqual(first.result("proxies", only="relay2.robots.test"), {
            "relay.robots.test": ["127.0.0.1", str(self.stream_port)], "relay2.robots.test": ["127.0.0.1", str(stream_port)]})
        first.result("open", to=second.address)
        first.result("write", text="there")
        second.await_received("there")
        self.assertWorks(self.owner("fleet", "revoke", "second"))  # by the first relay
        first.program.await_told("closed", limit=1)
        until(lambda: self.moved("first") == 5, lambda: self.moved("first"))

    def test_quota_outlives_a_killed_relay_and_turn_credentials_open_a_turn_server(self):
        self.home.end()
        turn_port, secret = free_port(), "north-wind"
        config = self.server / "relay.toml"
        config.write_text(config.read_text() + f'bytes_a_day = 150\n[turn]\nport = {turn_port}\nsecret_file = "turn.secret"\nseconds = 300\n')
        (self.server / "turn.secret").touch(0o600)
        (self.server / "turn.secret").write_text(secret + "\n")
        self.start_xmpp()
        self.start_relay()
        self.await_relay()
        first, second = Member(self, "first"), Member(self, "second")
        first.result("open", to=second.address)
        first.result("write", text="x" * 100)
        second.await_received("x" * 100)
        until(lambda: self.moved("first") == 100, lambda: self.moved("first"))
        self.relay.kill()
        second.program.await_told("closed")
        self.start_relay()
        self.await_relay()
        first.result("open", to=second.address)
        first.result("write", text="y" * 50)  # and this is enough
        second.program.await_told("closed", 2)
        self.assertEqual(second.received(), "x" * 100)
        self.assertEqual(first.problem("ticket", to=second.address, sid="0123456789abcdef"), ("resource-constraint", "overloaded"))
        self.assertEqual(second.result("ticket", to=first.address, sid="0123456789abcdef"), {"seconds": "60"})

        self.write("turn.conf", TURN_SERVER.format(port=turn_port, secret=secret, folder=self.folder), 0o600)
        turn = self.start("turn", "turnserver", "-c", self.folder / "turn.conf", binary=False)
        until(lambda: self.answers(turn_port), lambda: turn.text())
        service = first.result("turn")[0]
        self.assertEqual((service["host"], service["port"], service["transport"]), ("127.0.0.1", str(turn_port), "udp"))

        def opens(password):
            command = ["turnutils_uclient", "-u", service["username"], "-w", password, "-p", str(turn_port), "-y", "-n", "1", "-m", "1", "127.0.0.1"]
            return subprocess.run(command, capture_output=True, text=True, timeout=LONGEST).returncode == 0

        self.assertTrue(opens(service["password"]), turn.text())
        self.assertFalse(opens(service["password"][::-1]))
        self.assertNotIn(secret, "".join(self.relay.text()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
