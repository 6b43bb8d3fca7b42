"""The programs as a user has them: processes, private folders, free ports, a real Prosody. Standard library only."""

import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("BECKON_BIN_DIR", ROOT / "build" / "release" / "bin"))
LONGEST = 30.0  # seconds; sanitized programs start slowly


claims = []  # of ports that this process has chosen: they end with it


def free_port():
    """Below the range from which the system takes ports by itself, and of no other test that runs now, even if it does not listen yet."""
    for port in random.sample(range(15000, 32000), 200):
        claim = socket.socket(socket.AF_UNIX)
        with socket.socket() as probe:
            try:
                claim.bind(f"\0beckon-test-port-{port}")
                probe.bind(("127.0.0.1", port))
            except OSError:
                claim.close()
                continue
        claims.append(claim)
        return port
    raise RuntimeError("no free port")


def until(condition, what, limit=LONGEST):
    """What `condition` gives, once that is true."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit:.1f} s: {what() if callable(what) else what}")
        time.sleep(0.01)


class Program:
    """A process whose output goes to files; ended with the test."""

    def __init__(self, folder, name, command, env, stdin=subprocess.DEVNULL):
        self.name = name
        self.out, self.err = folder / f"{name}.out", folder / f"{name}.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([str(part) for part in command], stdin=stdin, stdout=out, stderr=err, env=env)

    def text(self):
        return self.out.read_text(errors="replace"), self.err.read_text(errors="replace")

    def await_line(self, beginning, count=1, limit=LONGEST):
        """The count-th line of either output that begins so, once it is whole."""
        return until(lambda: self.lines(beginning)[count - 1:], lambda: f"{self.name}: no line {beginning!r} in {self.text()}", limit)[0]

    def lines(self, beginning=""):
        """The whole lines of both outputs that begin so."""
        return [line for text in self.text() for line in text.split("\n")[:-1] if line.startswith(beginning)]

    def await_text(self, part, limit=LONGEST):
        """The first line of either output that holds `part`, once it is whole."""
        found = until(lambda: [line for line in self.lines() if part in line], lambda: f"{self.name}: nothing of {part!r} in {self.text()}", limit)
        return found[0]

    def wait(self, limit=LONGEST):
        return self.process.wait(limit)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(LONGEST)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.name} does not end on SIGTERM: {self.text()}")


class Answer:
    """What one run of `beckon` printed and returned."""

    def __init__(self, finished):
        self.code, self.out, self.err = finished.returncode, finished.stdout, finished.stderr

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit code {self.code}\n{self.out}\n{self.err}"


class World(unittest.TestCase):
    """A test with a private folder and home; what it starts is stopped in reverse order."""

    inside = ()  # what leads a command into the place where all of this world runs

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="beckon-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.env = dict(os.environ, HOME=str(self.folder))

    def start(self, name, *command, binary=True, **options):
        program = Program(self.folder, name, [*self.inside, BIN / command[0] if binary else command[0], *command[1:]], self.env, **options)
        self.addCleanup(program.end)
        return program

    def beckon(self, *arguments, limit=LONGEST):
        command = [*self.inside, str(BIN / "beckon"), *map(str, arguments)]
        return Answer(subprocess.run(command, capture_output=True, text=True, timeout=limit, env=self.env, stdin=subprocess.DEVNULL))

    def start_directory(self, url="tcp://127.0.0.1:0", name="directory", *options):
        self.directory = self.start(name, "beckon-directory", url, *options)
        self.url = self.directory.await_line("ready ").split()[1]

    def start_sim(self, name="sim", *options):
        sim = self.start(name, "beckon-sim", "--bus", self.url, *options)
        sim.await_line("ready")
        return sim

    def on_bus(self, *arguments, **options):
        return self.beckon("--bus", self.url, *arguments, **options)

    def assertFails(self, answer, exit_code, error_code, *words):
        """The user reads a stable code, the cause and a next step."""
        self.assertEqual(answer.code, exit_code, answer)
        self.assertIn(f"error ({error_code}): ", answer.err, answer)
        self.assertIn("\n  next: ", answer.err, answer)
        for word in words:
            self.assertIn(word, answer.err, answer)

    def assertDone(self, answer):
        self.assertEqual(answer.code, 0, answer)
        self.assertEqual(answer.err, "", answer)
        return answer


class XmppWorld(World):
    """A Prosody of its own with accounts nao1, owner and stranger; nao1's robot serves the owner."""

    accounts = ("nao1", "owner", "stranger")
    host = "127.0.0.1"  # of the server

    def setUp(self):
        super().setUp()
        self.port = free_port()
        for name in self.accounts:
            self.write(f"{name}.password", f"secret of {name}\n", 0o600)
        self.start_server()
        self.write("robot.toml", self.account("nao1") + '[bus]\nlisten = "tcp://127.0.0.1:0"\n[access]\nprincipals = ["owner@robots.test"]\n')
        for name in ("owner", "stranger"):
            self.write(f"{name}.toml", 'robots = ["nao1@robots.test"]\n' + self.account(name))

    def write(self, name, text, mode=0o644):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(mode)

    def account(self, name, **changes):
        keys = {"account": f"{name}@robots.test", "password_file": f"{name}.password", "host": self.host, "ca_file": "ca.pem", **changes}
        port = keys.pop("port", self.port)
        return "[xmpp]\n" + "".join(f'{key} = "{value}"\n' for key, value in keys.items()) + f"port = {port}\n"

    def start_server(self):
        self.prosody = self.start("prosody", ROOT / "scripts" / "private-prosody", self.folder, "robots.test", self.port, binary=False)
        self.await_prosody()

    def restart_server(self):
        """After it was killed: with the data and the certificate that it had."""
        self.restarts = getattr(self, "restarts", 0) + 1
        config = self.folder / "prosody" / "prosody.cfg.lua"
        self.prosody = self.start(f"prosody{self.restarts}", "prosody", "-F", "--config", config, binary=False)
        self.await_prosody()

    def await_prosody(self):
        def is_listening():
            self.assertIsNone(self.prosody.process.poll(), f"prosody does not start: {self.prosody.text()}")
            return "Activated service 'c2s'" in self.prosody.text()[0]
        until(is_listening, lambda: f"prosody does not start: {self.prosody.text()}")

    def start_robot(self, name="beckond", *options):
        self.robot = self.start(name, "beckond", "run", "--config", self.folder / "robot.toml", *options)
        self.url = self.robot.await_line("ready ").split()[1]
        self.robot.await_line("announced ")
        return self.robot

    def owner(self, *arguments, **options):
        return self.beckon("--config", self.folder / "owner.toml", *arguments, **options)

    def stranger(self, *arguments, **options):
        return self.beckon("--config", self.folder / "stranger.toml", *arguments, **options)

    def start_watch(self, place, *options, name="watch", account="owner"):
        """A remote that watches a signal or property of nao1, and does so already."""
        watch = self.start(name, "beckon", "--config", self.folder / f"{account}.toml", "watch", f"nao1/{place}", *options)
        watch.await_line("watching ")
        return watch
