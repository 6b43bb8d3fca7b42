"""`beckon --bus URL trace` and `stats` against a real directory and the simulated robot."""

import json
import signal
import unittest

from world import World, until


class Traced(World):
    def setUp(self):
        super().setUp()
        self.start_directory()
        self.sim = self.start_sim()

    def trace(self, *arguments, name="trace"):
        trace = self.start(name, "beckon", "--bus", self.url, "trace", *arguments)
        trace.await_line("tracing ")
        return trace

    def stats(self, *arguments):
        stats = self.start("stats", "beckon", "--bus", self.url, "--json", "stats", *arguments)
        stats.await_line("measuring ")
        return stats

    def is_traced(self, service="ALTextToSpeech"):
        return self.assertDone(self.on_bus("call", f"{service}.isTraceEnabled")).out == "true\n"

    def assert_trace_ends(self):
        until(lambda: not self.is_traced(), "the trace is still on")

    def passed(self, trace):
        return [json.loads(line) for line in trace.text()[0].splitlines()]

    def test_a_call_is_seen_with_its_arguments_its_duration_and_its_events(self):
        trace = self.trace("ALTextToSpeech", "--json", "--count", "4")
        self.assertTrue(self.is_traced())
        self.assertFalse(self.is_traced("ALMotion"), "only what was asked for is traced")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.say", '"grüezi"'))
        self.assertEqual(trace.wait(), 0)
        call, started, done, answer = self.passed(trace)
        self.assertEqual((call["kind"], call["service"], call["member"], call["arguments"], call["bytes"]),
                         ("call", "ALTextToSpeech", "say", ["grüezi"], 11))
        self.assertEqual((started["kind"], started["member"]), ("event", "textStarted"))
        self.assertEqual((done["kind"], done["member"], done["arguments"][1]), ("event", "textDone", "grüezi"))
        self.assertEqual((answer["kind"], answer["answer"], answer["id"], answer["caller"]), ("answer", None, call["id"], call["caller"]))
        self.assertAlmostEqual(answer["duration"], answer["time"] - call["time"], places=4)
        self.assertGreater(answer["duration"], 0)
        self.assert_trace_ends()

    def test_errors_and_posts_are_seen_by_people(self):
        trace = self.trace("ALTextToSpeech")
        self.assertEqual(self.on_bus("call", "ALTextToSpeech.setVolume", "7").code, 7)
        error = trace.await_text(" error ")
        self.assertRegex(error, r'^\d\d:\d\d:\d\d\.\d{6} ALTextToSpeech\.setVolume #\d+ error ".+" after \d+\.\d{3} ms$')
        self.assertRegex(trace.lines()[0] + trace.lines()[1], r"setVolume #1 call \[7\.0\] from \d+")
        self.assertDone(self.on_bus("post", "ALTextToSpeech.setLanguage", '"German"'))
        trace.await_text('ALTextToSpeech.setLanguage #2 call ["German"]')
        trace.await_text('ALTextToSpeech.languageTTS #3 event ["German"]')

    def test_long_arguments_are_cut_and_their_size_told(self):
        trace = self.trace("ALMemory.insertData")
        self.assertDone(self.on_bus("call", "ALMemory.insertData", '"key"', json.dumps("x" * 5000)))
        line = trace.await_text(" call ")
        self.assertIn("xxx... (5011 bytes) from ", line)
        self.assertLess(len(line), 400)

    def test_one_member_is_traced_alone(self):
        trace = self.trace("ALTextToSpeech.setLanguage", "--count", "2")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.getLanguage"))
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"French"'))
        self.assertEqual(trace.wait(), 0)
        lines = trace.text()[0].splitlines()
        self.assertEqual(len(lines), 2)
        for line, kind in zip(lines, ("call", "answer")):
            self.assertIn(f"ALTextToSpeech.setLanguage #2 {kind} ", line)

    def test_all_services_are_traced_those_that_come_too(self):
        self.sim.end()
        trace = self.trace()
        self.start_sim("later")
        until(lambda: self.is_traced() and self.is_traced("ALMotion"), "the services that came are not traced")
        self.assertDone(self.on_bus("call", "ALMotion.moveIsActive"))
        trace.await_text("ALMotion.moveIsActive #1 answer false after ")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.getLanguage"))
        trace.await_text('ALTextToSpeech.getLanguage #1 answer "English" after ')
        trace.await_text("ServiceDirectory.service ")

    def test_a_service_that_goes_is_told_and_traced_again(self):
        trace = self.trace("ALTextToSpeech")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.getLanguage"))
        self.sim.kill()
        trace.await_line("ALTextToSpeech is gone, waiting for it")
        self.start_sim("again")
        trace.await_line("ALTextToSpeech is there again")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.getLanguage"))
        until(lambda: len([line for line in trace.lines() if "getLanguage #1 answer" in line]) == 2, trace.text)
        self.assertNotIn("missed", trace.text()[0])

    def test_the_trace_is_off_when_its_program_ended_in_whatever_way(self):
        for name, end in (("interrupted", signal.SIGINT), ("stopped", signal.SIGTERM), ("killed", signal.SIGKILL)):
            trace = self.trace("ALTextToSpeech", name=name)
            self.assertTrue(self.is_traced())
            trace.process.send_signal(end)
            self.assertEqual(trace.wait(), -end)
            self.assert_trace_ends()

    def test_a_trace_that_was_on_stays_on(self):
        self.assertDone(self.on_bus("call", "ALTextToSpeech.enableTrace", "true"))
        other = self.trace("ALTextToSpeech", name="other")
        trace = self.trace("ALTextToSpeech", "--count", "2")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.getLanguage"))
        self.assertEqual(trace.wait(), 0)
        other.end()
        self.assertTrue(self.is_traced())

    def test_statistics_count_exactly_the_calls_that_were_made(self):
        stats = self.stats("ALTextToSpeech", "--for", "600")
        for _ in range(3):
            self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"German"'))
            self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"English"'))
        self.assertEqual(self.on_bus("call", "ALTextToSpeech.setVolume", "7").code, 7)
        self.assertDone(self.on_bus("call", "ALMotion.moveIsActive"))
        stats.process.send_signal(signal.SIGINT)
        self.assertEqual(stats.wait(), 0)
        told = json.loads(stats.text()[0])
        self.assertEqual([service["service"] for service in told["services"]], ["ALTextToSpeech"])
        speech = told["services"][0]
        self.assertEqual({k: speech[k] for k in ("calls", "answers", "errors", "events", "missed", "bytesAreWhole")},
                         {"calls": 7, "answers": 6, "errors": 1, "events": 6, "missed": 0, "bytesAreWhole": True})
        self.assertEqual(speech["bytes"]["arguments"], 3 * (4 + 6) + 3 * (4 + 7) + 4)
        self.assertEqual(speech["bytes"]["events"], 3 * (4 + 6) + 3 * (4 + 7))
        self.assertAlmostEqual(speech["callsPerSecond"], 7 / told["seconds"], places=3)
        self.assertGreaterEqual(speech["time"]["max"], speech["time"]["mean"])
        self.assert_trace_ends()

    def test_statistics_of_all_services_end_by_themselves(self):
        stats = self.on_bus("stats", "--for", "0.3")
        self.assertEqual(stats.code, 0, stats)
        self.assertIn("measuring all services", stats.err)
        self.assertRegex(stats.out, r"^service +calls +calls/s +errors +mean ms")
        self.assertRegex(stats.out, r"measured for 0\.\d s; nothing passed through \d+ services\n$")

    def test_bytes_are_those_of_arguments_and_results(self):
        stats = self.stats("ALVideoDevice", "--for", "600")
        handle = self.assertDone(self.on_bus("--json", "call", "ALVideoDevice.subscribeCamera", '"e2e"', "0", "1", "11", "5")).json()["value"]
        self.assertDone(self.on_bus("call", "ALVideoDevice.getImageRemote", json.dumps(handle)))
        stats.process.send_signal(signal.SIGTERM)
        self.assertEqual(stats.wait(), 0)
        video = json.loads(stats.text()[0])["services"][0]
        self.assertEqual((video["calls"], video["bytesAreWhole"]), (2, True))
        self.assertGreater(video["bytes"]["results"], 320 * 240 * 3)

    def test_raw_data_that_a_trace_does_not_show_makes_the_bytes_a_lower_bound(self):
        stats = self.start("people", "beckon", "--bus", self.url, "stats", "ALMemory", "--for", "600")
        stats.await_line("measuring ")
        self.assertDone(self.on_bus("call", "ALMemory.insertData", '"key"', '{"$type": "r", "$value": {"$raw": "AAEC/w=="}}'))
        stats.process.send_signal(signal.SIGINT)
        self.assertEqual(stats.wait(), 0)
        self.assertRegex(stats.text()[0], r"\nALMemory +1 .* >\d+ +>\d+ +>\d+\n")
        self.assertIn(">: without raw data and objects, which a trace does not show", stats.text()[0])

    def test_what_cannot_be_traced_is_told(self):
        for verb in ("trace", "stats"):
            self.assertFails(self.on_bus(verb, "ALDance"), 3, "unknown-service", 'no service "ALDance"')
            self.assertFails(self.beckon(verb, "nao1/ALMotion"), 2, "invalid-argument", "for a bus", "--bus")
            self.assertFails(self.on_bus(verb, "ALMotion", "x"), 2, "invalid-argument", "one word too many")
        self.assertFails(self.on_bus("trace", "ALMotion.jump"), 3, "unknown-member", '"jump"', "verb info")
        self.assertFails(self.on_bus("trace", "ALMotion."), 2, "invalid-argument", "SERVICE[.MEMBER]")
        self.assertFails(self.on_bus("stats", "--for", "0"), 2, "invalid-argument", "--for")
        self.assertFails(self.on_bus("trace", "--count", "x"), 2, "invalid-argument", "--count")
        self.directory.end()
        for verb in ("trace", "stats"):
            self.assertFails(self.on_bus(verb), 4, "unreachable", "refused")


if __name__ == "__main__":
    unittest.main(verbosity=2)
