"""docker/compose.yml on a real engine, started for the test by docker/engine: a robot and a remote that uses it."""

import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from world import BIN, ROOT, Answer, Program, World  # noqa: E402

ENGINE = pathlib.Path("/var/lib/beckon-test-engine")  # stays, as a cache of images; BECKON_ENGINE=... docker/engine purge
COMPOSE = ["docker", "compose", "-f", str(ROOT / "docker" / "compose.yml")]
env = {}


def run(*command, limit=60, check=True):
    begin = time.monotonic()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=limit, env=env, stdin=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: exit code {done.returncode} after {time.monotonic() - begin:.0f} s\n{done.stdout}\n{done.stderr}")
    return done


def compose(*arguments, **options):
    return run(*COMPOSE, *arguments, **options)


def in_container(service, *command, **options):
    return run(*COMPOSE, "exec", "-T", service, *command, check=False, **options)


def engine(verb, limit=60):
    return run(ROOT / "docker" / "engine", verb, limit=limit)


def step(name, function, *arguments, **options):
    begin = time.monotonic()
    function(*arguments, **options)
    print(f"{name}: {time.monotonic() - begin:.1f} s", file=sys.stderr, flush=True)


def setUpModule():
    folder = tempfile.mkdtemp(prefix="beckon-compose-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    env.update(os.environ, BECKON_ENGINE=str(ENGINE), TMPDIR=folder, BIN=os.path.relpath(BIN, ROOT), PROGRAMS="built")
    if os.geteuid() == 0:  # otherwise docker/engine says what is wrong
        ENGINE.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(ENGINE, os.O_RDONLY)
        unittest.addModuleCleanup(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX)  # one test at a time on this machine
    engine("down")  # what a killed test may have left
    global before
    before = Machine()
    unittest.addModuleCleanup(engine, "down")
    step("engine up", engine, "up", limit=240)
    env.update(DOCKER_HOST=f"unix://{ENGINE}/docker.sock", DOCKER_CONFIG=str(ENGINE / "cli"))
    step("images", compose, "build", limit=240)
    try:
        step("environment up", compose, "up", "-d", "--wait", "--wait-timeout", "60", limit=90)
    except AssertionError as failed:
        raise AssertionError(f"{failed}\n{compose('ps', '-a').stdout}\n{compose('logs').stdout}") from None


def load_tests(loader, _, __):
    """Going down comes last."""
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Environment, GoingDown))


class Environment(World):
    def remote(self, *arguments):
        return Answer(in_container("remote", "beckon", *arguments))

    def test_the_remote_finds_the_robot_with_its_identity(self):
        robots = self.assertDone(self.remote("--json", "robots")).json()["robots"]
        self.assertEqual([robot["account"] for robot in robots], ["nao1@robots.test"])
        self.assertEqual(robots[0]["id"], in_container("robot", "cat", "/var/lib/beckon/id").stdout.strip())

    def test_a_call_from_the_remote_is_answered_and_its_effect_watched(self):
        self.env.update(env)
        watch = Program(self.folder, "watch", [*COMPOSE, "exec", "-T", "remote", "beckon", "watch", "nao1/ALTextToSpeech.textDone",
                                               "--count", "1"], self.env)
        self.addCleanup(watch.end)
        watch.await_line("watching ")
        self.assertDone(self.remote("call", "nao1/ALTextToSpeech.say", '"hello"'))
        self.assertRegex(watch.await_line("textDone "), r'^textDone \[\d+,"hello"\]$')
        self.assertEqual(watch.wait(), 0, watch.text())
        self.assertDone(self.remote("call", "nao1/ALMotion.moveToward", "1", "0", "0"))
        self.assertEqual(self.assertDone(self.remote("call", "nao1/ALMotion.moveIsActive")).out, "true\n")
        self.assertGreater(self.assertDone(self.remote("--json", "call", "nao1/ALMotion.getRobotPosition", "true")).json()["value"][0], 0)
        self.assertDone(self.remote("call", "nao1/ALMotion.stopMove"))
        self.assertIn(self.assertDone(self.remote("--json", "get", "nao1/ALBattery.charge")).json()["value"], range(101))

    def test_mistakes_are_told_with_cause_and_next_step(self):
        self.assertFails(self.remote("call", "nao1/ALMotion.jump"), 3, "unknown-member", "moveToward")
        self.assertFails(self.remote("services", "nao2"), 3, "unknown-robot", "nao2")
        wrong = ("cp -r ~/.config/beckon /tmp/wrong && cd /tmp/wrong && umask 077 && echo guessed >password"
                 " && sed -i '/password_file/s/=.*/= \"password\"/' remote.toml && exec beckon --config remote.toml robots")
        self.assertFails(Answer(in_container("remote", "sh", "-c", wrong)), 6, "not-authenticated", "password")

    def test_a_robot_that_stops_is_gone_and_comes_back_as_itself(self):
        identity = lambda: [(robot["id"], robot["key"]) for robot in self.assertDone(self.remote("--json", "robots")).json()["robots"]]
        known = identity()
        compose("stop", "robot")
        self.assertFails(self.remote("call", "nao1/ALTextToSpeech.say", '"hello"'), 3, "unknown-robot", "nao1")
        compose("up", "-d", "--wait", "--no-build", "--no-deps", "robot")
        self.assertEqual(identity(), known)

    def test_secrets_are_private_and_nobody_is_root(self):
        told = [json.dumps(json.loads(run("docker", "inspect", container).stdout)) for container in run("docker", "ps", "-aq").stdout.split()]
        told += [run("docker", "history", "--no-trunc", image).stdout for image in ("beckon-xmpp", "beckon-robot", "beckon-remote")]
        told.append(compose("logs", "--no-color").stdout)
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            for name in ("cmdline", "environ"):
                with contextlib.suppress(OSError):
                    told.append((entry / name).read_bytes().decode(errors="replace"))
        for service in ("robot", "remote"):
            password = in_container(service, "cat", "/srv/account/password").stdout.strip()
            self.assertRegex(password, "^[0-9a-f]{32}$")
            self.assertEqual([text for text in told if password in text], [])
        for service, secret in (("robot", "/srv/account/password"), ("remote", "/srv/account/password"), ("xmpp", "/srv/xmpp/server.key")):
            self.assertEqual(in_container(service, "stat", "-c", "%a", secret).stdout, "600\n", service)
            self.assertNotEqual(in_container(service, "id", "-u").stdout, "0\n", service)

    def test_the_network_leads_nowhere_else(self):
        self.assertEqual(in_container("remote", "timeout", "5", "bash", "-c", ": >/dev/tcp/xmpp/5222").returncode, 0)
        # The engine's own name server, which images have while they are built.
        self.assertEqual(in_container("remote", "timeout", "1", "bash", "-c", ": >/dev/tcp/10.0.2.3/53").returncode, 124)


