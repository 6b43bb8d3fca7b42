"""`beckon --bus` against a real directory and the simulated robot."""

import json
import socket
import struct
import threading
import time
import unittest

from world import World


class Bus(World):
    def setUp(self):
        super().setUp()
        self.start_directory()
        self.sim = self.start_sim()

    def test_services_are_listed_with_their_endpoints(self):
        services = {s["name"]: s for s in self.assertDone(self.on_bus("--json", "services")).json()}
        for name in ("ServiceDirectory", "ALTextToSpeech", "ALBattery", "ALMotion", "ALMemory", "ALVideoDevice"):
            self.assertIn(name, services)
        self.assertEqual(services["ServiceDirectory"]["id"], 1)
        self.assertEqual(services["ALMotion"]["processId"], self.sim.process.pid)
        self.assertRegex(services["ALMotion"]["endpoints"][0], r"^tcp://127\.0\.0\.1:\d+$")
        self.assertIn("ALMotion", self.assertDone(self.on_bus("services")).out)

    def test_info_shows_members_with_their_signatures(self):
        info = self.assertDone(self.on_bus("info", "ALMotion", "--json")).json()
        self.assertIn({"name": "moveToward", "parameters": "(fff)", "returns": "v"},
                      [{k: m[k] for k in ("name", "parameters", "returns")} for m in info["methods"]])
        self.assertNotIn("registerEvent", [m["name"] for m in info["methods"]])
        self.assertIn("method    stopMove() -> v", self.assertDone(self.on_bus("info", "ALMotion")).out)

    def test_a_move_changes_the_position_over_time(self):
        before = self.assertDone(self.on_bus("--json", "call", "ALMotion.getRobotPosition", "true")).json()
        self.assertEqual(before, {"signature": "[f]", "value": [0.0, 0.0, 0.0]})
        self.assertDone(self.on_bus("call", "ALMotion.moveToward", "1", "0", "-0.5"))
        positions = [self.on_bus("--json", "call", "ALMotion.getRobotPosition", "true").json()["value"] for _ in range(2)]
        self.assertGreater(positions[1][0], positions[0][0])
        self.assertLess(positions[1][2], 0)
        self.assertDone(self.on_bus("call", "ALMotion.stopMove"))

    def test_what_was_said_is_what_is_reported(self):
        watch = self.start("watch", "beckon", "--bus", self.url, "--json", "watch", "ALTextToSpeech.textDone", "--count", "1")
        watch.await_line("watching ALTextToSpeech.textDone")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.say", json.dumps("grüezi \"you\"")))
        self.assertEqual(watch.wait(), 0)
        self.assertEqual(json.loads(watch.text()[0])["arguments"][1], "grüezi \"you\"")

    def test_a_property_is_set_and_watched(self):
        watch = self.start("watch", "beckon", "--bus", self.url, "watch", "ALTextToSpeech.volume", "--count", "2")
        watch.await_line("watching ")
        self.assertDone(self.on_bus("set", "ALTextToSpeech.volume", "0.25"))
        self.assertDone(self.on_bus("set", "ALTextToSpeech.volume", "0.5"))
        self.assertEqual(watch.wait(), 0)
        self.assertEqual(watch.text()[0], "volume [0.25]\nvolume [0.5]\n")
        self.assertEqual(self.assertDone(self.on_bus("get", "ALTextToSpeech.volume")).out, "0.5\n")

    def test_memory_keeps_values_with_their_types(self):
        value = '{"list": [1, 2.5, "x", null], "big": 9223372036854775807, "raw": {"$raw": "AAEC/w=="}}'
        self.assertDone(self.on_bus("call", "ALMemory.insertData", '"key"', value))
        back = self.assertDone(self.on_bus("--json", "call", "ALMemory.getData", '"key"')).json()["value"]
        self.assertEqual(back["$type"], "{sm}")
        self.assertEqual(back["$value"]["big"], {"$type": "l", "$value": 9223372036854775807})
        self.assertEqual(back["$value"]["raw"], {"$type": "r", "$value": {"$raw": "AAEC/w=="}})
        self.assertIn('"list":[1,2.5,"x",null]', self.on_bus("call", "ALMemory.getData", '"key"').out)

    def test_an_unknown_service_is_told(self):
        self.assertFails(self.on_bus("call", "ALDance.go"), 3, "unknown-service", 'no service "ALDance"', "the verb services")
        self.assertFails(self.on_bus("info", "ALDance"), 3, "unknown-service")
        self.assertFails(self.on_bus("watch", "ALDance.step"), 3, "unknown-service")

    def test_an_unknown_member_is_told_with_those_that_exist(self):
        self.assertFails(self.on_bus("call", "ALMotion.jump"), 3, "unknown-member", '"jump"', "moveToward", "stopMove")
        self.assertFails(self.on_bus("get", "ALBattery.color"), 3, "unknown-member", '"color"', "charge")
        self.assertFails(self.on_bus("set", "ALBattery.color", "1"), 3, "unknown-member", "charge")
        self.assertFails(self.on_bus("watch", "ALTextToSpeech.nothing"), 3, "unknown-member", "textDone")

    def test_too_few_arguments_are_told(self):
        self.assertFails(self.on_bus("call", "ALMotion.moveToward", "1"), 2, "bad-arguments", "too few", "1 given", "3 wanted", "ALMotion.moveToward(fff)")

    def test_too_many_arguments_are_told(self):
        self.assertFails(self.on_bus("call", "ALMotion.stopMove", "1", "2"), 2, "bad-arguments", "too many", "2 given")

    def test_a_mistyped_argument_is_told_with_its_place(self):
        self.assertFails(self.on_bus("call", "ALMotion.moveToward", "1", '"fast"', "0"), 2, "bad-arguments", "argument 2", '"fast"', "number")
        self.assertFails(self.on_bus("set", "ALTextToSpeech.volume", '"loud"'), 2, "bad-arguments", '"loud"')

    def test_malformed_json_is_told_with_line_and_column(self):
        self.assertFails(self.on_bus("call", "ALTextToSpeech.say", "hello"), 2, "malformed-json", "argument 1", "line 1, column")
        self.assertFails(self.on_bus("call", "ALMemory.insertData", '"k"', '{"a":}'), 2, "malformed-json", "argument 2", "column 6")

    def test_nesting_10000_deep_is_refused(self):
        deep = "[" * 10000 + "]" * 10000
        answer = self.on_bus("call", "ALMemory.insertData", '"k"', deep)
        self.assertFails(answer, 8, "too-large", "nested deeper")
        self.assertLess(len(answer.err), 1000, "the message does not repeat what was refused")

    def test_what_the_service_refuses_is_told_in_its_words(self):
        self.assertFails(self.on_bus("set", "ALBattery.charge", "5"), 7, "call-failed", "ALBattery answered")

    def test_wrong_usage_is_told(self):
        self.assertFails(self.on_bus("call", "ALMotion"), 2, "invalid-argument", "SERVICE.MEMBER")
        self.assertFails(self.on_bus("services", "x"), 2, "invalid-argument", "one word too many")
        self.assertFails(self.on_bus("services", "--jsno"), 2, "invalid-argument", "--jsno")
        self.assertFails(self.on_bus("robots"), 2, "invalid-argument")
        self.assertFails(self.beckon("watch", "x.y"), 2, "invalid-argument", "ROBOT/SERVICE.MEMBER")
        self.assertFails(self.beckon(), 2, "invalid-argument", "subcommand")

    def test_errors_are_json_where_json_is_asked_for(self):
        answer = self.on_bus("--json", "call", "ALMotion.jump")
        self.assertEqual((answer.code, answer.err), (3, ""))
        self.assertEqual(answer.json()["error"]["code"], "unknown-member")

    def test_a_service_killed_in_mid_call_is_told(self):
        call = self.start("call", "beckon", "--bus", self.url, "call", "ALMotion.moveTo", "100", "0", "0")
        end = time.monotonic() + 20
        while self.on_bus("call", "ALMotion.moveIsActive").out != "true\n":
            self.assertLess(time.monotonic(), end)
        self.sim.kill()
        self.assertEqual(call.wait(5), 4)
        self.assertIn("error (service-gone): ALMotion ended before it answered", call.text()[1])
        self.assertIn("next: ", call.text()[1])

    def test_a_killed_robot_is_gone_within_a_second_and_back_within_two(self):
        services = self.start("services", "beckon", "--bus", self.url, "watch")
        speech = self.start("speech", "beckon", "--bus", self.url, "watch", "ALTextToSpeech.volume")
        services.await_line("watching ")
        speech.await_line("watching ")
        self.sim.kill()
        begin = time.monotonic()
        services.await_line("- ALTextToSpeech", limit=1)
        speech.await_line("ALTextToSpeech is gone", limit=1 - (time.monotonic() - begin))
        self.start_sim("again")
        begin = time.monotonic()
        services.await_line("+ ALTextToSpeech", limit=2)
        speech.await_line("watching ", count=2, limit=2 - (time.monotonic() - begin))
        self.assertDone(self.on_bus("set", "ALTextToSpeech.volume", "0.125"))
        speech.await_line("volume [0.125]")

    def test_the_directory_killed_while_watching_is_told_and_waited_for(self):
        watch = self.start("watch", "beckon", "--bus", self.url, "watch")
        watch.await_line("watching ")
        self.directory.kill()
        watch.await_line("the directory is gone, waiting for it")
        self.start("directory2", "beckon-directory", self.url)
        watch.await_line("the directory is there again", limit=3)
        watch.await_line("+ ALTextToSpeech", limit=3)


