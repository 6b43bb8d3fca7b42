"""Control leases as operators have them: by the LAN door and by XMPP, with a robot that moves (docs/design/027)."""

import json
import pathlib
import signal
import struct
import subprocess
import sys
import time
import unittest

from computers import Computer, run
from lan_test import EVERYTHING, LanWorld
from old_robot import text
from qi_caller import Caller
from world import BIN, XmppWorld, until

LEASE = '[leases.drive]\non = ["ALMotion"]\nheartbeat = "200 ms"\nlapse = "1 s"\nstop = ["ALMotion.stopMove"]\n'
POLICY = '[roles]\noperator = []\n' + LEASE + '[[rule]]\nname = "operators"\nwho = ["role:operator"]\nmay = "*"\non = "*"\n'
LAPSE = 1.0


class Controlled(LanWorld):
    def setUp(self):
        super().setUp()
        (self.folder / "policy.toml").write_text(POLICY)

    def start_all(self, computer=None, **options):
        """A robot whose motion is traced: what comes to it, and when, as its service sees it."""
        if computer:
            self.inside = computer.command
        self.start_robot(**options)
        self.sim = self.start_sim()
        self.robot.await_text("control leases may be taken")
        self.tablet, self.phone = self.token("tablet"), self.token("phone")
        self.trace = self.start("trace", "beckon", "--bus", self.url, "trace", "ALMotion", "--json")
        self.trace.await_line("tracing ")

    def hold(self, token, *arguments, name="holder"):
        return self.start(name, "beckon", "--bus", self.lan, "--pin", self.key, "--token-file", token, "control", "drive", *(arguments or ("--hold",)))

    def came(self, member):
        """When the service was asked for it."""
        passed = [json.loads(line) for line in self.trace.lines("{")]
        return [line["time"] for line in passed if line["kind"] == "call" and line["member"] == member]

    def leases(self, token):
        return self.assertDone(self.outside(token, "--json", "control")).json()

    def watchdog(self):
        """The number of the process."""
        for place in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                number, rest = place.read_text().split(" (", 1)
            except OSError:
                continue
            name, rest = rest.rsplit(") ", 1)
            if name == "beckond-watchdo" and int(rest.split()[1]) == self.robot.process.pid:
                return int(number)
        return None