class GoingDown(unittest.TestCase):
    def test_it_goes_down_leaving_nothing(self):
        holder = int((ENGINE / "pid").read_text())
        processes = descendants(holder)
        spaces = {space for process in processes for space in namespaces(process[0])} - namespaces("self")
        self.assertGreaterEqual(len(processes), 10, "the engine's and the environment's")
        self.assertGreaterEqual(len(spaces), 10)

        step("environment down", compose, "down", "-v", "-t", "5")
        for what in (["ps", "-aq"], ["volume", "ls", "-q"], ["network", "ls", "-q", "--filter", "type=custom"]):
            self.assertEqual(run("docker", *what).stdout, "", what)
        step("engine down", engine, "down")

        self.assertEqual([p for p in processes if started(p[0]) == p[1]], [], "processes")
        self.assertEqual([p for p in pathlib.Path("/proc").glob("[0-9]*") if namespaces(p.name) & spaces], [], "processes in namespaces")
        held = [space for space in spaces if space in pathlib.Path("/proc/self/mountinfo").read_text()]
        self.assertEqual(held, [], "namespaces held by mounts")
        self.assertEqual(vars(Machine()), vars(before))
        self.assertEqual(sorted(set(os.listdir(ENGINE)) - {"cli", "data", "lock", "log"}), [], "only the cache stays")
        for kind in ("containers", "volumes"):
            left = [entry.name for entry in (ENGINE / "data" / kind).iterdir() if entry.is_dir()]
            self.assertEqual(left, [], kind)
        self.assertEqual(os.listdir(env["TMPDIR"]), [])


class Machine:
    """What an engine could leave on the machine. Other tests run beside this one, so only that."""

    def __init__(self):
        self.mounts = [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if str(ENGINE) in line]
        self.links = [name for name in sorted(os.listdir("/sys/class/net")) if name.startswith(("docker", "br-", "tap"))]
        rules = [] if shutil.which("iptables-save") is None else run("iptables-save").stdout.splitlines()
        self.rules = [line for line in rules if "docker" in line.lower() or "br-" in line]
        self.groups = sorted(str(path) for path in pathlib.Path("/sys/fs/cgroup").glob("**/*beckon-engine*") if ENGINE.name in path.name)
        self.run = sorted(name for name in os.listdir("/run") if name.startswith(("docker", "containerd", "runc", "slirp")))


def namespaces(pid):
    found = set()
    for kind in ("net", "mnt", "pid", "ipc", "uts"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
    return found


def started(pid):
    """When a process began, which tells it from a later one of the same number; None if it has ended."""
    try:
        state, *fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else fields[18]


def descendants(ancestor):
    """The process and all below it, each with its beginning."""
    children = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [ancestor]
    while waiting:
        pid = waiting.pop()
        found.append((pid, started(pid)))
        waiting += children.get(pid, [])
    return found


if __name__ == "__main__":
    unittest.main(verbosity=2)
