"""Two servers of different owners: a robot on one is used from the other, within its policy."""

import json
import subprocess
import unittest

from ejabberd import ACCOUNTS, CONFIG, node
from many_test import NAMES, Checks
from names import Names
from world import ROOT, World, XmppWorld, free_port, until

HERE, THERE = "one.test", "two.test"
POLICY = """
[[rule]]
name = "our neighbours look"
who = ["owner@one.test", "lab-01@one.test", "nao1@one.test"]
may = ["call", "watch"]
on = ["ALMotion.moveIsActive", "ALTextToSpeech.volume"]
"""


class Federated(Checks, XmppWorld):
    people = ("owner", "stranger")

    def setUp(self):
        World.setUp(self)
        self.ports = {domain: free_port() for domain in (HERE, THERE)}
        self.port = self.ports[HERE]
        self.names = Names(self, {domain: free_port() for domain in (HERE, THERE)})
        self.write("policy.toml", POLICY)
        accounts = [*self.robots, *(f"{name}@{HERE}" for name in self.people)]
        for domain in (HERE, THERE):
            (self.folder / domain).mkdir()
            for account in accounts:
                name, its = account.split("@")
                if its == domain:
                    self.write(f"{domain}/{name}.password", f"secret of {name}\n", 0o600)
            self.configure(domain)
        # Each owner trusts the other's authority, for the other's server.
        for domain, other in ((HERE, THERE), (THERE, HERE)):
            authorities = (self.folder / other / "ca.pem").read_text()
            self.write(f"{domain}/others.pem", authorities)
        for domain in (HERE, THERE):
            self.start_at(domain)
        for name in self.people:
            self.write(f"{name}.toml", f"robots = {json.dumps(self.robots)}\n" + self.account_at(f"{name}@{HERE}"))

    def account_at(self, account):
        name, domain = account.split("@")
        return self.account(name, account=account, port=self.ports[domain], password_file=f"{domain}/{name}.password", ca_file=f"{domain}/ca.pem")

    def config(self, account):
        if account == self.robots[0]:
            return f'remote = {{ robots = ["{self.robots[-1]}"] }}\naccess = {{ principals = ["owner@one.test"] }}\n' + self.account_at(account)
        policy = 'policy = { file = "policy.toml" }\n' if account.endswith(THERE) else 'access = { principals = ["owner@one.test"] }\n'
        return policy + self.account_at(account)

    def configure(self, domain):
        """As private-prosody makes it, but with a way to other servers, whose certificates have to verify."""
        idle = self.folder / "idle"
        idle.mkdir(exist_ok=True)
        (idle / "prosody").write_text("#!/bin/sh\n")
        (idle / "prosody").chmod(0o755)
        subprocess.run([ROOT / "scripts" / "private-prosody", self.folder / domain, domain, str(self.ports[domain])], check=True,
                       env={**self.env, "PATH": f"{idle}:{self.env['PATH']}"})
        config = self.folder / domain / "prosody" / "prosody.cfg.lua"
        text = config.read_text()
        for old, new in (('modules_disabled = { "s2s", "offline" }', f'modules_disabled = {{ "offline" }}\ns2s_ports = {{ {self.names.ports[domain]} }}\ns2s_secure_auth = true'),
                         ('server.key" }', f'server.key", cafile = "{self.folder / domain / "others.pem"}" }}')):
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        config.write_text(text)

    def start_at(self, domain):
        config = self.folder / domain / "prosody" / "prosody.cfg.lua"
        server = self.start(domain, *self.names.command("prosody", "-F", "--config", config), binary=False)
        until(lambda: "Activated service 's2s'" in server.text()[0], lambda: f"{domain} does not start: {server.text()}")

    def check_policies(self):
        there = self.robots[-1]
        self.assertFails(self.owner("call", f"{there}/ALMotion.moveTo", "1", "0", "0"), 3, "unknown-member")
        self.assertFails(self.stranger("--timeout", "1", "call", f"{there}/ALMotion.moveIsActive"), 3, "unknown-robot")
        watch = self.start("watch", "beckon", "--config", self.folder / "owner.toml", "watch", f"{there}/ALTextToSpeech.volume")
        watch.await_line("watching ")
        self.assertDone(self.owner("set", f"{self.robots[0]}/ALTextToSpeech.volume", "0.25"))
        watch.await_line("volume [0.25]")
        # A robot there is used by one here, too.
        asked = ("--bus", self.url, "call", "OtherRobots.invoke", f'"{there}"')
        self.assertEqual(self.assertDone(self.beckon(*asked, '"ALMotion"', '"moveIsActive"', "[]")).out, "false\n")
        self.assertFails(self.beckon(*asked, '"ALMotion"', '"moveTo"', "[1, 0, 0]"), 7, "call-failed", "unknown-member: ")
        state = self.folder / f"state-{there.split('@')[0]}"
        record = self.assertDone(self.beckon("--json", "audit", "--dir", state / "audit", "query", "--outcome", "refused"))
        self.assertEqual([(entry["who"], entry["on"]) for entry in map(json.loads, record.out.splitlines())],
                         [(who, "ALMotion.moveTo") for who in (f"owner@{HERE}", self.robots[0])])


class Federation(Federated):
    robots = [f"{name}@{HERE if number < 10 else THERE}" for number, name in enumerate(NAMES)]

    def test_robots_of_two_servers_are_used_together_each_within_its_policy(self):
        self.start_robots()
        self.check_18_of_20()
        self.check_policies()


class FederationWithEjabberd(Federated):
    robots = [f"nao1@{HERE}", f"nao2@{THERE}"]

    def start_at(self, domain):
        if domain == HERE:
            return super().start_at(domain)
        folder = self.folder / domain
        door = f'  - {{ port: {self.names.ports[domain]}, ip: "127.0.0.1", module: ejabberd_s2s_in }}'
        trust = f's2s_use_starttls: required\nca_file: "{folder}/others.pem"\n'
        self.write(f"{domain}/server.pem", "".join((folder / "prosody" / f"server.{end}").read_text() for end in ("crt", "key")), 0o600)
        config = CONFIG.format(folder=folder, port=self.ports[domain], component=door) + trust
        self.write(f"{domain}/ejabberd.yml", config.replace("robots.test", domain), 0o600)
        server = self.start(domain, *self.names.command(*node(folder, ACCOUNTS.replace("robots.test", domain))), binary=False)
        until(lambda: server.lines("accounts are there"), lambda: f"ejabberd does not start: {server.text()}")

    def test_a_robot_of_an_ejabberd_is_used_from_a_prosody_within_its_policy(self):
        self.start_robots()
        self.assertDone(self.owner("call", "--all", "nao*", "ALMotion.moveIsActive"))
        self.check_policies()


if __name__ == "__main__":
    unittest.main(verbosity=2)
