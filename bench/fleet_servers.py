"""The servers of bench/fleet.py: each with the owner's device enrolled, accounts of robots that are friends with the owner, and
the relay beside it that knows them. All on loopback, in a folder of its own."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import subprocess
import time

from cryptography.hazmat.primitives import serialization
from relay_servers import ROOT, Relay
from fleet_world import DOMAIN, RELAY
from world import BIN, free_port

import ejabberd

OWNER = "me"
ITERATIONS = 4096  # of SCRAM: the least that RFC 7677 has, ejabberd's own; a client with a cached key pays none of it
LIFETIME = 300 * 86400  # seconds, of a statement


def name_of(number):
    return f"robot-{number:05}"


def text_of(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class FleetServer(Relay):
    def __init__(self, folder, robots):
        super().__init__(folder)
        self.robots, self.component, self.enrol = robots, free_port(), free_port()
        self.home = folder / "device"
        self.home.mkdir()
        self.env = {**os.environ, "HOME": str(self.home)}
        self.env.pop("XDG_CONFIG_HOME", None)
        for name, text in (("robots.secret", self.password), ("component.secret", secrets.token_hex(32)),
                           ("relay.toml", RELAY.format(component=self.component, port=self.port, enrol=self.enrol))):
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)

    def prepare(self):
        self.start_server()
        self.start_relay()
        subprocess.run([BIN / "beckon", "enroll", self.told("owner "), "--name", OWNER, "--no-wait"], env=self.env, check=True,
                       capture_output=True, stdin=subprocess.DEVNULL)
        self.end()
        self.enrol_robots()
        self.make_accounts()

    def enrol_robots(self):
        """As if each had come by a code, and the owner had signed for it."""
        state = self.home / ".config" / "beckon" / "state"
        key = serialization.load_pem_private_key((state / "key.pem").read_bytes(), None)
        now = int(time.time())
        rows = []
        for name in map(name_of, range(1, self.robots + 1)):
            account, public = f"{name}@{DOMAIN}", name.encode().ljust(32, b"\0")
            signed = f"beckon statement 0\n{account}\nrobot\n{text_of(public)}\n{now + LIFETIME}\n"
            rows.append((account, name, public, bytes(32), bytes(32), now, now, now + LIFETIME, key.sign(signed.encode())))
        # The robots have kept it.
        (self.folder / "statements").write_text("".join(f"{row[1]} {row[7]} {text_of(row[8])}\n" for row in rows))
        with contextlib.closing(sqlite3.connect(self.folder / "state" / "fleets.db")) as database, database:
            database.executemany("INSERT INTO members (fleet, kind, account, machine, key, code_hash, proof, enrolled, confirmed, "
                                 "statement_ends, statement_signature, made) VALUES ('home', 'robot', ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)", rows)
        # The owner's device has met them all, as its roster has: it would begin by removing whom it does not know.
        known = state / "fleet.json"
        known.write_text(json.dumps({"schema": 0, "robots": [row[0] for row in rows], "seen": {
            row[0]: {"key": text_of(row[2]), "ends": row[7], "revoked": False} for row in rows}}))
        known.chmod(0o600)

    def start_relay(self):
        """Its process."""
        relay = self.run(BIN / "beckon-relay", "run", "--config", self.folder / "relay.toml", "--log-level", "warning")
        self.await_text("online ")
        return relay.pid

    def log(self):
        """Of what was started last."""
        return (self.folder / f"{len(self.children) - 1}.log").read_text(errors="replace")

    def told(self, beginning):
        return next(line for line in self.log().splitlines() if line.startswith(beginning)).split()[1]

    def await_text(self, text, seconds=120):
        until = time.monotonic() + seconds
        while text not in self.log():
            if time.monotonic() > until or self.children[-1].poll() is not None:
                raise RuntimeError(f"{self.name}: no {text!r} in {self.log()[-500:]}")
            time.sleep(0.05)

    def end(self):
        self.stop()
        self.children.clear()


class Prosody(FleetServer):
    name = "prosody"

    def start_server(self):
        """Its process."""
        self.run(ROOT / "scripts" / "private-prosody", self.folder, DOMAIN, self.port, "127.0.0.1", self.component)
        self.await_port(self.port)
        self.await_port(self.component)
        return self.children[-1].pid

    def make_accounts(self):
        """As Prosody would write them: one password, one salt."""
        salt = secrets.token_hex(16)
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), salt.encode(), ITERATIONS)
        stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).hexdigest()
        server = hmac.digest(salted, b"Server Key", "sha256").hex()
        account = f'return {{ ["stored_key"] = "{stored}"; ["server_key"] = "{server}"; ["salt"] = "{salt}"; ["iteration_count"] = {ITERATIONS}; }};\n'
        data = self.folder / "prosody" / "data" / DOMAIN.replace(".", "%2e")
        for store in ("accounts", "roster"):
            (data / store).mkdir(exist_ok=True)
        names = [name_of(number) for number in range(1, self.robots + 1)]
        for name in names:
            file = name.replace("-", "%2d") + ".dat"
            (data / "accounts" / file).write_text(account)
            (data / "roster" / file).write_text(self.roster([OWNER]))
        (data / "roster" / f"{OWNER}.dat").write_text(self.roster(names))

    @staticmethod
    def roster(names):
        entry = '["{0}@{1}"] = {{ ["subscription"] = "both"; ["groups"] = {{ ["Beckon"] = true; }}; }};\n'
        return 'return { [false] = { ["version"] = 1; ["pending"] = {}; };\n' + "".join(entry.format(name, DOMAIN) for name in names) + "};\n"


START = '{ok, _} = application:ensure_all_started(ejabberd), io:format("accounts are there~n").'
ACCOUNTS = """
{{ok, _}} = application:ensure_all_started(ejabberd),
Domain = <<"robots.test">>,
Names = [list_to_binary(io_lib:format("robot-~5..0b", [I])) || I <- lists:seq(1, {robots})],
ok = ejabberd_auth:try_register(hd(Names), Domain, <<"{password}">>),
[{{passwd, _, Kept}}] = mnesia:dirty_read(passwd, {{hd(Names), Domain}}),
Write = fun(Of, With) -> ok = mnesia:dirty_write({{roster, {{Of, Domain, {{With, Domain, <<>>}}}}, {{Of, Domain}}, {{With, Domain, <<>>}},
                                                   <<>>, both, none, [<<"Beckon">>], <<>>, []}}) end,