class Control(Controlled):
    def test_who_has_control_moves_the_robot_and_nobody_else_does(self):
        self.start_all()
        self.assertFails(self.outside(self.tablet, "call", "ALMotion.moveTo", "0.1", "0", "0"), 7, "call-failed", "lease-needed", "nobody has")
        holder = self.hold(self.tablet)
        holder.await_line("control of drive is yours")
        self.assertDone(self.outside(self.tablet, "call", "ALMotion.moveTo", "0.05", "0", "0"))
        self.assertFails(self.outside(self.phone, "call", "ALMotion.moveTo", "0.1", "0", "0"), 7, "call-failed", "lease-needed", "token:tablet has")
        self.assertEqual(len(self.came("moveTo")), 1)
        self.assertDone(self.outside(self.phone, "get", "ALTextToSpeech.volume"))
        lease = self.leases(self.phone)[0]
        self.assertEqual((lease["name"], lease["state"], lease["holder"], lease["on"]), ("drive", "held", "token:tablet", ["ALMotion.*"]))
        self.assertFails(self.outside(self.phone, "control", "drive", "--hold"), 6, "lease-held", "token:tablet")
        # Handed over when it is given back; the robot is brought to rest between.
        waiting = self.hold(self.phone, "--hold", "--ask", name="waiting")
        waiting.await_line("asking token:tablet")
        self.assertEqual(self.came("stopMove"), [])
        holder.end()
        waiting.await_line("control of drive is yours", limit=3)
        self.assertEqual(holder.process.returncode, 0, holder.text())
        self.assertEqual(len(self.came("stopMove")), 1)
        self.assertDone(self.outside(self.phone, "call", "ALMotion.moveTo", "0.05", "0", "0"))

    def test_a_command_runs_for_as_long_as_control_lasts(self):
        self.start_all()
        move = (BIN / "beckon", "--bus", self.lan, "--pin", self.key, "--token-file", self.tablet, "call", "ALMotion.moveTo", "0.05", "0", "0")
        self.assertEqual(self.outside(self.tablet, "control", "drive", "--", *move).code, 0)
        self.assertEqual(len(self.came("moveTo")), 1)
        until(lambda: self.leases(self.phone)[0]["state"] == "free", "it was not given back")
        self.assertEqual(self.outside(self.tablet, "control", "drive", "--", "false").code, 1)
        until(lambda: self.leases(self.phone)[0]["state"] == "free", "it was not given back")
        # Somebody lets it stop for a while (^Z): that is not its end, and its end is noticed all the same.
        stopped = self.hold(self.tablet, "--", "sh", "-c", "kill -STOP $$; exit 3", name="stopped")
        stopped.await_line("control of drive is yours")
        children = pathlib.Path(f"/proc/{stopped.process.pid}/task/{stopped.process.pid}/children")
        child = until(children.read_text, "no command was started").strip()
        until(lambda: pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(") ", 1)[1][0] == "T", "it does not stop")
        run("kill", "-CONT", child)
        self.assertEqual(stopped.wait(10), 1)
        until(lambda: self.leases(self.phone)[0]["state"] == "free", "it was not given back")
        command = self.hold(self.tablet, "--", "sleep", "600")
        command.await_line("control of drive is yours")
        begun = time.monotonic()
        self.assertDone(self.beckon("token", "--state", self.folder / "state", "revoke", "tablet"))
        self.assertEqual(command.wait(10), 6)
        self.assertLess(time.monotonic() - begun, 5)
        command.await_text("control of \"drive\" is lost")
        until(lambda: len(self.came("stopMove")) == 4, "the robot was not brought to rest")

    def test_motion_stops_when_beckond_is_killed(self):
        (self.folder / "policy.toml").write_text(POLICY.replace('lapse = "1 s"', 'lapse = "60 s"'))
        self.start_all()
        holder = self.hold(self.tablet)
        holder.await_line("control of drive is yours")
        watchdog = self.watchdog()
        self.assertDone(self.outside(self.tablet, "call", "ALMotion.move", "0.1", "0", "0"))
        until(lambda: self.came("move"), "it does not move")
        killed = time.time()
        self.robot.kill()
        stopped = until(lambda: self.came("stopMove"), "the robot moves on")[0]
        print(f"stopped {1000 * (stopped - killed):.0f} ms after beckond was killed")
        self.assertLess(stopped - killed, 1)
        until(lambda: not pathlib.Path(f"/proc/{watchdog}/stat").exists(), "the watchdog stays")
        self.assertEqual(holder.wait(10), 6)

    def test_motion_stops_when_beckond_hangs(self):
        self.start_all()
        self.hold(self.tablet).await_line("control of drive is yours")
        self.assertDone(self.outside(self.tablet, "call", "ALMotion.move", "0.1", "0", "0"))
        hung = time.time()
        self.robot.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.robot.process.send_signal, signal.SIGCONT)
        stopped = until(lambda: self.came("stopMove"), "the robot moves on", limit=LAPSE + 3)[0]
        print(f"stopped {1000 * (stopped - hung):.0f} ms after beckond was stopped")
        self.assertLess(stopped - hung, LAPSE + 0.1)
        self.assertGreater(stopped - hung, LAPSE - 0.3)  # the last heartbeat counts

    def test_a_beckond_that_is_started_anew_waits_until_the_robot_was_stopped(self):
        # A stop that takes as long as the way that the robot is on.
        (self.folder / "policy.toml").write_text(POLICY.replace("stopMove", "waitUntilMoveIsFinished"))
        self.start_directory()
        config = self.folder / "robot.toml"
        config.write_text(f'[bus]\nattach = "{self.url}"\n[lan]\nlisten = "tcps://127.0.0.1:0"\n[policy]\nfile = "policy.toml"\n')
        self.start_sim()
        self.trace = self.start("trace", "beckon", "--bus", self.url, "trace", "ALMotion", "--json")
        self.trace.await_line("tracing ")

        def start_beckond(name):
            self.robot = self.start(name, "beckond", "run", "--config", config)
            _, self.lan, self.key = self.robot.await_line("lan ").split()

        start_beckond("first")
        self.robot.await_text("control leases may be taken")
        token = self.token("tablet")
        self.hold(token).await_line("control of drive is yours")
        old = self.watchdog()
        self.assertDone(self.on_bus("post", "ALMotion.moveTo", "0.3", "0", "0", "4.0"))
        self.robot.kill()
        until(lambda: self.came("waitUntilMoveIsFinished"), "it does not stop the robot")
        start_beckond("second")
        self.robot.await_text(f"the watchdog of an earlier beckond, process {old}, has not ended yet")
        self.assertFails(self.outside(token, "control", "drive", "--", "true"), 4, "unreachable", f"process {old}")
        self.assertEqual(self.on_bus("call", "ALMotion.moveIsActive").out, "true\n")
        self.robot.await_text("control leases may be taken")
        self.assertEqual(self.on_bus("call", "ALMotion.moveIsActive").out, "false\n")
        self.assertEqual(self.outside(token, "control", "drive", "--", "true").code, 0)

    def test_a_stop_that_takes_seconds_is_left_to_the_service_and_the_next_waits_for_it(self):
        (self.folder / "policy.toml").write_text(POLICY.replace("stopMove", "waitUntilMoveIsFinished"))
        self.start_all()
        self.assertDone(self.on_bus("post", "ALMotion.moveTo", "0.3", "0", "0", "4.0"))
        self.assertEqual(self.outside(self.tablet, "control", "drive", "--", "true").code, 0)
        until(lambda: self.came("waitUntilMoveIsFinished"), "it does not stop the robot")
        self.assertFails(self.outside(self.phone, "control", "drive", "--", "true"), 6, "lease-held", "is being stopped")
        until(lambda: self.leases(self.phone)[0]["state"] == "free", "it stays held", limit=10)
        self.assertEqual(self.on_bus("call", "ALMotion.moveIsActive").out, "false\n")
        self.assertEqual(len(self.came("waitUntilMoveIsFinished")), 1)

    def test_a_service_that_hangs_makes_control_impossible_and_does_not_make_the_watchdog_look_dead(self):
        (self.folder / "policy.toml").write_text(EVERYTHING)
        self.start_robot()
        sim = self.start_sim()
        sim.process.send_signal(signal.SIGSTOP)
        self.addCleanup(sim.process.send_signal, signal.SIGCONT)
        (self.folder / "policy.toml").write_text(POLICY)
        self.robot.await_text("nobody can take control: ALMotion is not there")  # after longer than a dead one may be silent
        sim.process.send_signal(signal.SIGCONT)
        self.robot.await_text("control leases may be taken")
        self.assertNotIn("has died", self.robot.text()[1])

    def what_waits_for_a_service_that_hangs(self, end):
        """`end` ends the lease of a client, whose motion waits in the gateway."""
        (self.folder / "policy.toml").write_text(POLICY.replace('lapse = "1 s"', 'lapse = "60 s"'))
        self.start_all()
        caller = Caller(self.lan, self.tablet.read_text().strip())
        self.addCleanup(caller.socket.close)
        control, motion, memory = (caller.find(name) for name in ("Control", "ALMotion", "ALMemory"))
        take, self.give = (caller.methods(control)[name] for name in ("take::(s)", "give::(ss)"))
        move = (motion, 1, caller.methods(motion)["move::(fff)"])
        insert = (memory, 1, caller.methods(memory)["insertData::(sm)"])
        self.assertIsNotNone(caller.ask((control, 1, take), text("drive")))
        self.sim.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.sim.process.send_signal, signal.SIGCONT)
        for _ in range(400):  # more than lies in a socket
            caller.send(insert, text("key") + text("s") + text("x" * 10000))
        caller.send(move, struct.pack("<3f", 0.1, 0, 0))
        caller.ask((control, 1, caller.methods(control)["leases::()"]))  # all has arrived
        end(caller, control)
        self.robot.await_text("token:tablet no longer has the control lease")
        self.sim.process.send_signal(signal.SIGCONT)
        until(lambda: self.leases(self.phone)[0]["state"] == "free", "it is not stopped", limit=10)
        until(lambda: len(self.came("stopMove")) == 1, "it is not stopped once")
        move = (BIN / "beckon", "--bus", self.lan, "--pin", self.key, "--token-file", self.phone, "call", "ALMotion.move", "0", "0", "0")
        self.assertEqual(self.outside(self.phone, "control", "drive", "--", *move).code, 0)
        until(lambda: len(self.came("stopMove")) == 2, "it is not stopped again")
        self.assertEqual(len(self.came("move")), 1)

    def test_what_waits_for_a_service_that_hangs_never_runs_after_the_lease(self):
        self.what_waits_for_a_service_that_hangs(lambda caller, control: caller.ask((control, 1, self.give), text("drive") + text("")))

    def test_what_waits_for_a_service_that_hangs_never_runs_after_its_caller_has_gone(self):
        self.what_waits_for_a_service_that_hangs(lambda caller, _: caller.socket.close())

    def test_motion_stops_at_once_when_beckond_is_ended(self):
        (self.folder / "policy.toml").write_text(POLICY.replace('lapse = "1 s"', 'lapse = "60 s"'))
        self.start_all()
        self.hold(self.tablet).await_line("control of drive is yours")
        watchdog = self.watchdog()
        self.robot.end()
        until(lambda: self.came("stopMove"), "the robot moves on", limit=3)
        until(lambda: not pathlib.Path(f"/proc/{watchdog}/stat").exists(), "the watchdog stays", limit=3)

    def test_without_a_watchdog_nobody_has_control(self):
        self.start_all()
        holder = self.hold(self.tablet)
        holder.await_line("control of drive is yours")
        self.assertDone(self.outside(self.tablet, "call", "ALMotion.move", "0.1", "0", "0"))
        run("kill", "-KILL", self.watchdog())
        self.robot.await_text("the watchdog has died")
        until(lambda: self.came("stopMove"), "the robot moves on", limit=5)
        self.assertEqual(holder.wait(10), 6)
        until(lambda: self.outside(self.phone, "control", "drive", "--", "true").code == 0, "no other watchdog was started")
        # One that hangs is found out, too.
        run("kill", "-STOP", self.watchdog())
        until(lambda: self.robot.text()[1].count("the watchdog has died") == 2, "it hangs unnoticed")
        until(lambda: self.outside(self.phone, "control", "drive", "--", "true").code == 0, "no other watchdog was started")

    def test_a_policy_that_changes_elsewhere_takes_control_from_nobody(self):
        self.start_all()
        holder = self.hold(self.tablet)
        holder.await_line("control of drive is yours")
        (self.folder / "policy.toml").write_text(POLICY + "# a word more\n")
        self.robot.await_text("the policy is now version")
        self.assertDone(self.outside(self.tablet, "call", "ALMotion.move", "0.1", "0", "0"))
        self.assertIsNone(holder.process.poll())

    def test_a_stop_that_is_not_there_is_no_control(self):
        (self.folder / "policy.toml").write_text(POLICY.replace("stopMove", "halt"))
        self.start_robot()
        self.start_sim()
        token = self.token("tablet")
        self.robot.await_text("ALMotion.halt() is not there")
        self.assertFails(self.outside(token, "control", "drive", "--hold"), 4, "unreachable", "ALMotion.halt() is not there")
        (self.folder / "policy.toml").write_text(POLICY)
        self.robot.await_text("control leases may be taken")
        self.assertEqual(self.outside(token, "control", "drive", "--", "true").code, 0)

    def test_a_robot_whose_directory_is_somebody_elses_is_stopped_too(self):
        self.start_directory()
        (self.folder / "robot.toml").write_text(f'[bus]\nattach = "{self.url}"\n[lan]\nlisten = "tcps://127.0.0.1:0"\n[policy]\nfile = "policy.toml"\n')
        self.robot = self.start("beckond", "beckond", "run", "--config", self.folder / "robot.toml")
        _, self.lan, self.key = self.robot.await_line("lan ").split()
        self.start_sim()
        self.robot.await_text("control leases may be taken")
        self.trace = self.start("trace", "beckon", "--bus", self.url, "trace", "ALMotion", "--json")
        self.trace.await_line("tracing ")
        self.hold(self.token("tablet")).await_line("control of drive is yours")
        self.robot.kill()
        until(lambda: self.came("stopMove"), "the robot moves on", limit=LAPSE + 1)


