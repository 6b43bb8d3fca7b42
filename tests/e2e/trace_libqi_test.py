"""`beckon trace` and `stats` of an unchanged libqi program: listed only where LIBQI_PEER names a libqi."""

import json
import os
import signal
import unittest

from world import World, until


class TracedLibqi(World):
    def setUp(self):
        super().setUp()
        self.start_directory()
        self.env["QI_LOG_LEVEL"] = "2"
        self.program = self.start("libqi", os.environ["BECKON_LIBQI_PROGRAM"], "provide", self.url, binary=False)
        self.addCleanup(self.program.kill)  # it ends no other way
        self.program.await_line("ready")

    def is_traced(self):
        return self.assertDone(self.on_bus("call", "LibqiService.isTraceEnabled")).out == "true\n"

    def test_calls_answers_and_errors_of_a_libqi_service_are_seen_and_counted(self):
        trace = self.start("trace", "beckon", "--bus", self.url, "--json", "trace", "LibqiService")
        trace.await_line("tracing ")
        stats = self.start("stats", "beckon", "--bus", self.url, "--json", "stats", "LibqiService", "--for", "600")
        stats.await_line("measuring ")
        self.assertEqual(self.assertDone(self.on_bus("call", "LibqiService.add", "2", "40")).out, "42\n")
        self.assertEqual(self.on_bus("call", "LibqiService.fail").code, 7)
        self.assertDone(self.on_bus("call", "LibqiService.fire", "2"))

        def seen():
            passed = [json.loads(line) for line in trace.text()[0].split("\n")[:-1]]
            return [line for line in passed if line["member"] in ("add", "fail", "fire")]
        until(lambda: len(seen()) == 6, lambda: trace.text())
        # Threads of libqi tell of a call and of its answer: now and then of the answer first, which then has no duration.
        passed = {(line["member"], line["kind"]): line for line in seen()}
        self.assertEqual(passed["add", "call"]["arguments"], [2, 40])
        self.assertEqual(passed["add", "answer"]["answer"], 42)
        self.assertGreaterEqual(passed["add", "answer"].get("duration") or 0, 0)
        self.assertIn(("fail", "call"), passed)
        self.assertIn(("fail", "error"), passed)

        stats.process.send_signal(signal.SIGINT)
        self.assertEqual(stats.wait(), 0)
        service = json.loads(stats.text()[0])["services"][0]
        # libqi does not tell of a signal that the program emits itself.
        self.assertEqual({k: service[k] for k in ("calls", "answers", "errors", "events", "missed")},
                         {"calls": 3, "answers": 2, "errors": 1, "events": 0, "missed": 0})
        self.assertTrue(self.is_traced())
        trace.kill()
        until(lambda: not self.is_traced(), "the trace is still on")


if __name__ == "__main__":
    unittest.main(verbosity=2)
