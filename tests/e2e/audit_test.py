"""The record of a robot, and `beckon audit`: what has been answered is in it, whatever becomes of beckond (docs/design/028)."""

import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
import unittest

from lan_test import EVERYTHING, LanWorld
from old_robot import text
from qi_caller import Caller
from world import BIN, XmppWorld, until


class AuditWorld(LanWorld):
    def audit(self, *arguments, folder=None):
        return self.beckon("audit", "--dir", folder or self.folder / "state" / "audit", *arguments)

    def entries(self, *filters, folder=None):
        done = self.audit("--json", "query", *filters, folder=folder)
        self.assertEqual(done.code, 0, done)
        return [json.loads(line) for line in done.out.splitlines()]

    def assertSound(self):
        done = self.audit("verify")
        self.assertEqual(done.code, 0, done)
        self.assertTrue(done.out.startswith("sound: "), done)
        return done.out.splitlines()[-1].removeprefix("ends with ")

    def caller(self, token):
        caller = Caller(self.lan, token.read_text().strip())
        self.addCleanup(caller.socket.close)
        caller.memory = until(lambda: caller.find("ALMemory"), "ALMemory is not listed outside")
        caller.get = caller.methods(caller.memory)["getData::(s)"]
        return caller


class Audit(AuditWorld):
    def test_the_record_tells_who_did_what_by_which_rule_and_what_became_of_it(self):
        self.start_robot()
        self.start_sim("sim", "--name", "rosie")
        token, guest = self.token("tablet"), self.token("guest", role="guest")
        (self.folder / "policy.toml").write_text(EVERYTHING.replace("operator = []", "operator = []\nguest = []") +
                                                 '[[rule]]\nname = "guests"\nwho = ["role:guest"]\nmay = ["call"]\non = ["ALTextToSpeech.say"]\naudit = "arguments"\n')
        self.robot.await_text("the policy is now version ")
        until(lambda: "ALMemory" in self.outside(token, "services").out, "ALMemory is not listed outside")
        self.assertDone(self.outside(token, "call", "ALMemory.getData", '"Device/DeviceList/ChestBoard/BodyNickName"'))
        self.assertDone(self.outside(token, "set", "ALTextToSpeech.volume", "0.5"))
        self.assertDone(self.outside(guest, "call", "ALTextToSpeech.say", '"hello"'))
        self.assertNotEqual(self.outside(guest, "call", "ALMotion.wakeUp").code, 0)
        self.assertNotEqual(self.outside(None, "services").code, 0)
        self.assertDone(self.beckon("token", "--state", self.folder / "state", "revoke", "guest"))
        until(lambda: self.entries("--what", "token"), "the end of the token is not in the record")
        call, = self.entries("--on", "ALMemory.getData")
        self.assertEqual([call[key] for key in ("what", "door", "who", "outcome", "rule")], ["call", "lan", "token:tablet", "done", "operators"])
        self.assertEqual(call["policy"], self.entries("--what", "policy")[-1]["policy"])
        self.assertGreater(call["took"], 0)
        self.assertNotIn("arguments", call)
        said, = self.entries("--who", "token:guest", "--what", "call", "--outcome", "done")
        self.assertEqual((said["rule"], said["arguments"]), ("guests", '["hello"]'))
        self.assertEqual([entry["on"] for entry in self.entries("--what", "set")], ["ALTextToSpeech.volume"])
        self.assertEqual([entry["why"] for entry in self.entries("--what", "enter", "--outcome", "refused")], ["not-authenticated"])
        came, went = self.entries("--what", "enter", "--who", "token:tablet"), self.entries("--what", "leave", "--who", "token:tablet")
        self.assertEqual({entry["session"] for entry in came}, {entry["session"] for entry in went})
        self.assertIn(call["session"], {entry["session"] for entry in came})
        self.assertEqual(self.entries("--what", "start")[0]["note"].split()[0], "beckond")
        found = subprocess.run(["grep", "-rl", token.read_text().strip()[8:40], self.folder / "state" / "audit"], capture_output=True, text=True, check=False)
        self.assertEqual(found.stdout, "")
        self.assertSound()
        self.robot.end()
        self.assertSound()

    def test_a_number_that_is_used_again_hides_no_call(self):
        self.start_robot()
        self.start_sim()
        caller = Caller(self.lan, self.token("tablet").read_text().strip())
        service = until(lambda: caller.find("ALTextToSpeech"), "ALTextToSpeech is not listed")
        language = (service, 1, caller.methods(service)["getLanguage::()"])
        caller.socket.sendall(caller.frame(99, language) + caller.frame(99, (1, 1, 101)))  # and services()
        told = until(lambda: self.entries("--on", "ALTextToSpeech.getLanguage"), "the call is not in the record")
        self.assertEqual([(entry["outcome"], entry["why"]) for entry in told], [("unanswered", "number-used-again")])

    def test_a_refused_member_is_in_the_record_though_the_caller_is_told_that_there_is_none(self):
        (self.folder / "policy.toml").write_text('[roles]\noperator = []\n[[rule]]\nname = "memory"\nwho = ["role:operator"]\nmay = ["call"]\n'
                                                 'on = ["ALMemory.getData", "ALMotion.stopMove"]\n')
        self.start_robot()
        self.start_sim()
        caller = self.caller(self.token("tablet"))
        granted = set(caller.methods(caller.memory).values())
        hidden = [action for action in range(100, 140) if action not in granted]
        for action in hidden:
            self.assertIsNone(caller.ask((caller.memory, 1, action), text("x")))
        refused = until(lambda: self.entries("--outcome", "refused", "--what", "call"), "nothing is refused")
        self.assertEqual({entry["why"] for entry in refused}, {"not-visible"})
        self.assertIn("ALMemory.insertData", {entry["on"] for entry in refused})
        counted = until(lambda: self.entries("--what", "more"), "the others are not counted")  # 20 are written at once
        self.assertEqual(len(self.entries("--outcome", "refused", "--what", "call")) + sum(entry["count"] for entry in counted), len(hidden))

    def test_kill_9_at_any_moment_leaves_a_record_that_verifies_and_holds_every_answer_that_left(self):
        generator = random.Random(8)
        answered, torn = 0, 0
        self.start_directory()
        self.start_sim()
        token = self.token("tablet")
        bus = self.url
        for round_number in range(50):
            begun = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
            (self.folder / "robot.toml").write_text(f'[bus]\nattach = "{bus}"\n[lan]\nlisten = "tcps://127.0.0.1:0"\n[policy]\nfile = "policy.toml"\n')
            robot = self.start(f"beckond{round_number}", "beckond", "run", "--config", self.folder / "robot.toml")
            _, self.lan, self.key = robot.await_line("lan ").split()
            caller = self.caller(token)
            key = text("Device/DeviceList/ChestBoard/BodyNickName")
            got = []

            def load():
                try:
                    for _ in range(64):
                        caller.send((caller.memory, 1, caller.get), key)
                    while True:
                        number, _, _ = caller.answer()
                        got.append(number)
                        caller.send((caller.memory, 1, caller.get), key)
                except OSError:
                    pass

            thread = threading.Thread(target=load)
            thread.start()
            until(lambda: got, "nothing is answered")
            time.sleep(generator.uniform(0, 0.2))
            robot.kill()
            thread.join()
            self.assertSound()
            entries = self.entries("--since", begun)
            session, = [entry["session"] for entry in entries if entry["what"] == "enter" and entry["note"] == caller.address]
            kept = {int(entry["id"]) for entry in entries if entry["what"] == "call" and entry["session"] == session}
            self.assertLessEqual(set(got), kept, "an answer left before it was in the record")
            answered += len(got)
        self.assertGreater(answered, 1000)

    def test_a_record_that_was_changed_is_told_with_its_place(self):
        self.start_robot()
        self.start_sim()
        caller = self.caller(self.token("tablet"))
        for _ in range(3):
            caller.ask((caller.memory, 1, caller.get), text("Device/DeviceList/ChestBoard/BodyNickName"))
        self.robot.end()
        link = self.assertSound()
        self.assertDone(self.audit("verify", "--holds", link))
        segment, = (self.folder / "state" / "audit").glob("*.jsonl")
        whole = segment.read_text()
        segment.write_text(whole.replace('"outcome":"done","rule":"operators"', '"outcome":"failed","rule":"operators"', 1))
        done = self.audit("verify")
        self.assertEqual(done.code, 1, done)
        self.assertIn("not sound: ", done.out)
        self.assertIn("are not what was written", done.out)
        told = json.loads(self.audit("--json", "verify").out)
        self.assertEqual((told["sound"], told["broken"]["file"]), (False, str(segment)))
        lines = whole.splitlines(keepends=True)
        last = max(i for i, line in enumerate(lines[:-1]) if line.startswith('{"chain"'))
        segment.write_text("".join(lines[:last + 1]))  # the end was cut off where a batch ends
        self.assertSound()
        done = self.audit("verify", "--holds", link)
        self.assertEqual(done.code, 1, done)
        self.assertIn("written anew or cut", done.out)
        self.assertFails(self.audit("verify", "--holds", "7"), 2, "invalid-argument", "NUMBER:SHA256")
        self.assertFails(self.audit("verify", folder=self.folder / "none"), 2, "invalid-config", "none")

    def test_tail_prints_the_last_entries_and_those_that_come(self):
        self.start_robot()
        self.start_sim()
        token = self.token("tablet")
        until(lambda: "ALMemory" in self.outside(token, "services").out, "ALMemory is not listed outside")
        self.assertEqual(len(self.assertDone(self.audit("tail", "-n", "2")).out.splitlines()), 2)
        tail = self.start("tail", "beckon", "audit", "--dir", self.folder / "state" / "audit", "tail", "-f")
        tail.await_text("beckond ")
        self.assertDone(self.outside(token, "get", "ALTextToSpeech.volume"))
        tail.await_text("get  ALTextToSpeech.volume  token:tablet  lan ")
        self.assertFails(self.audit("query", "--since", "yesterday"), 2, "invalid-argument", "yesterday")

    def full(self, setting):
        """A robot whose record is on a disk of its own, that fills up and has room again. Its output, and the answers of the caller."""
        place = self.folder / "disk"
        place.mkdir()
        (self.folder / "robot.toml").write_text(f'[robot]\nstate = "disk/state"\n[bus]\nattach = "{self.url}"\n[lan]\nlisten = "tcps://127.0.0.1:0"\n'
                                                f'[policy]\nfile = "policy.toml"\n[audit]\nwhen_full = "{setting}"\n')
        script = ('mount -t tmpfs -o size=3m none "$1" && cp -r "$1-state" "$1/state" && cp -r "$3" "$1/x" 2>/dev/null; "$2" run --config "$3" & robot=$!; '
                  'trap "kill $robot; wait $robot; cp -r $1/state $1-after; exit 0" TERM; '
                  'while sleep 0.05; do [ -e "$1-fill" ] && { rm "$1-fill"; cat /dev/zero > "$1/filler" 2>/dev/null; touch "$1-filled"; }; '
                  '[ -e "$1-empty" ] && { rm "$1-empty" "$1/filler"; }; done')
        token = self.token("tablet", state="disk-state")
        self.robot = self.start("robot", "unshare", "-Urm", "sh", "-c", script, "sh", place, BIN / "beckond", self.folder / "robot.toml", binary=False)
        _, self.lan, self.key = self.robot.await_line("lan ").split()
        self.place = place
        return token

    def fill(self):
        (self.folder / "disk-fill").touch()
        until((self.folder / "disk-filled").exists, "the disk is not full")

    def empty(self):
        (self.folder / "disk-empty").touch()

    def get(self, token):
        return self.outside(token, "call", "ALMemory.getData", '"Device/DeviceList/ChestBoard/BodyNickName"')

    def test_a_full_disk_stops_what_is_asked_until_there_is_room(self):
        self.start_directory()
        self.start_sim()
        token = self.full("stop")
        until(lambda: self.get(token).code == 0, "ALMemory does not answer")
        self.fill()
        # What was reserved is used up first.
        caller = self.caller(token)
        while caller.ask((caller.memory, 1, caller.get), text("Device/DeviceList/ChestBoard/BodyNickName")) is not None:
            pass
        refused = self.get(token)
        self.assertNotEqual(refused.code, 0)
        self.assertIn("audit-failed", refused.err)
        self.robot.await_text("the record cannot be written")
        self.empty()
        until(lambda: self.get(token).code == 0, "calls stay refused")
        self.robot.await_text("the record can be written again")
        self.robot.end()
        self.assertEqual(self.audit("verify", folder=self.folder / "disk-after" / "audit").code, 0)

    def test_a_full_disk_is_an_alarm_where_the_robot_is_to_go_on(self):
        self.start_directory()
        self.start_sim()
        token = self.full("go on")
        until(lambda: self.get(token).code == 0, "ALMemory does not answer")
        self.fill()
        caller = self.caller(token)
        until(lambda: caller.ask((caller.memory, 1, caller.get), text("Device/DeviceList/ChestBoard/BodyNickName")) is not None and
              "the record cannot be written" in self.robot.text()[1], "there is no alarm")
        self.assertDone(self.get(token))
        self.empty()
        self.robot.await_text("the record can be written again")
        self.assertDone(self.get(token))
        self.robot.end()
        after = self.folder / "disk-after" / "audit"
        self.assertEqual(self.audit("verify", folder=after).code, 0)
        self.assertGreater(self.entries("--what", "lost", folder=after)[0]["count"], 0)


