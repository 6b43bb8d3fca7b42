"""What `beckon robots` says of a robot that is not well: at most 20 s behind the truth, and how old it is."""

import json
import os
import select
import signal
import socket
import threading
import time
import unittest

from fleet_world import FleetWorld
from world import free_port, until

BEHIND = 20  # seconds


class Wire:
    """A way to the server that can be cut: what it has taken stays, and nothing passes any more; no end is told."""

    def __init__(self, port):
        self.to, self.port, self.is_cut, self.is_over = port, free_port(), False, False
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.pairs = {}
        self.thread = threading.Thread(target=self.carry)
        self.thread.start()

    def carry(self):
        while not self.is_over:
            for ready in select.select([self.listener, *self.pairs], [], [], 0.05)[0]:
                if ready is self.listener:
                    near, far = self.listener.accept()[0], socket.create_connection(("127.0.0.1", self.to))
                    self.pairs.update({near: far, far: near})
                    continue
                data = ready.recv(65536)
                if data and not self.is_cut:
                    self.pairs[ready].sendall(data)
                elif not data:
                    other = self.pairs.pop(ready)
                    del self.pairs[other]
                    other.close()
                    ready.close()

    def end(self):
        self.is_over = True
        self.thread.join()
        for end in (self.listener, *self.pairs):
            end.close()


class Truth(FleetWorld):
    def state(self, name):
        return self.seen()[name]["state"]

    def assertToldInTime(self, since, **states):
        def told():
            seen = self.seen()
            return all(seen[name]["state"] == state for name, state in states.items())
        until(told, lambda: f"not {states}: {self.seen()}", BEHIND)
        self.assertLessEqual(time.monotonic() - since, BEHIND)

    def test_a_robot_that_is_frozen_cut_off_or_killed_is_told_within_20_seconds(self):
        frozen, cut, killed, well = (self.join(name) for name in ("frozen", "cut", "killed", "well"))
        wire = Wire(self.port)
        self.addCleanup(wire.end)
        cut.end()
        membership = self.state_of("cut") / "membership.json"
        membership.write_text(json.dumps(dict(self.membership("cut"), port=wire.port)))
        cut = self.run_robot("cut")
        cut.await_line("announced ")
        until(lambda: all(robot["state"] == "online" for robot in self.seen().values()), self.seen)
        since = time.monotonic()
        os.kill(frozen.process.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, frozen.process.pid, signal.SIGCONT)
        wire.is_cut = True
        killed.kill()
        self.assertToldInTime(since, killed="offline", frozen="suspect", cut="suspect")
        seen = self.seen()
        self.assertEqual(seen["well"]["state"], "online")
        for name, robot in seen.items():
            self.assertGreaterEqual(robot["heard"], 0, name)
        self.assertGreater(seen["frozen"]["heard"], 12)
        asked = self.owner("call", "frozen/ALMotion.moveIsActive")
        # Where another robot has told what this one can, too, it is asked, and does not answer.
        if asked.code == 5:
            self.assertFails(asked, 5, "timed-out", "frozen@robots.test")
        else:
            self.assertFails(asked, 3, "unknown-robot", "frozen@robots.test was not heard for", "though its server still shows it")
        self.assertRegex(self.assertWorks(self.owner("robots")).out, r"(?m)^frozen@robots\.test +suspect +last heard \d+ s ago, though its server still shows it")
        os.kill(frozen.process.pid, signal.SIGCONT)
        until(lambda: self.state("frozen") == "online", "it does not come back")

    def test_a_relay_that_is_hung_is_told_of_soon(self):
        self.join("well")
        self.stop_xmpp()
        self.start_xmpp()
        self.await_relay()
        until(lambda: self.state("well") == "online", self.seen)
        os.kill(self.relay.process.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, self.relay.process.pid, signal.SIGCONT)
        begun = time.monotonic()
        listing = self.assertWorks(self.owner("--json", "robots")).json()
        self.assertLess(time.monotonic() - begun, 12)
        self.assertFalse(listing["complete"], listing)
        self.assertEqual([robot["state"] for robot in listing["robots"]], ["online"])
        self.assertRegex(self.assertWorks(self.owner("robots")).out, r"(?m)^incomplete: the relay has not told who belongs to the fleet; see that it runs$")

    def test_a_robot_that_has_not_logged_in_yet_holds_up_nobody(self):
        self.join("well")
        self.assertWorks(self.enrol_robot("boxed", self.code()))
        self.sign()
        begun = time.monotonic()
        listing = self.assertWorks(self.owner("--json", "robots")).json()
        self.assertLess(time.monotonic() - begun, 3)
        self.assertTrue(listing["complete"], listing)
        self.assertEqual({robot["account"]: robot["state"] for robot in listing["robots"]},
                         {"boxed@robots.test": "offline", "well@robots.test": "online"})
        self.assertRegex(self.assertWorks(self.owner("robots")).out,
                         r"(?m)^boxed@robots\.test  offline  it was enrolled and has not logged in yet$")
        self.assertFails(self.owner("call", "boxed/ALMotion.moveIsActive"), 3, "unknown-robot", "has not logged in yet")
        self.run_robot("boxed")
        until(lambda: self.state("boxed") == "online", "it does not come")
        # One of whom nobody knows, alike by each way to ask.
        for verb in ("show", "revoke"):
            self.assertFails(self.owner("fleet", verb, "nobody"), 3, "unknown-robot", "nobody", "in fleet home", "beckon fleet list")


if __name__ == "__main__":
    unittest.main(verbosity=2)