class Restarted(World):
    """A directory that keeps its numbers, killed and started again."""

    def setUp(self):
        super().setUp()
        self.state = self.folder / "numbers"
        self.start_again("tcp://127.0.0.1:0")
        self.sim = self.start_sim()

    def start_again(self, url, name="directory"):
        self.directory = self.start(name, "beckon-directory", url, "--state", self.state)
        self.url = self.directory.await_line("ready ").split()[1]

    def numbers(self):
        return {service["name"]: service["id"] for service in self.assertDone(self.on_bus("--json", "services")).json()}

    def test_services_and_subscriptions_are_back_within_3_seconds_and_no_number_repeats(self):
        watch = self.start("watch", "beckon", "--bus", self.url, "watch", "ALTextToSpeech.languageTTS")
        watch.await_line("watching ")
        before = self.numbers()
        self.directory.kill()
        begin = time.monotonic()
        self.start_again(self.url, "directory2")
        self.sim.await_line("ready ", count=2, limit=3 - (time.monotonic() - begin))
        after = self.numbers()
        self.assertEqual(set(before), set(after))
        self.assertEqual(set(before.values()) & set(after.values()), {1})  # the directory itself
        # What was subscribed to on the service itself never ended.
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"German"'))
        watch.await_line('languageTTS ["German"]')
        self.assertNotIn("ALTextToSpeech is gone", watch.text()[1])

    def test_a_state_that_cannot_be_used_is_told_and_the_directory_runs(self):
        self.state = self.folder / "no" / "such" / "folder"
        self.start_again("tcp://127.0.0.1:0", "other")
        self.directory.await_text("Numbers begin anew at each start")


