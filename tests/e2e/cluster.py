"""An ejabberd cluster of two nodes with beckon-relay beside it, as docs/relay.md has it. It needs root, as CI has it."""

import secrets

from ejabberd import ACCOUNTS, COMPONENT, CONFIG, node
from fleet_world import RELAY, EjabberdFleetWorld
from world import free_port, until

# Two computers as far as programs can tell: the same ports at two addresses. 127.0.0.1 is not among them, since it would be preferred.
PLACES = {"first": "127.0.0.2", "second": "127.0.0.3"}
HOST = "xmpp.robots.test"  # has both addresses
START = "{ok, _} = application:ensure_all_started(ejabberd),"
JOIN = "ok = ejabberd_cluster:join('beckon@127.0.0.2'),"
TOGETHER = """
Together = fun Again() -> case ejabberd_cluster:get_nodes() of [_, _] -> ok; _ -> timer:sleep(100), Again() end end, Together(),
io:format("two nodes~n").
"""


class ClusterWorld(EjabberdFleetWorld):
    host = HOST

    def start_server(self):
        self.nodes, self.distribution = {}, free_port()
        self.write(".erlang.cookie", secrets.token_hex(16), 0o400)
        secret = secrets.token_hex(32)
        self.write("component.secret", secret + "\n", 0o600)
        relay = RELAY.format(component=self.component_port, port=self.port, enrol=self.enrol_port)
        self.write("relay.toml", relay.replace('[clients]\nhost = "127.0.0.1"', f'host = "{HOST}"\n[clients]\nhost = "{HOST}"'))
        self.make_certificate()
        component = COMPONENT.format(port=self.component_port, secret=secret)
        for name, address in PLACES.items():
            (self.folder / name).mkdir()
            others = [other for other in PLACES.values() if other != address]
            self.write(f"{name}.hosts", "".join(f"{place} {HOST}\n" for place in (address, *others)))
            config = CONFIG.format(folder=self.folder, port=self.port, component=component)
            self.write(f"{name}/ejabberd.yml", config.replace('ip: "127.0.0.1"', f'ip: "{address}"'), 0o600)
        self.go_by("first")
        self.run_node("first", ACCOUNTS.replace("*.password", f"{self.folder}/*.password"))
        self.await_node("first", "accounts are there")
        self.run_node("second", START + JOIN + TOGETHER)
        self.await_node("second")
        self.start_relay_again()

    def go_by(self, name):
        """What is started from now on tries that node first."""
        hosts = self.folder / f"{name}.hosts"
        self.inside = ["unshare", "--mount", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh"]

    def run_node(self, name, body):
        """Without epmd: each listens for the other at the same port of its own address."""
        address = PLACES[name]
        distribution = ["-name", f"beckon@{address}", "-start_epmd", "false", "-erl_epmd_port", self.distribution,
                        "-kernel", "inet_dist_use_interface", f"{{{address.replace('.', ',')}}}"]
        self.nodes[name] = self.start(self.started(name), *node(self.folder / name, body), *distribution, binary=False)

    def await_node(self, name, line="two nodes"):
        def is_ready():
            self.assertIsNone(self.nodes[name].process.poll(), self.nodes[name].text())
            return self.nodes[name].lines(line)
        until(is_ready, lambda: f"{name} does not start: {self.nodes[name].text()}", 60)

    def start_node(self, name):
        """After it was killed: with what it knew, and what the other one has learned since."""
        self.run_node(name, START + TOGETHER)
        self.await_node(name)

    def start_xmpp(self):
        for name in PLACES:
            self.run_node(name, START + TOGETHER)
        for name in PLACES:
            self.await_node(name)

    def stop_xmpp(self):
        for name in PLACES:
            self.nodes[name].kill()
