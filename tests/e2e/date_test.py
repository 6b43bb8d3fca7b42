"""Control leases on a robot whose date jumps: they go by the steady clock (docs/design/027)."""

import datetime
import json
import signal
import time
import unittest

from control_test import LAPSE, Controlled
from world import BIN, until


class DateJumps(Controlled):
    def test_motion_stops_with_the_lapse_and_not_before_however_the_date_jumps(self):
        jumps = self.folder / "jumps"
        jumps.write_text("0")
        plain = self.env
        self.env = dict(self.env, LD_PRELOAD=str(BIN / "libdate_jumps.so"), DATE_JUMPS=str(jumps))
        self.start_robot()
        self.env = plain
        self.start_sim()
        self.robot.await_text("control leases may be taken")
        self.tablet, self.phone = self.token("tablet"), self.token("phone")
        self.trace = self.start("trace", "beckon", "--bus", self.url, "trace", "ALMotion", "--json")
        self.trace.await_line("tracing ")
        for number, jump in enumerate((3600, -3600)):
            holder = self.hold(self.tablet, name=f"holder{number}")
            holder.await_line("control of drive is yours")
            stops = len(self.came("stopMove"))
            self.assertDone(self.outside(self.tablet, "call", "ALMotion.move", "0.1", "0", "0"))
            jumps.write_text(str(jump))
            self.assertDone(self.outside(self.phone, "get", "ALTextToSpeech.volume"))
            told = self.assertDone(self.beckon("audit", "--dir", self.folder / "state" / "audit", "--json", "query", "--what", "get")).out.splitlines()
            date = datetime.datetime.fromisoformat(json.loads(told[-1])["at"]).timestamp()
            self.assertLess(abs(date - time.time() - jump), 60, "the robot's date did not jump")
            end = time.monotonic() + 1.5 * LAPSE
            while time.monotonic() < end:
                self.assertEqual(self.leases(self.phone)[0]["state"], "held")
            self.assertEqual(len(self.came("stopMove")), stops)
            silent = time.time()
            holder.process.send_signal(signal.SIGSTOP)
            self.addCleanup(holder.process.send_signal, signal.SIGCONT)
            stopped = until(lambda: self.came("stopMove")[stops:], "the robot moves on", limit=LAPSE + 3)[0]
            print(f"stopped {1000 * (stopped - silent):.0f} ms after the last heartbeats, with the date {jump} s away")
            self.assertLess(stopped - silent, LAPSE + 0.1)
            self.assertGreater(stopped - silent, LAPSE - 0.3)
            holder.process.send_signal(signal.SIGCONT)
            self.assertEqual(holder.wait(10), 6)
            until(lambda: self.leases(self.phone)[0]["state"] == "free", "it is not freed")
            jumps.write_text("0")


if __name__ == "__main__":
    unittest.main(verbosity=2)