class AuditByXmpp(XmppWorld):
    def test_requests_by_xmpp_are_in_the_record_with_their_outcome(self):
        self.start_robot()
        self.start_sim()
        until(lambda: "ALMemory" in self.owner("services", "nao1").out, "ALMemory is not there")
        self.assertEqual(self.owner("call", "nao1/ALMemory.getData", '"Device/DeviceList/ChestBoard/BodyNickName"').code, 0)
        self.assertNotEqual(self.owner("call", "nao1/ALMemory.getData", '"no such key"').code, 0)
        self.assertNotEqual(self.stranger("call", "nao1/ALMemory.getData", '"x"').code, 0)
        entries = [json.loads(line) for line in self.beckon("audit", "--dir", self.folder / "state" / "audit", "--json", "query", "--door", "iq").out.splitlines()]
        calls = [entry for entry in entries if entry["what"] == "call"]
        self.assertEqual([(entry["who"], entry["on"], entry["outcome"], entry.get("why")) for entry in calls],
                         [("owner@robots.test", "ALMemory.getData", "done", None), ("owner@robots.test", "ALMemory.getData", "failed", "call-failed")])
        self.assertTrue(all(entry["id"] for entry in calls))
        self.assertEqual(calls[0]["rule"], "access.principals")
        self.assertEqual(self.beckon("audit", "--dir", self.folder / "state" / "audit", "verify").code, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
