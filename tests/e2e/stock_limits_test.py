"""Servers with the rate limits that they come with: all works but bulk, which is refused with the reason."""

import json
import time
import unittest

from fleet_world import EjabberdFleetWorld, FleetWorld
from world import until

WATCHED = "ALTextToSpeech.languageTTS"
LANGUAGES = ("German", "French")


class Checks:
    """What holds with either server."""

    def fire(self, count):
        """An event each quarter of a second."""
        begun = time.monotonic()
        for i in range(count):
            self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", json.dumps(LANGUAGES[i % 2])))
            time.sleep(max(0, begun + (i + 1) / 4 - time.monotonic()))

    def assertRefused(self, answer, size):
        self.assertFails(answer, 8, "too-large", f"a message of {size}", "would hold up all others: the XMPP server took", "rate limit")

    def check_all(self):
        robot = self.join("nao1")
        self.start_services(robot)
        until(lambda: self.seen()["nao1"]["state"] == "online", "it does not come online")
        watch = self.start_at("me", "watch", f"nao1/{WATCHED}")
        watch.await_line("watching ")
        self.fire(8)
        until(lambda: len(watch.lines("languageTTS")) == 8, watch.text)
        self.assertServes("nao1")
        # Somebody asks for bulk, which the robot would send.
        self.assertDone(self.on_bus("call", "ALMemory.insertData", '"big"', json.dumps("x" * 100_000)))
        bulk = self.start_at("me", "call", "nao1/ALMemory.getListData", '["big", "big"]')
        self.fire(16)
        self.assertEqual(self.seen()["nao1"]["state"], "online")
        self.assertEqual(bulk.wait(), 8, bulk.text())
        self.assertIn("error (too-large): a message of 200", bulk.text()[1])
        until(lambda: len(watch.lines("languageTTS")) == 24, watch.text)
        # Less of it, too.
        self.assertRefused(self.owner("call", "nao1/ALMemory.getData", '"big"'), 100)
        self.assertServes("nao1")
        # And which the caller would send.
        self.assertRefused(self.owner("call", "nao1/ALMemory.insertData", '"other"', json.dumps("x" * 50_000)), 50)
        self.assertFails(self.on_bus("call", "ALMemory.getData", '"other"'), 7, "call-failed", "other")  # never came
        # What fits into no stanza is refused for that.
        large = self.owner("call", "nao1/ALMemory.getListData", json.dumps(["big"] * 3))
        self.assertFails(large, 8, "too-large", "a message of 300")
        self.assertServes("nao1")
        self.assertEqual(self.seen()["nao1"]["state"], "online")
        self.assertEqual([line for line in robot.lines() if "offline" in line], [])
        watch.end()


class StockLimits(Checks, FleetWorld):
    def start_server(self):
        self.env["PROSODY_LIMITS"] = "stock"
        super().start_server()

    def test_all_works_but_bulk_which_is_refused_with_the_reason(self):
        self.check_all()


class StockLimitsOfEjabberd(Checks, EjabberdFleetWorld):
    has_stock_limits = True

    def test_all_works_but_bulk_which_is_refused_with_the_reason(self):
        self.check_all()


if __name__ == "__main__":
    unittest.main(verbosity=2)
