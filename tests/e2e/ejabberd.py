"""A world with ejabberd in place of Prosody: in a private folder, on one port of 127.0.0.1."""

import glob
import os
import subprocess

from world import XmppWorld, until

# Not by ejabberdctl, which changes to the user ejabberd by su and wants epmd: a node without a name has no distribution,
# so nothing listens but the one port, and nothing is left behind. The accounts are those of the password files.
CONFIG = """
hosts: [robots.test]
loglevel: info
certfiles: ["{folder}/server.pem"]
auth_method: [internal]
auth_password_format: scram
auth_scram_hash: sha256
acl: {{ local: {{ user_regexp: "" }}, admin: {{ server: [relay.robots.test] }} }}
access_rules: {{ c2s: {{ allow: all }}, configure: {{ allow: admin }} }}
shaper_rules: {{ c2s_shaper: none, max_user_sessions: 10 }}
listen:
  - {{ port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, access: c2s, shaper: c2s_shaper, starttls_required: true }}
{component}
modules:
  mod_adhoc: {{}}
  mod_caps: {{}}
  mod_configure: {{}}
  mod_disco: {{}}
  mod_ping: {{}}
  mod_roster: {{}}
"""
NO_SHAPER = "shaper_rules: { c2s_shaper: none,"
STOCK_SHAPER = "shaper: { normal: { rate: 3000, burst_size: 20000 } }\nshaper_rules: { c2s_shaper: normal,"
COMPONENT = """
  - {{ port: {port}, ip: "127.0.0.1", module: ejabberd_service, access: all, hosts: {{ relay.robots.test: {{ password: "{secret}" }} }} }}
"""
ACCOUNTS = """
{ok, _} = application:ensure_all_started(ejabberd),
[begin
   {ok, Text} = file:read_file(File),
   ok = ejabberd_auth:try_register(list_to_binary(filename:basename(File, ".password")), <<"robots.test">>, string:trim(Text))
 end || File <- filelib:wildcard("*.password")],
io:format("accounts are there~n").
"""


def node(folder, body):
    """The command that runs what is configured in that folder, and `body`."""
    (folder / "log").mkdir(exist_ok=True)
    libraries = os.path.dirname(glob.glob("/usr/lib/*/ejabberd-*/ebin")[0].removesuffix("/ebin"))
    settings = {"ERL_LIBS": libraries, "EJABBERD_CONFIG_PATH": folder / "ejabberd.yml",
                "EJABBERD_LOG_PATH": folder / "log" / "ejabberd.log", "ERL_CRASH_DUMP_BYTES": 0}
    # Few schedulers: on a busy machine its start hands each of hundreds of files through all of them, 40 s instead of 1.
    return ["env", "-C", folder, *(f"{name}={value}" for name, value in settings.items()), "erl", "-noinput", "+S", "1", "+SDio", "1",
            "-mnesia", "dir", f'"{folder}/mnesia"', "-eval", body]


class EjabberdWorld(XmppWorld):
    component = ""  # the entry of one that the server listens for
    has_stock_limits = False  # the shaper of clients that it comes with

    def start_server(self):
        self.make_certificate()
        config = CONFIG.format(folder=self.folder, port=self.port, component=self.component)
        if self.has_stock_limits:
            config = config.replace(NO_SHAPER, STOCK_SHAPER)
        self.write("ejabberd.yml", config, 0o600)
        self.start_ejabberd("ejabberd", ACCOUNTS)

    def restart_server(self):
        self.start_ejabberd("ejabberd2", '{ok, _} = application:ensure_all_started(ejabberd), io:format("accounts are there~n").')

    def start_ejabberd(self, name, body):
        self.ejabberd = self.start(name, *node(self.folder, body), binary=False)
        until(lambda: self.is_ready(), lambda: f"ejabberd does not start: {self.ejabberd.text()}")

    def is_ready(self):
        self.assertIsNone(self.ejabberd.process.poll(), self.ejabberd.text())
        return self.ejabberd.lines("accounts are there")

    def make_certificate(self):
        def openssl(*arguments):
            subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=self.folder)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl("req", "-x509", *key, "-days", 30, "-subj", "/CN=Beckon test authority", "-keyout", "ca.key", "-out", "ca.pem")
        openssl("req", *key, "-subj", "/CN=robots.test", "-keyout", "server.key", "-out", "server.csr")
        self.write("server.ext", "subjectAltName=DNS:robots.test\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", 30,
                "-extfile", "server.ext", "-out", "server.crt")
        self.write("server.pem", (self.folder / "server.crt").read_text() + (self.folder / "server.key").read_text(), 0o600)
