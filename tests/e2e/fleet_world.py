"""A fleet as its owner has it: a server with beckon-relay beside it, the owner's device, robots that came by a code."""

import contextlib
import json
import os
import pathlib
import secrets
import sqlite3
import subprocess

from ejabberd import COMPONENT, EjabberdWorld
from world import BIN, LONGEST, ROOT, Answer, World, XmppWorld, free_port, until

DOMAIN = "robots.test"


class FleetWorld(XmppWorld):
    """With scripts/home-server. Each device has a folder of its own; the owner's is "me", which is also the account."""

    isEnrolled = True  # the owner is already

    def setUp(self):
        World.setUp(self)
        self.env.pop("XDG_CONFIG_HOME", None)
        self.env["BECKON_BIN_DIR"] = str(BIN)  # for home-server
        self.port, self.enrol_port, self.component_port, self.stream_port = (free_port() for _ in range(4))
        self.server = self.make_server_folder()
        (self.server / "stranger.password").write_text("secret of stranger\n")  # who has an account, and is in no fleet
        self.starts = 0
        self.start_server()
        if self.isEnrolled:
            self.assertWorks(self.enroll("me", self.owner_code(), "--no-wait"))

    def started(self, name):
        """A name of its own for each start of a program."""
        self.starts += 1
        return f"{name}-{self.starts}"

    def assertWorks(self, answer):
        """It may have said much to the person beside its output."""
        self.assertEqual(answer.code, 0, answer)
        return answer

    # ---- The server. ----

    def make_server_folder(self):
        folder = self.folder / "server"
        folder.mkdir()
        return folder

    def start_server(self):
        """Also after it has ended: with what it knew."""
        ports = f"{self.port},{self.enrol_port},{self.component_port},{self.stream_port}"
        self.relay = self.home = self.start(self.started("home"), ROOT / "scripts" / "home-server", "--folder", self.server,
                                            "--listen", "127.0.0.1", "--ports", ports, DOMAIN, "127.0.0.1", binary=False)
        self.await_relay()

    def await_relay(self, count=1):
        def is_online():
            self.assertIsNone(self.relay.process.poll(), self.relay.text())
            return len(self.relay.lines("online ")) >= count
        until(is_online, lambda: f"the relay does not come online: {self.relay.text()}")

    def start_relay(self):
        """The relay as a program of its own."""
        self.relay = self.start(self.started("relay"), "beckon-relay", "run", "--config", self.server / "relay.toml")
        self.relay.await_line("ready ")

    def start_xmpp(self):
        """The XMPP server alone, as it is configured already."""
        self.prosody = self.start(self.started("prosody"), "prosody", "-F", "--config", self.server / "prosody" / "prosody.cfg.lua", binary=False)
        self.await_prosody()

    def stop_xmpp(self):
        """The relay goes on without it."""
        self.home.end()
        self.start_relay()

    def kill_relay(self):
        """With -9. What home-server runs belongs together, and ends."""
        pid = self.home.process.pid
        children = map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        os.kill(next(child for child in children if self.program_of(child) == "beckon-relay"), 9)
        self.assertEqual(self.home.wait(), 1, self.home.text())

    def program_of(self, pid):
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()

    def start_relay_again(self):
        self.start_server()

    def fleets(self, sql, *values):
        """What whoever has the relay's computer can do to its file."""
        with contextlib.closing(sqlite3.connect(self.server / "state" / "fleets.db", timeout=LONGEST)) as database, database:
            return database.execute(sql, values).fetchall()

    # ---- Devices. ----

    def owner_code(self):
        return self.relay.await_line("owner ").split()[1]

    def home_of(self, who):
        home = self.folder / who
        home.mkdir(exist_ok=True)
        return home

    def at(self, who, *arguments):
        """One run of `beckon` on that device."""
        command = [*self.inside, str(BIN / "beckon"), *map(str, arguments)]
        env = {**self.env, "HOME": str(self.home_of(who))}
        return Answer(subprocess.run(command, capture_output=True, text=True, timeout=2 * LONGEST, env=env, stdin=subprocess.DEVNULL))

    def start_at(self, who, *arguments):
        return self.start(self.started(who), "env", f"HOME={self.home_of(who)}", BIN / "beckon", *arguments, binary=False)

    def enroll(self, who, code, *options):
        return self.at(who, "enroll", code, "--name", who, *options)

    def owner(self, *arguments):
        return self.at("me", *arguments)

    def code(self, *options):
        """One for a robot, unless options say else. Nobody waits for who uses it: sign() does the rest."""
        return self.assertWorks(self.owner("--json", "fleet", "code", "--no-wait", *options)).json()["code"]

    def sign(self):
        return self.assertWorks(self.owner("fleet", "list"))

    def seen(self, who="me"):
        """What a device tells of robots, by name."""
        listed = self.assertWorks(self.at(who, "--json", "robots")).json()["robots"]
        return {robot["account"].removesuffix(f"@{DOMAIN}"): robot for robot in listed}

    def await_seen(self, name, who="me"):
        """What a device tells of a robot, once that is there."""
        there = lambda: [robot for robot in [self.seen(who).get(name)] if robot and robot["address"]]
        return until(there, f"{who} does not see {name}")[0]

    def members(self):
        """What the owner's device tells of members, by name; of one who was replaced, the last."""
        listed = self.assertWorks(self.owner("--json", "fleet", "list")).json()["members"]
        return {member["account"].removesuffix(f"@{DOMAIN}"): member for member in listed}

    # ---- Robots. ----

    def config_of(self, robot):
        config = self.home_of(robot) / "robot.toml"
        if not config.exists():  # several robots have room on this computer
            config.write_text('[bus]\nlisten = "tcp://127.0.0.1:0"\n')
        return config

    def enrol_robot(self, name, code, *options, folder=None):
        command = [*self.inside, BIN / "beckond", "enroll", code, "--config", self.config_of(folder or name), "--name", name, *options]
        return Answer(subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=2 * LONGEST, env=self.env, stdin=subprocess.DEVNULL))

    def run_robot(self, folder, *command):
        """Its program, with its bus open at .url."""
        robot = self.start(self.started(folder), "beckond", *(command or ("run",)), "--config", self.config_of(folder))
        robot.url = robot.await_line("ready ").split()[1]
        return robot

    def join(self, name, *options):
        """A robot that has enrolled, runs, and shows what the owner has signed."""
        robot = self.run_robot(name, "enroll", self.code(*options), "--name", name, "--run")
        self.sign()
        robot.await_text("has signed this robot's key")
        return robot

    def start_services(self, robot):
        """Its bus has services then."""
        self.url = robot.url
        self.start_sim(self.started("sim"))

    def state_of(self, robot):
        return self.folder / robot / "state"

    def membership(self, robot):
        return json.loads((self.state_of(robot) / "membership.json").read_text())

    def assertServes(self, name):
        self.assertEqual(self.assertDone(self.owner("call", f"{name}/ALMotion.moveIsActive")).out, "false\n")


RELAY = """
[xmpp]
domain = "robots.test"
secret_file = "component.secret"
port = {component}
[clients]
host = "127.0.0.1"
port = {port}
ca_file = "ca.pem"
[enrol]
listen = "tcps://127.0.0.1:{enrol}"
host = "127.0.0.1"
"""


class EjabberdFleetWorld(FleetWorld, EjabberdWorld):
    """With ejabberd, and beckon-relay as docs/relay.md has it beside a server that is there."""

    def make_server_folder(self):
        return self.folder

    def start_server(self):
        secret = secrets.token_hex(32)
        self.write("component.secret", secret + "\n", 0o600)
        self.write("relay.toml", RELAY.format(component=self.component_port, port=self.port, enrol=self.enrol_port))
        self.component = COMPONENT.format(port=self.component_port, secret=secret)
        EjabberdWorld.start_server(self)
        self.start_relay_again()

    def start_xmpp(self):
        self.start_ejabberd(self.started("ejabberd"), '{ok, _} = application:ensure_all_started(ejabberd), io:format("accounts are there~n").')

    def stop_xmpp(self):
        self.ejabberd.kill()

    def kill_relay(self):
        self.relay.kill()

    def start_relay_again(self):
        self.start_relay()
        self.await_relay()
