"""What goes wrong between robot, server and remote: each is noticed within its bound, told with its cause and a next step,
and ends when the cause ends; nothing is done twice."""

import json
import os
import re
import socket
import subprocess
import threading
import time
import unittest

from world import LONGEST, XmppWorld, until


class Faults(XmppWorld):
    def offline_told(self, robot, code, *words, limit=LONGEST):
        """beckond says why it is offline, what to do and when it tries again."""
        line = robot.await_text(f"offline ({code}): ", limit)
        self.assertRegex(line, r"offline \([a-z-]+\): [^;]+; [^;]{10,}; trying again in \d+ ms")
        for word in words:
            self.assertIn(word, line)
        return line

    def robot_process(self, name="beckond", config="robot.toml"):
        """Without waiting until it is announced."""
        robot = self.start(name, "beckond", "run", "--config", self.folder / config)
        robot.await_line("ready ")
        return robot

    def position(self):
        return round(self.on_bus("--json", "call", "ALMotion.getRobotPosition", "true").json()["value"][0], 3)


class WrongServer(Faults):
    def test_a_certificate_of_another_authority_is_refused_by_both_sides(self):
        for side in ("owner", "robot"):
            text = (self.folder / f"{side}.toml").read_text()
            self.write(f"{side}.toml", re.sub("ca_file.*\n", "", text))
        begin = time.monotonic()
        self.assertFails(self.owner("robots"), 4, "bad-certificate", "robots.test", "xmpp.ca_file")
        robot = self.robot_process()
        self.offline_told(robot, "bad-certificate", "xmpp.ca_file")
        self.assertLess(time.monotonic() - begin, 10)
        self.assert_no_storm(robot)

    def test_a_wrong_password_is_told_by_both_sides_and_not_tried_again_at_once(self):
        for name in ("owner", "nao1"):
            self.write(f"{name}.password", "wrong\n", 0o600)
        begin = time.monotonic()
        self.assertFails(self.owner("robots"), 6, "not-authenticated", "owner@robots.test")
        robot = self.robot_process()
        self.offline_told(robot, "not-authenticated", "nao1@robots.test")
        self.assertLess(time.monotonic() - begin, 10)
        self.assert_no_storm(robot)

    def assert_no_storm(self, robot):
        waits = [int(wait) for wait in re.findall(r"trying again in (\d+) ms", robot.text()[1])]
        self.assertEqual(len(waits), 1, robot.text())
        self.assertGreaterEqual(waits[0], 10000)

    def test_a_domain_that_the_server_does_not_serve_is_told(self):
        self.write("owner.toml", self.account("owner", account="owner@other.test"))
        begin = time.monotonic()
        self.assertFails(self.owner("robots"), 4, "unreachable", "does not serve", "domain")
        self.assertLess(time.monotonic() - begin, 10)

    def test_a_host_that_nobody_knows_is_told_by_both_sides(self):
        self.inside = Namespace(self).command  # without any name server, the answer does not depend on the machine's
        self.write("owner.toml", self.account("owner", host="no-such-host.invalid"))
        begin = time.monotonic()
        self.assertFails(self.owner("robots"), 4, "unreachable", "no-such-host.invalid")
        self.write("owner.toml", self.account("owner", account="owner@no-such-domain.invalid").replace('host = "127.0.0.1"\n', ""))
        self.assertFails(self.owner("robots"), 4, "unreachable", "no-such-domain.invalid")
        self.write("robot.toml", (self.folder / "robot.toml").read_text().replace('host = "127.0.0.1"', 'host = "no-such-host.invalid"'))
        self.offline_told(self.robot_process(), "unreachable", "no-such-host.invalid")
        self.assertLess(time.monotonic() - begin, 25)

    def test_a_server_that_stalls_in_the_middle_of_tls_is_given_up_by_both_sides(self):
        self.prosody.kill()
        stalling = StallingServer(self.port)
        self.addCleanup(stalling.close)
        robot = self.robot_process()
        begin = time.monotonic()
        self.assertFails(self.owner("robots"), 5, "timed-out", "TLS")
        self.offline_told(robot, "timed-out", "TLS", limit=15)
        self.assertLess(time.monotonic() - begin, 15)
        self.assertGreater(stalling.stalled, 1)
        # It is not stuck: once the server is well, the robot comes.
        stalling.close()
        self.restart_server()
        robot.await_line("announced ")