class CutOff(Controlled):
    def held_from_outside(self):
        """A computer beside the robot, and on it who has control."""
        robot, outside = Computer(self, "robot", "the-robot"), Computer(self, "outside", "a-tablet")
        robot.cable(outside, "10.78.0.1", "10.78.0.2", device="external")
        self.start_all(robot, bus="tcp://127.0.0.1:9559", lan="tcps://0.0.0.0:9503")
        self.inside = outside.command
        self.lan = "tcps://10.78.0.1:9503"
        holder = self.hold(self.tablet)
        holder.await_line("control of drive is yours")
        return outside, holder

    def test_what_is_sent_into_a_silence_of_5_seconds_never_arrives(self):
        (self.folder / "policy.toml").write_text(POLICY.replace('lapse = "1 s"', 'lapse = "60 s"'))
        outside, holder = self.held_from_outside()
        cut = time.time()
        run(*outside.network, "ip", "link", "set", "external", "down")
        self.robot.await_text("its session has ended", limit=6)
        self.assertLess(until(lambda: self.came("stopMove"), "the robot moves on")[0] - cut, 5)
        run(*outside.network, "ip", "link", "set", "external", "up")
        # Heartbeats on the old connection, of which each would have kept control for a minute.
        self.assertEqual(holder.wait(20), 6)
        self.assertEqual(self.robot.text()[1].count("token:tablet has the control lease"), 1)

    def test_motion_stops_when_the_network_of_who_has_control_is_cut_and_nothing_stale_runs_afterwards(self):
        outside, holder = self.held_from_outside()
        self.assertDone(self.outside(self.tablet, "call", "ALMotion.move", "0.1", "0", "0"))
        until(lambda: self.came("move"), "it does not move")
        cut = time.time()
        run(*outside.network, "ip", "link", "set", "external", "down")
        stopped = until(lambda: self.came("stopMove"), "the robot moves on", limit=LAPSE + 3)[0]
        print(f"stopped {1000 * (stopped - cut):.0f} ms after the cut")
        self.assertLess(stopped - cut, LAPSE + 0.1)
        self.assertGreater(stopped - cut, LAPSE - 0.3)  # the last heartbeat counts
        moved = len(self.came("move"))
        # What the holder's computer has kept for the robot arrives now: its heartbeats do not bring it back.
        run(*outside.network, "ip", "link", "set", "external", "up")
        holder.await_text("is lost", limit=10)
        self.assertEqual(holder.wait(10), 6)
        self.assertFails(self.outside(self.tablet, "call", "ALMotion.move", "0.1", "0", "0"), 7, "call-failed", "lease-needed")
        self.assertEqual(len(self.came("move")), moved)
        self.assertEqual(self.outside(self.phone, "control", "drive", "--", "true").code, 0)


    def test_what_was_sent_over_the_cut_connection_of_who_had_control_does_not_run_when_it_is_back(self):
        outside, holder = self.held_from_outside()
        holder.end()
        until(lambda: self.leases(self.phone)[0]["state"] == "free", "it was not given back")
        stops = len(self.came("stopMove"))
        caller = self.start("caller", *outside.command, sys.executable, pathlib.Path(__file__).with_name("qi_caller.py"), self.lan, self.tablet,
                            binary=False, stdin=subprocess.PIPE)
        self.addCleanup(caller.process.stdin.close)

        def say(line):
            caller.process.stdin.write(line + b"\n")
            caller.process.stdin.flush()

        caller.await_line("held")
        say(b"move")
        caller.await_line("done")
        run(*outside.network, "ip", "link", "set", "external", "down")
        for line in (b"move", b"keep", b"move"):
            say(line)
        until(lambda: len(self.came("stopMove")) > stops, "the robot moves on", limit=LAPSE + 3)
        run(*outside.network, "ip", "link", "set", "external", "up")
        until(lambda: len(caller.lines("lease-needed")) == 3, "the connection does not come back", limit=10)
        self.assertEqual(len(self.came("move")), 1)