[begin
   ok = mnesia:dirty_write({{passwd, {{Name, Domain}}, Kept}}),
   Write(Name, <<"me">>),
   Write(<<"me">>, Name)
 end || Name <- Names],
mnesia:dump_log(),
io:format("accounts are there~n").
"""


class Ejabberd(FleetServer):
    name = "ejabberd"

    def start_server(self):
        """Its process."""
        if not (self.folder / "server.pem").exists():
            self.make_certificate()
        component = ejabberd.COMPONENT.format(port=self.component, secret=(self.folder / "component.secret").read_text())
        (self.folder / "ejabberd.yml").write_text(ejabberd.CONFIG.format(folder=self.folder, port=self.port, component=component).replace("loglevel: info", "loglevel: error"))
        return self.start_node(START)

    def make_accounts(self):
        self.start_node(ACCOUNTS.format(robots=self.robots, password=self.password))
        self.end()

    def start_node(self, body):
        command = ejabberd.node(self.folder, body)
        # What waits for work does not spin: its CPU is to be that of the work.
        command[command.index("erl") + 1:command.index("erl") + 1] = ["+sbwt", "none", "+sbwtdio", "none"]
        pid = self.run(*command).pid
        self.await_text("accounts are there")
        return pid

    def make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                        "/CN=robots.test", "-addext", "subjectAltName=DNS:robots.test", "-keyout", "server.key", "-out", "ca.pem"],
                       check=True, capture_output=True, cwd=self.folder)
        (self.folder / "server.pem").write_text((self.folder / "ca.pem").read_text() + (self.folder / "server.key").read_text())
