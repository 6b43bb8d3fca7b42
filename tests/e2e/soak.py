"""An hour of what wears: the server is killed every 30 s and started again, under a robot and a remote that watches it.

    soak.py --minutes 60 [--cycle 30]

After each kill both are back, what was missed is counted, and calls work; at the end neither has grown. A line a cycle,
then the slowest return and the verdict; exit code 0 if all of it held.
"""

import argparse
import pathlib
import re
import statistics
import sys
import time
import unittest

from world import XmppWorld, until

PLACE = "ALTextToSpeech.languageTTS"
# Seconds from the server's return. Waits between attempts double, with full jitter: most returns take 1 s, but on a machine
# where the server itself needs seconds to start, the fourth attempt may come 8 s and the fifth 16 s after the one before.
BOUND = 30.0
GROWTH, ALLOWANCE = 1.05, 1024  # of resident memory, KiB: from the first tenth of the cycles to the last


class Soak(XmppWorld):
    def __init__(self, minutes, cycle):
        super().__init__()
        self.cycles, self.length = max(2, int(minutes * 60 / cycle)), cycle

    def usage(self, program):
        """Resident memory in KiB, and open descriptors."""
        proc = pathlib.Path(f"/proc/{program.process.pid}")
        memory = int(re.search(r"VmRSS:\s+(\d+)", (proc / "status").read_text()).group(1))
        return memory, len(list((proc / "fd").iterdir()))

    def fire(self, language):
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", f'"{language}"'))

    def runTest(self):
        self.start_robot()
        self.start_sim()
        self.watch = self.start_watch(PLACE)
        self.fire("English")
        self.watch.await_line('languageTTS ["English"]')
        used, slowest = [], 0.0
        for cycle in range(1, self.cycles + 1):
            begin = time.monotonic()
            robot, watch = self.one_cycle(cycle)
            slowest = max(slowest, robot, watch)
            until(lambda: time.monotonic() >= begin + self.length, "the next cycle", self.length + 1)
            used.append((self.usage(self.robot), self.usage(self.watch)))
            (robot_kib, robot_files), (watch_kib, watch_files) = used[-1]
            print(f"cycle {cycle}: robot back {robot:.1f} s, watching {watch:.1f} s after the server; beckond {robot_kib} KiB {robot_files} fds, "
                  f"watcher {watch_kib} KiB {watch_files} fds", flush=True)
        print(f"{self.cycles} kills survived, the slowest return took {slowest:.1f} s")
        tenth = max(1, self.cycles // 10)
        for index, name in enumerate(("beckond", "watcher")):
            self.check_flat(name, [use[index] for use in used[:tenth]], [use[index] for use in used[-tenth:]])

    def one_cycle(self, cycle):
        self.prosody.kill()
        self.fire("German")  # nobody hears it
        self.restart_server()
        begin = time.monotonic()
        self.robot.await_line("announced ", cycle + 1, BOUND)
        robot = time.monotonic() - begin
        self.watch.await_line(f"watching {PLACE} again", cycle, BOUND - robot)
        watch = time.monotonic() - begin
        self.watch.await_line("languageTTS missed 1 events", cycle)
        self.fire("French")
        self.watch.await_line('languageTTS ["French"]', cycle)
        self.assertEqual(self.assertDone(self.owner("call", "nao1/ALTextToSpeech.getLanguage")).out, '"French"\n')
        for program in (self.robot, self.watch):
            self.assertIsNone(program.process.poll(), program.text())
        return robot, watch

    def check_flat(self, name, first, last):
        before, after = (statistics.mean(memory for memory, _ in part) for part in (first, last))
        files = [sorted({count for _, count in part}) for part in (first, last)]
        print(f"{name}: {before:.0f} KiB at first, {after:.0f} KiB at last; descriptors {files[0]} at first, {files[1]} at last", flush=True)
        self.assertLess(after, before * GROWTH + ALLOWANCE, f"the memory of {name} grows")
        self.assertEqual(files[0], files[1], f"the descriptors of {name} are not the same")


def main():
    parser = argparse.ArgumentParser(description="The server killed again and again: nothing gets stuck, nothing grows.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--cycle", type=float, default=30, help="seconds from kill to kill")
    options = parser.parse_args()
    result = unittest.TextTestRunner().run(Soak(options.minutes, options.cycle))
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