class ByXmpp(XmppWorld):
    def test_control_is_taken_kept_and_given_back(self):
        self.write("policy.toml", LEASE + '[[rule]]\nname = "owner"\nwho = ["owner@robots.test"]\nmay = "*"\non = "*"\n'
                   '[[rule]]\nname = "stranger"\nwho = ["stranger@robots.test"]\nmay = "get"\non = "*"\n')
        self.write("robot.toml", self.account("nao1") + '[bus]\nlisten = "tcp://127.0.0.1:0"\n[policy]\nfile = "policy.toml"\n')
        self.start_robot()
        self.start("sim", "beckon-sim", "--bus", self.url).await_line("ready")
        self.robot.await_text("control leases may be taken")
        self.assertFails(self.owner("call", "nao1/ALMotion.moveTo", "0.05", "0", "0"), 6, "lease-needed")
        watch = self.start_watch("Control.changed")
        config = ("--config", self.folder / "owner.toml")
        done = self.owner("control", "nao1", "drive", "--", BIN / "beckon", *config, "call", "nao1/ALMotion.moveTo", "0.05", "0", "0")
        self.assertEqual(done.code, 0, done)
        watch.await_text("owner@robots.test")
        self.assertFails(self.owner("call", "nao1/ALMotion.moveTo", "0.05", "0", "0"), 6, "lease-needed")
        self.assertIn("Control", self.owner("services", "nao1").out)
        self.assertNotIn("Control", self.stranger("services", "nao1").out)
        self.assertFails(self.stranger("control", "nao1"), 3, "unknown-service")
        # A call that takes longer than control lasts ends with it.
        holder = self.start("holder", "beckon", *config, "control", "nao1", "drive", "--hold")
        holder.await_line("control of drive is yours")
        moving = self.start("moving", "beckon", *config, "--timeout", "30", "call", "nao1/ALMotion.moveTo", "5", "0", "0")
        until(lambda: self.on_bus("call", "ALMotion.moveIsActive").out == "true\n", "it does not move")
        holder.process.send_signal(signal.SIGKILL)
        self.assertEqual(moving.wait(10), 6, moving.text())
        moving.await_text("lease-needed")
        self.assertEqual(self.on_bus("call", "ALMotion.moveIsActive").out, "false\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