class StallingServer:
    """Takes connections, begins a stream, agrees to TLS and then says nothing more."""

    def __init__(self, port):
        self.stalled, self.open = 0, []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(peer)
            threading.Thread(target=self.stall, args=(peer,), daemon=True).start()

    def stall(self, peer):
        try:
            self.read_until(peer, b"<stream:stream", b">")
            peer.sendall(b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' "
                         b"from='robots.test' version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"
                         b"</starttls></stream:features>")
            self.read_until(peer, b"<starttls", b">")
            peer.sendall(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            self.stalled += 1
        except OSError:
            pass

    @staticmethod
    def read_until(peer, first, then):
        got = b""
        while then not in got.partition(first)[2]:
            piece = peer.recv(4096)
            if not piece:
                raise OSError("closed")
            got += piece

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for peer in self.open:
            peer.close()
        self.thread.join()


class Namespace:
    """A network of its own, with a loopback device and nothing else; gone with the process that holds it."""

    def __init__(self, world):
        own = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        self.holder = world.start("namespace", *own, "sh", "-c", "ip link set lo up && echo ready && exec cat", binary=False, stdin=subprocess.PIPE)
        self.holder.await_line("ready")
        world.addCleanup(self.holder.process.stdin.close)
        self.command = ["nsenter", f"--target={self.holder.process.pid}", "--net"]
        if os.geteuid() != 0:
            self.command += ["--user", "--preserve-credentials"]


class BlackHole(Faults):
    def start_server(self):
        self.inside = Namespace(self).command
        super().start_server()

    def hole(self, action):
        for end in ("--sport", "--dport"):
            rule = self.start(f"iptables{action}{end}", "iptables", action, "INPUT", "-p", "tcp", end, self.port, "-j", "DROP", binary=False)
            self.assertEqual(rule.wait(), 0, rule.text())

    def test_a_connection_gone_silent_is_noticed_within_40_seconds_and_comes_back(self):
        self.start_robot()
        self.start_sim()
        watch = self.start_watch("ALTextToSpeech.languageTTS")
        self.hole("-A")
        begin = time.monotonic()
        code = re.search(r"offline \(([a-z-]+)\)", self.robot.await_text("offline (", limit=40)).group(1)
        self.assertIn(code, ("timed-out", "connection-lost"))
        self.offline_told(self.robot, code, limit=0.1)
        watch.await_line("nao1 is away", limit=40 - (time.monotonic() - begin))
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"German"'))
        self.hole("-D")
        self.robot.await_line("announced ", count=2)
        watch.await_line("languageTTS missed 1 events")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"French"'))
        watch.await_line('languageTTS ["French"]')
        self.assertIn("ALMotion", self.assertDone(self.owner("services", "nao1")).out)


class Cut(Faults):
    def setUp(self):
        super().setUp()
        self.start_robot()
        self.start_sim()

    def test_a_call_cut_off_by_the_servers_death_is_answered_and_done_once(self):
        spoken = self.start("spoken", "beckon", "--bus", self.url, "--json", "watch", "ALTextToSpeech.textStarted")
        spoken.await_line("watching ")
        text = "a sentence of some length, so that the call takes five seconds or so"
        calls = {verb: self.start(verb, "beckon", "--config", self.folder / "owner.toml", "--timeout", "30", "call", f"nao1/{place}", *arguments)
                 for verb, place, *arguments in (("say", "ALTextToSpeech.say", json.dumps(text)), ("move", "ALMotion.moveTo", "0.25", "0", "0", "3"))}
        spoken.await_line("{")
        until(lambda: self.on_bus("call", "ALMotion.moveIsActive").out == "true\n", "the robot does not move")
        self.prosody.kill()
        self.restart_server()
        for call in calls.values():
            self.assertEqual(call.wait(), 0, call.text())
            self.assertEqual(call.text(), ("", ""))
        # What would have been said twice comes before what is said last.
        self.assertDone(self.on_bus("call", "ALTextToSpeech.say", '"end"'))
        spoken.await_line('{"arguments":[2,"end"]')
        self.assertEqual([json.loads(line)["arguments"][1] for line in spoken.lines("{")], [text, "end"])
        self.assertEqual(self.position(), 0.25)

    def test_a_call_that_ended_while_the_server_was_away_is_answered_from_memory(self):
        call = self.start("move", "beckon", "--config", self.folder / "owner.toml", "--timeout", "30", "call", "nao1/ALMotion.moveTo", "0.25", "0", "0", "1")
        until(lambda: self.on_bus("call", "ALMotion.moveIsActive").out == "true\n", "the robot does not move")
        self.prosody.kill()
        until(lambda: self.on_bus("call", "ALMotion.moveIsActive").out == "false\n", "the robot does not stop")
        self.assertIsNone(call.process.poll(), "there can be no answer yet")
        self.restart_server()
        self.assertEqual(call.wait(), 0, call.text())
        self.assertEqual(self.position(), 0.25)

    def test_a_call_whose_server_stays_away_ends_with_the_cause(self):
        call = self.start("move", "beckon", "--config", self.folder / "owner.toml", "--timeout", "1", "call", "nao1/ALMotion.moveTo", "100", "0", "0")
        until(lambda: self.on_bus("call", "ALMotion.moveIsActive").out == "true\n", "the robot does not move")
        self.prosody.kill()
        self.assertIn(call.wait(15), (4, 5), call.text())
        self.assertRegex(call.text()[1], r"^error \((timed-out|connection-lost)\): .+\n  next: .+\n$")

    def test_a_server_that_lost_its_rosters_finds_both_sides_again(self):
        self.check_roster_loss("nao1", "owner")

    def test_a_server_that_lost_the_robots_roster_finds_both_sides_again(self):
        self.check_roster_loss("nao1")

    def test_a_server_that_lost_the_owners_roster_finds_both_sides_again(self):
        self.check_roster_loss("owner")

    def check_roster_loss(self, *accounts):
        watch = self.start_watch("ALTextToSpeech.languageTTS")
        rosters = self.folder / "prosody" / "data" / "robots%2etest" / "roster"
        self.prosody.kill()
        for account in accounts:
            (rosters / f"{account}.dat").unlink()
        self.restart_server()
        # The side that was there all the time, and one that comes anew.
        watch.await_line("watching ALTextToSpeech.languageTTS again", limit=20)
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"German"'))
        watch.await_line('languageTTS ["German"]')
        self.assertIn("ALMotion", self.assertDone(self.owner("services", "nao1")).out)
        # Both know each other in both directions.
        for account in ("nao1", "owner"):
            until(lambda: '["subscription"] = "both"' in (rosters / f"{account}.dat").read_text(), (rosters / f"{account}.dat").read_text)

    def test_a_second_robot_with_the_same_account_is_told_and_both_slow_down(self):
        self.write("second.toml", (self.folder / "robot.toml").read_text() + '[robot]\nstate = "second"\n')
        both = [self.robot, self.robot_process("second", "second.toml")]
        begin = time.monotonic()
        for robot in both:
            self.offline_told(robot, "connection-lost", "another session took this resource", "no second robot uses the same account", limit=10)
        until(lambda: time.monotonic() > begin + 15, "time passes", 20)
        # Waits that double from 1 s on let both together come 12 times in 20 s, 15 at the very most; without, it is hundreds.
        announced = sum(len(robot.lines("announced ")) for robot in both)
        self.assertLessEqual(announced, 16, [robot.text() for robot in both])
        both[1].end()
        until(lambda: "online" in self.owner("robots").out, "the first robot does not come back", 40)

    def test_a_killed_remote_no_longer_watches_within_60_seconds(self):
        watch = self.start_watch("ALBattery.charge")
        other = self.start_watch("ALTextToSpeech.languageTTS", name="other")
        watch.kill()
        begin = time.monotonic()
        line = self.robot.await_text("no longer watches", limit=60)
        self.assertIn("owner@robots.test no longer watches ALBattery.charge", line)
        self.assertGreater(time.monotonic() - begin, 25, "a watcher that lost its connection has some time to come back")
        self.assertDone(self.on_bus("call", "ALTextToSpeech.setLanguage", '"German"'))
        other.await_line('languageTTS ["German"]')
        self.assertNotIn("no longer watches ALTextToSpeech", self.robot.text()[1])


class TooLarge(Faults):
    """Prosody ends a stream that brings a stanza of more than 262144 bytes."""

    def setUp(self):
        super().setUp()
        self.start_robot()
        self.start_sim()

    def tearDown(self):
        self.assertNotIn("offline (", self.robot.text()[1])
        self.assertEqual(len(self.robot.lines("announced ")), 1)
        for word in ("policy-violation", "too large", "stream error"):
            self.assertNotIn(word, self.prosody.text()[0])

    def test_an_argument_of_1_mib_is_refused_before_it_is_sent(self):
        # The system takes no argument of more than 128 KiB.
        parts = [json.dumps("x" * 131000) for _ in range(8)] + [json.dumps("x" * 1000)]
        self.assertGreater(sum(map(len, parts)), 1 << 20)
        begin = time.monotonic()
        self.assertFails(self.owner("call", "nao1/ALMemory.insertData", *parts), 8, "too-large", "262144")
        self.assertLess(time.monotonic() - begin, 5)
        self.assertFails(self.owner("post", "nao1/ALMemory.insertData", *parts), 8, "too-large")

    def test_what_grows_too_large_by_escaping_is_refused_before_it_is_sent(self):
        self.assertFails(self.owner("call", "nao1/ALMemory.insertData", '"key"', json.dumps("&" * 100000)), 8, "too-large")
        self.assertFails(self.owner("set", "nao1/ALTextToSpeech.volume", json.dumps("&" * 100000)), 8, "too-large")
        self.assertDone(self.owner("call", "nao1/ALMemory.insertData", '"key"', json.dumps("&" * 40000)))

    def test_an_answer_that_is_too_large_is_told_and_the_stream_stays(self):
        self.assertDone(self.on_bus("call", "ALMemory.insertData", '"key"', json.dumps("&" * 100000)))
        self.assertFails(self.owner("call", "nao1/ALMemory.getData", '"key"'), 8, "too-large")
        self.assertDone(self.owner("call", "nao1/ALMotion.moveTo", "0.25", "0", "0", "0.1"))
        self.assertEqual(self.position(), 0.25)

    def test_an_event_that_is_too_large_is_counted_as_missed(self):
        watch = self.start_watch("ALMemory.event")
        self.assertDone(self.on_bus("call", "ALMemory.raiseEvent", '"first"', "1"))
        watch.await_line('event ["first",1]')
        self.assertDone(self.on_bus("call", "ALMemory.raiseEvent", '"large"', json.dumps("&" * 100000)))
        self.assertDone(self.on_bus("call", "ALMemory.raiseEvent", '"last"', "2"))
        watch.await_line('event ["last",2]')
        self.assertIn("event missed 1 events\n", watch.text()[0])
        self.assertNotIn("&&", watch.text()[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