class Wrong(World):
    """What a user reads when something else than a directory is at the address."""

    def serve(self, answer, close):
        """A listener that answers each connection with these bytes."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        kept = []

        def loop():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                kept.append(connection)
                connection.recv(65536)
                connection.sendall(answer)
                if close:
                    connection.close()

        threading.Thread(target=loop, daemon=True).start()
        self.addCleanup(lambda: [c.close() for c in kept])
        self.url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"

    def frame(self, size, payload=b""):
        return struct.pack("<4sIIHBBIII", b"\x42\xde\xad\x42", 1, size, 0, 2, 0, 0, 0, 8) + payload

    def test_a_directory_that_is_not_there(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.url = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        self.assertFails(self.on_bus("services"), 4, "unreachable", "refused", "beckon-directory")

    def test_a_directory_that_never_answers(self):
        self.serve(b"", close=False)
        begin = time.monotonic()
        self.assertFails(self.on_bus("services"), 5, "timed-out", "in time")
        self.assertLess(time.monotonic() - begin, 10)

    def test_an_http_server(self):
        self.serve(b"HTTP/1.1 400 Bad Request\r\n\r\n", close=False)
        self.assertFails(self.on_bus("services"), 8, "protocol-error", "bad magic", "check the address")

    def test_a_truncated_frame(self):
        self.serve(self.frame(100, b"abc"), close=True)
        self.assertFails(self.on_bus("services"), 4, "connection-lost", "in the middle of a message")

    def test_a_header_that_announces_two_gigabytes(self):
        self.serve(self.frame(0x7FFFFFF0), close=False)
        self.assertFails(self.on_bus("services"), 8, "too-large", "2147483632 bytes")

    def test_an_address_that_is_none(self):
        for url in ("127.0.0.1:9559", "tcp://", "quic://robot:9503", "tcp://127.0.0.1:99999"):
            self.url = url
            self.assertFails(self.on_bus("services"), 2, "invalid-argument", url, "tcp://HOST:PORT")

    def test_a_host_that_does_not_exist(self):
        self.url = "tcp://no-such-host.invalid:9559"
        self.assertFails(self.on_bus("services"), 4, "unreachable", "no-such-host.invalid", "name")


if __name__ == "__main__":
    unittest.main(verbosity=2)
