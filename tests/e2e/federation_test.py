"""Two servers of different owners: a robot on one is used from the other, within its policy."""

import json
import subprocess
import unittest

from many_test import NAMES, Checks
from names import Names
from world import ROOT, World, XmppWorld, free_port, until

HERE, THERE = "one.test", "two.test"
POLICY = """
[[rule]]
name = "our neighbours look"
who = ["owner@one.test", "lab-01@one.test"]
may = ["call", "watch"]
on = ["ALMotion.moveIsActive", "ALTextToSpeech.volume"]
"""


class Federation(Checks, XmppWorld):
    people = ("owner", "stranger")
    robots = [f"{name}@{HERE if number < 10 else THERE}" for number, name in enumerate(NAMES)]

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
            return f'remote = {{ robots = ["lab-12@{THERE}"] }}\naccess = {{ principals = ["owner@one.test"] }}\n' + self.account_at(account)
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

    def test_robots_of_two_servers_are_used_together_each_within_its_policy(self):
        self.start_robots()
        self.check_18_of_20()
        there = f"lab-12@{THERE}"
        self.assertFails(self.owner("call", f"{there}/ALMotion.moveTo", "1", "0", "0"), 3, "unknown-member")
        self.assertFails(self.stranger("--timeout", "1", "call", f"{there}/ALMotion.moveIsActive"), 3, "unknown-robot")
        watch = self.start("watch", "beckon", "--config", self.folder / "owner.toml", "watch", f"{there}/ALTextToSpeech.volume")
        watch.await_line("watching ")
        self.assertDone(self.owner("set", f"lab-01@{HERE}/ALTextToSpeech.volume", "0.25"))
        watch.await_line("volume [0.25]")
        # A robot there is used by one here, too.
        asked = ("--bus", self.url, "call", "OtherRobots.call", f'"{there}"')
        self.assertEqual(self.assertDone(self.beckon(*asked, '"ALMotion"', '"moveIsActive"', "[]")).out, "false\n")
        self.assertFails(self.beckon(*asked, '"ALMotion"', '"moveTo"', "[1, 0, 0]"), 7, "call-failed", "unknown-member: ")
        record = self.assertDone(self.beckon("--json", "audit", "--dir", self.folder / "state-lab-12" / "audit", "query", "--outcome", "refused"))
        self.assertEqual([(entry["who"], entry["on"]) for entry in map(json.loads, record.out.splitlines())], [(f"{who}@{HERE}", "ALMotion.moveTo") for who in ("owner", "lab-01")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
