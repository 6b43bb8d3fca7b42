"""The relays that bench/relay.py compares, each with an XMPP server and an account "me", on loopback, in a folder of its own."""

import contextlib
import glob
import os
import pathlib
import secrets
import socket
import sqlite3
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from world import BIN, free_port  # noqa: E402

PATIENCE = 60  # seconds until one has started


def processor_time(pid):
    """Seconds, of all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Relay:
    name = ""
    wantsTickets = False

    def __init__(self, folder):
        folder.mkdir()
        self.folder, self.password = folder, secrets.token_hex(16)
        self.port, self.proxy_port = free_port(), free_port()
        self.authority = folder / "ca.pem"
        self.proxy = "proxy.robots.test"
        self.children = []

    def run(self, *command, **options):
        with open(self.folder / f"{len(self.children)}.log", "wb") as log:
            self.children.append(subprocess.Popen([*map(str, command)], stdout=log, stderr=log, **options))
        return self.children[-1]

    def await_port(self, port):
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return
            if time.monotonic() > until or any(child.poll() is not None for child in self.children):
                told = "".join(log.read_text(errors="replace")[-500:] for log in self.folder.glob("*.log"))
                raise RuntimeError(f"{self.name} does not start: {told}")
            time.sleep(0.05)

    def stop(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            child.wait()

    def start_prosody(self, *arguments, **options):
        (self.folder / "me.password").write_text(self.password)
        self.run(ROOT / "scripts" / "private-prosody", self.folder, "robots.test", self.port, "127.0.0.1", *arguments, **options)
        self.await_port(self.port)


RELAY = """
[xmpp]
domain = "robots.test"
secret_file = "component.secret"
port = {component}
[enrol]
listen = "tcps://127.0.0.1:0"
host = "127.0.0.1"
[bytestreams]
listen = "127.0.0.1:{proxy}"
streams = 10000
streams_in_all = 10000
bytes_a_day = 1000000000000000
"""


class Ours(Relay):
    name = "ours"
    wantsTickets = True

    def start(self):
        component = free_port()
        self.proxy = "relay.robots.test"
        self.start_prosody(component)
        self.await_port(component)
        (self.folder / "relay.toml").write_text(RELAY.format(component=component, proxy=self.proxy_port))
        self.pid = self.run(BIN / "beckon-relay", "run", "--config", self.folder / "relay.toml", "--log-level", "warning").pid
        self.await_port(self.proxy_port)
        with contextlib.closing(sqlite3.connect(self.folder / "state" / "fleets.db")) as database, database:
            for number, name in enumerate(("me", "other")):
                database.execute("INSERT INTO members (fleet, kind, account, machine, key, code_hash, proof, enrolled, confirmed) "
                                 "VALUES ('home', 'robot', ?, 'bench', ?, ?, ?, 1, 1)",
                                 (f"{name}@robots.test", bytes([number]) * 32, bytes(32), bytes(32)))


class Prosody(Relay):
    name = "prosody"

    def start(self):
        self.start_prosody()  # it writes its configuration
        self.stop()
        self.children.clear()
        config = self.folder / "prosody" / "prosody.cfg.lua"
        # Settings of the whole server stand before the first host.
        head, host, tail = config.read_text().partition("VirtualHost")
        config.write_text(head + "proxy65_ports = { %d }\nproxy65_interfaces = { \"127.0.0.1\" }\n" % self.proxy_port + host + tail +
                          'Component "proxy.robots.test" "proxy65"\n  proxy65_address = "127.0.0.1"\n')
        self.pid = self.run("prosody", "-F", "--config", config).pid
        self.await_port(self.port)
        self.await_port(self.proxy_port)


EJABBERD = """
hosts: [robots.test]
loglevel: error
certfiles: ["{folder}/server.pem"]
auth_method: [internal]
auth_password_format: scram
auth_scram_hash: sha256
acl: {{ local: {{ user_regexp: "" }} }}
access_rules: {{ c2s: {{ allow: all }}, local: {{ allow: local }} }}
shaper_rules: {{ none_shaper: none }}
listen:
  - {{ port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, access: c2s, shaper: none_shaper, starttls_required: true }}
modules:
  mod_disco: {{}}
  mod_proxy65: {{ host: proxy.robots.test, ip: "127.0.0.1", hostname: "127.0.0.1", port: {proxy}, access: local, max_connections: infinity, shaper: none }}
"""
START = """
{{ok, _}} = application:ensure_all_started(ejabberd),
ok = ejabberd_auth:try_register(<<"me">>, <<"robots.test">>, <<"{password}">>).
"""


class Ejabberd(Relay):
    name = "ejabberd"

    def start(self):
        self.make_certificate()
        (self.folder / "ejabberd.yml").write_text(EJABBERD.format(folder=self.folder, port=self.port, proxy=self.proxy_port))
        env = dict(os.environ, ERL_LIBS=os.path.dirname(glob.glob("/usr/lib/*/ejabberd-*/ebin")[0].removesuffix("/ebin")),
                   EJABBERD_CONFIG_PATH=str(self.folder / "ejabberd.yml"), EJABBERD_LOG_PATH=str(self.folder / "ejabberd.log"),
                   ERL_CRASH_DUMP_BYTES="0")
        self.pid = self.run("erl", "-noinput", "-mnesia", "dir", f'"{self.folder}/mnesia"', "-eval",
                            START.format(password=self.password), env=env, cwd=self.folder).pid
        self.await_port(self.port)
        self.await_port(self.proxy_port)

    def make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                        "/CN=robots.test", "-addext", "subjectAltName=DNS:robots.test", "-keyout", "server.key", "-out", "ca.pem"],
                       check=True, capture_output=True, cwd=self.folder)
        (self.folder / "server.pem").write_text((self.folder / "ca.pem").read_text() + (self.folder / "server.key").read_text())
