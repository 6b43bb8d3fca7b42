"""`beckon bench fleet`, by the script that measures with it: a small fleet on each server. What it measures is not looked at."""

import json
import subprocess
import unittest

from world import LONGEST, ROOT, World

ROBOTS = 20


class FleetBench(World):
    def measured(self, server):
        """The figures without Beckon and with it."""
        raw, table = self.folder / "raw.json", self.folder / "table.json"
        ran = subprocess.run(["/usr/bin/python3", "-B", ROOT / "bench" / "fleet.py", "--robots", str(ROBOTS), "--rounds", "1", "--spread", "0.5",
                              "--rest", "1", "--asking", "0.5", "--servers", server, "--raw", raw, "--json", table],
                             capture_output=True, text=True, timeout=4 * LONGEST, env=self.env, stdin=subprocess.DEVNULL)
        self.assertEqual(ran.returncode, 0, ran)
        names = {entry["name"]: entry for entry in json.loads(table.read_text())}
        self.assertIn(f"fleet.{server}.login", names)
        return [json.loads(line) for line in raw.read_text().splitlines()]

    def check(self, server):
        bare, ours = self.measured(server)
        for figures in (bare, ours):
            self.assertEqual(figures["robots"], ROBOTS)
            self.assertEqual([storm["spread"] for storm in figures["storms"]], [0, 0.5])
            for storm in [figures["first"], *figures["storms"]]:
                self.assertEqual(storm["failures"], 0, figures)
                self.assertLessEqual(storm["p50"], storm["p99"])
                self.assertGreater(storm["cpu_a_login"]["server"], 0)
            self.assertEqual((figures["propagation"]["lost"], figures["calls"]["failed"]), (0, 0), figures)
            self.assertGreater(figures["calls"]["rate"], 0)
        self.assertEqual((bare["bare"], ours["bare"]), (True, False))
        self.assertEqual(bare["first"]["cpu_a_login"]["relay"], 0)
        # Each shows what the owner has signed, and is heard: to the owner's own device they are robots like others.
        for seen in ours["robots_seen"]:
            self.assertEqual((seen.get("complete"), seen.get("online")), (True, ROBOTS), seen)

    def test_a_fleet_is_measured_on_prosody_with_beckon_and_without(self):
        self.check("prosody")

    def test_a_fleet_is_measured_on_ejabberd_with_beckon_and_without(self):
        self.check("ejabberd")


if __name__ == "__main__":
    unittest.main(verbosity=2)
