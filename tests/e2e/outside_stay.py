"""Staying online as docs/protocol/presence.md tells it, for programs on slixmpp that know nothing of Beckon's code."""

import asyncio
import itertools
import random
import socket

from outside_client import say

SHORTEST, LONGEST = 1, 60  # seconds between two attempts


class Staying:
    """For a slixmpp client: it goes where its enrolment told, by SCRAM-SHA-256, and comes back there. Prints {"offline"}."""

    def stay(self, told, ca_file):
        self.told, self.wait = told, SHORTEST
        self["feature_mechanisms"].use_mech = "SCRAM-SHA-256"
        self.register_plugin("xep_0199", {"keepalive": True, "interval": 20, "timeout": 15})
        self.add_event_handler("session_start", lambda _: setattr(self, "wait", SHORTEST))
        self.add_event_handler("disconnected", self.come_back)
        self.add_event_handler("connection_failed", self.try_next)
        if told["authorities"]:
            ca_file.write_text(told["authorities"])
            self.ca_certs = ca_file
        self.go()

    def go(self):
        found = socket.getaddrinfo(self.told["host"] or self.boundjid.host, self.told["port"] or 5222, type=socket.SOCK_STREAM)
        self.places = itertools.cycle([address[:2] for *_, address in found])
        self.connect(next(self.places), force_starttls=True)

    def try_next(self, _):
        """slixmpp tries `address` again, after a while."""
        self.address = next(self.places)

    async def come_back(self, _):
        say(offline=self.boundjid.bare)
        await asyncio.sleep(random.uniform(0, self.wait))
        self.wait = min(2 * self.wait, LONGEST)
        self.go()
