"""`beckon token`: the tokens of a robot, while a program holds their store (docs/design/024)."""

import os
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import time
import unittest

from world import BIN, World, until

TOKEN = r"bkn_[a-z2-7]{56}"


class Token(World):
    def setUp(self):
        super().setUp()
        self.state = self.folder / "state"
        self.state.mkdir(0o700)

    def token(self, *arguments):
        return self.beckon("token", "--state", self.state, *arguments)

    def create(self, name, *options, role="operator"):
        answer = self.token("create", name, "--role", role, *options)
        self.assertEqual(answer.code, 0, answer)
        return answer.out.strip()

    def start_beckond(self):
        """With nobody to announce itself to: the store is what matters here."""
        (self.folder / "password").write_text("none\n")
        (self.folder / "password").chmod(0o600)
        (self.folder / "robot.toml").write_text('[xmpp]\naccount = "nao1@robots.test"\npassword_file = "password"\nhost = "127.0.0.1"\nport = 1\n'
                                                '[bus]\nlisten = "tcp://127.0.0.1:0"\n')
        self.robot = self.start("beckond", "beckond", "run", "--config", self.folder / "robot.toml", "--log-level", "trace")
        self.robot.await_line("ready ")
        return self.robot

    def test_create_prints_the_token_once_and_nothing_else_on_standard_output(self):
        answer = self.token("create", "tablet", "--role", "operator", "--for", "7d")
        self.assertEqual(answer.code, 0, answer)
        self.assertRegex(answer.out, f"^{TOKEN}\n$")
        self.assertRegex(answer.err, r"^token:tablet, role operator, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; it is not shown again\n$")
        made = self.assertDone(self.token("--json", "create", "desk", "--role", "guest")).json()
        self.assertRegex(made["token"], f"^{TOKEN}$")
        self.assertEqual((made["name"], made["principal"], made["role"], made["state"], made["ends"]), ("desk", "token:desk", "guest", "good", None))
        listed = self.assertDone(self.token("list"))
        self.assertRegex(listed.out, r"^desk  role guest  good  until it is revoked\ntablet  role operator  good  until \d{4}-.* UTC\n$")
        self.assertNotRegex(listed.out, "bkn_")
        self.assertEqual([(entry["name"], entry["state"]) for entry in self.token("list", "--json").json()], [("desk", "good"), ("tablet", "good")])

    def test_a_token_that_the_policy_has_no_rule_for_is_made_with_a_warning(self):
        policy = self.folder / "policy.toml"  # beside the state
        policy.write_text('[roles]\noperator = []\n[[rule]]\nname = "operators"\nwho = ["role:operator", "token:desk"]\nmay = "*"\non = "*"\n')
        for name, role in (("tablet", "operator"), ("desk", "guest")):
            answer = self.token("create", name, "--role", role)
            self.assertEqual(answer.code, 0, answer)
            self.assertNotIn("warning", answer.err)
        answer = self.token("create", "phone", "--role", "operater")
        self.assertRegex(answer.out, f"^{TOKEN}\n$")
        self.assertIn("warning: no rule of the policy is for token:phone or role:operater at the LAN door", answer.err)
        self.assertIn("it may do nothing", self.token("--json", "create", "other", "--role", "guest").json()["warning"])
        policy.write_text("frob")
        self.assertFails(self.token("create", "late", "--role", "operator"), 2, "invalid-config", f"{policy}")
        self.assertFails(self.token("create", "late", "--role", "operator", "--policy", self.folder / "none"), 2, "invalid-config", "cannot read")
        self.assertNotIn("late", self.token("list").out)

    def test_a_revoked_token_stays_in_the_list_until_its_name_is_used_again(self):
        self.create("tablet")
        self.assertRegex(self.assertDone(self.token("revoke", "tablet")).out, r"^tablet  revoked at .* UTC\n$")
        first = self.token("list", "--json").json()
        self.assertDone(self.token("revoke", "tablet"))  # again: nothing to do
        self.assertEqual(self.token("list", "--json").json(), first)
        self.create("tablet", role="guest")
        self.assertEqual([(entry["role"], entry["state"]) for entry in self.token("list", "--json").json()], [("guest", "good")])

    def test_what_cannot_be_done_is_told_with_what_to_do(self):
        self.create("tablet")
        self.assertFails(self.token("create", "tablet", "--role", "guest"), 6, "name-taken", "tablet")
        self.assertFails(self.token("create", "a b", "--role", "guest"), 2, "invalid-argument", '"a b"')
        self.assertFails(self.token("create", "desk", "--role", "guest", "--for", "7"), 2, "invalid-argument", "12h or 7d")
        self.assertFails(self.token("create", "desk", "--role", "guest", "more"), 2, "invalid-argument", "too many")
        self.assertFails(self.token("create", "desk"), 2, "invalid-argument", "--role")
        self.assertFails(self.token("revoke", "desk"), 2, "invalid-argument", '"desk"', "token list")
        self.assertFails(self.token("frob"), 2, "invalid-argument")
        self.assertFails(self.beckon("token", "list"), 2, "invalid-argument", "there is no folder state", "--state")
        (self.state / "tokens.db").chmod(0o644)
        self.assertFails(self.token("list"), 2, "invalid-config", f"chmod 600 {self.state}/tokens.db")
        refused = self.token("--json", "revoke", "tablet")
        self.assertEqual((refused.code, refused.json()["error"]["code"]), (2, "invalid-config"), refused)

    def test_a_store_of_a_newer_beckon_is_refused_with_advice(self):
        self.create("tablet")
        with sqlite3.connect(self.state / "tokens.db") as store:
            store.execute("PRAGMA user_version = 7")
        store.close()
        self.assertFails(self.token("list"), 2, "invalid-config", "newer Beckon (schema 7", "use the newer Beckon")

    def test_beckond_hears_of_a_revocation_and_of_an_end_within_a_second(self):
        self.create("tablet")
        self.start_beckond()
        self.create("desk")  # made while it runs
        ends = self.assertDone(self.token("--json", "create", "short", "--role", "guest", "--for", "3s")).json()["ends"]
        self.robot.await_text("3 tokens")
        for name in ("tablet", "desk"):
            self.assertDone(self.token("revoke", name))
            revoked = time.monotonic()
            self.robot.await_text(f"token {name} ended: the token was revoked", limit=5)
            self.assertLess(time.monotonic() - revoked, 1.0)
        self.robot.await_text("token short ended: the token has expired", limit=5)
        self.assertLess(time.time(), ends + 1.0)

    def test_a_token_is_nowhere_but_where_it_was_printed(self):
        self.start_beckond()
        answer = self.token("--log-level", "trace", "create", "tablet", "--role", "operator")
        secret = answer.out.strip()
        file = self.folder / "secret"
        file.write_text(secret + "\n")
        file.chmod(0o600)
        # A port that takes the connection and says nothing, so that the program can be looked at.
        with open(os.devnull, "rb") as nothing:
            silent = subprocess.Popen(["python3", "-c", "import socket,time\ns=socket.create_server(('127.0.0.1',0))\nprint(s.getsockname()[1],flush=True)\n"
                                       "time.sleep(60)"], stdin=nothing, stdout=subprocess.PIPE, text=True)
        self.addCleanup(silent.wait)
        self.addCleanup(silent.stdout.close)
        self.addCleanup(silent.kill)
        url = f"tcps://127.0.0.1:{int(silent.stdout.readline())}"
        user = self.start("user", "beckon", "--log-level", "trace", "--bus", url, "--token-file", file, "--timeout", "5", "services")
        arguments, environment = (pathlib.Path(f"/proc/{user.process.pid}/{name}") for name in ("cmdline", "environ"))
        until(lambda: b"services" in arguments.read_bytes(), "the program has not begun")
        for shown in (arguments, environment):
            self.assertNotIn(secret[8:40].encode(), shown.read_bytes(), shown)
        self.assertNotEqual(user.wait(), 0)
        self.token("list")
        self.assertNotIn(secret, repr(self.token("revoke", secret)))
        self.token("revoke", "tablet")
        self.robot.await_text("token tablet ended")
        file.unlink()
        found = subprocess.run(["grep", "-rl", "--binary-files=text", secret[8:40], self.folder], capture_output=True, text=True, check=False)
        self.assertEqual(found.stdout, "")
        self.assertNotIn(secret, answer.err)

    def test_a_token_comes_by_standard_input_too_and_a_file_that_others_may_read_is_refused(self):
        secret = self.create("tablet")
        file = self.folder / "secret"
        file.write_text(secret)
        file.chmod(0o640)
        url = "tcps://127.0.0.1:1"
        self.assertFails(self.beckon("--bus", url, "--token-file", file, "services"), 2, "invalid-config", f"chmod 600 {file}")
        self.env["BECKON_TOKEN_FILE"] = str(file)
        self.assertFails(self.beckon("--bus", url, "services"), 2, "invalid-config", f"chmod 600 {file}")
        file.chmod(0o600)
        self.assertFails(self.beckon("--bus", url, "services"), 4, "unreachable")
        self.assertFails(self.beckon("--bus", "tcp://127.0.0.1:1", "--token-file", file, "services"), 2, "invalid-argument", "tcps://")
        del self.env["BECKON_TOKEN_FILE"]
        for text, code in ((secret, 4), (secret[:30], 2)):
            command = [str(BIN / "beckon"), "--bus", url, "--token-file", "-", "services"]
            done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30, env=self.env, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertNotIn(text, done.stdout + done.stderr)

    def test_kill_9_at_any_moment_leaves_a_store_that_opens_with_all_that_was_told(self):
        self.create("first")
        self.start_beckond()  # reads meanwhile
        begun = time.monotonic()
        self.token("list")
        usual = time.monotonic() - begun
        generator = random.Random(4)
        told, killed = {"first"}, 0
        for number in range(50):
            name = f"t{number}"
            process = subprocess.Popen([str(BIN / "beckon"), "token", "--state", str(self.state), "create", name, "--role", "guest"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.env)
            time.sleep(generator.uniform(0, 1.5 * usual))
            process.send_signal(signal.SIGKILL)
            out, _ = process.communicate()
            killed += process.returncode == -signal.SIGKILL
            if re.fullmatch(TOKEN + "\n", out.decode()):
                told.add(name)
            listed = self.token("--json", "list")
            self.assertEqual(listed.code, 0, listed)
            self.assertLessEqual(told, {entry["name"] for entry in listed.json()})
        self.assertGreater(killed, 10)
        with sqlite3.connect(self.state / "tokens.db") as store:
            self.assertEqual(store.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        store.close()
        self.assertDone(self.token("revoke", "first"))
        self.robot.await_text("token first ended: the token was revoked", limit=5)

    def test_a_full_and_a_read_only_disk_are_told(self):
        place = self.folder / "disk"
        place.mkdir()
        script = ('mount -t tmpfs -o size=200k none "$1" && mkdir "$1/state" && "$2" token --state "$1/state" create a --role guest || exit 90; '
                  'cat /dev/zero > "$1/filler" 2>/dev/null; for i in $(seq 200); do "$2" token --state "$1/state" create "b$i" --role guest || break; done; '
                  'rm "$1/filler"; "$2" token --state "$1/state" list; mount -o remount,ro "$1"; "$2" token --state "$1/state" revoke a')
        done = subprocess.run(["unshare", "-Urm", "sh", "-c", script, "sh", str(place), str(BIN / "beckon")], capture_output=True, text=True, timeout=60,
                              env=self.env, check=False)
        self.assertNotEqual(done.returncode, 90, done.stderr)
        self.assertIn("error (invalid-config): cannot ", done.stderr)
        self.assertRegex(done.stderr, r"No space left on device|the disk is full")
        self.assertIn("a  role guest  good", done.stdout)
        self.assertRegex(done.stderr.splitlines()[-2], r"error \(invalid-config\): cannot open .*tokens.db", done.stderr)
        self.assertEqual(done.returncode, 2, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
