"""Reconnecting that cannot get stuck: what happens to servers, networks and computers, several times each, and how long it
takes until the robot is back. BECKON_RECONNECT_RUNS says how many times (5)."""

import os
import shutil
import signal
import statistics
import subprocess
import threading
import time
import unittest

from computers import run
from fleet_world import DOMAIN
from internet import MOVED, SERVER, Internet
from world import ROOT, World, XmppWorld, until

RUNS = int(os.environ.get("BECKON_RECONNECT_RUNS", "5"))
STUCK = 60.0  # seconds
LASTING = 10.0  # seconds, after which a session was a success (Reconciler::lasting)


class Ways(XmppWorld):
    """A robot a fault, each in a home of its own, all at once; then what happens to the server that all of them use."""

    accounts = ("moving", "waking", "ended", "other", "plain", "owner")

    def setUp(self):
        World.setUp(self)
        self.times = {}
        self.net = Internet(self)
        for name in self.accounts:
            self.write(f"{name}.password", f"secret of {name}\n", 0o600)
        self.homes = {name: self.net.home(name) for name in self.accounts}
        self.there = SERVER
        self.net.give(MOVED)
        self.dns = self.start_dns("dns", SERVER)
        self.net.show_name_server(*self.homes.values())
        self.start_prosody()
        # By SRV: direct TLS at 443 first. "plain" is told a host, where it has STARTTLS at 5222.
        self.robots = {}
        for name in self.accounts[:-1]:
            where = {"host": f"xmpp.{DOMAIN}"} if name == "plain" else {"host": ""}
            self.port = 5222 if name == "plain" else 0
            self.write(f"{name}.toml", self.account(name, **where).replace('host = ""\n', "").replace("port = 0\n", "") +
                       f'[bus]\nlisten = "tcp://127.0.0.1:0"\n[access]\nprincipals = ["owner@robots.test"]\n[robot]\nstate = "state-{name}"\n')
            self.inside = self.homes[name].command
            self.robots[name] = self.start(name, "beckond", "run", "--config", self.folder / f"{name}.toml")
        for robot in self.robots.values():
            robot.await_line("announced ")

    def start_dns(self, name, address):
        return self.net.name_server(name, f"--address=/xmpp.{DOMAIN}/{address}", f"--srv-host=_xmpps-client._tcp.{DOMAIN},xmpp.{DOMAIN},443,1",
                                    f"--srv-host=_xmpp-client._tcp.{DOMAIN},xmpp.{DOMAIN},5222,2")

    def start_prosody(self):
        self.inside = self.net.cloud.command
        first = self.start("prosody-0", ROOT / "scripts" / "private-prosody", self.folder, DOMAIN, 5222, "0.0.0.0", binary=False)
        until(lambda: "Activated service 'c2s'" in first.text()[0], lambda: f"prosody does not start: {first.text()}")
        first.kill()
        self.config = self.folder / "prosody" / "prosody.cfg.lua"
        text = self.config.read_text().replace("c2s_direct_tls_ports = { }", "c2s_direct_tls_ports = { 443 }")
        # Its console, by which streams are ended with the error that a test wants; and it offers to resume streams, which nobody asks for.
        self.config.write_text(text.replace('"disco", "ping"', '"disco", "ping", "admin_shell", "smacks"'))
        self.starts = 0
        self.prosody_again()

    def prosody_again(self):
        self.starts += 1
        self.inside = self.net.cloud.command
        self.prosody = self.start(f"prosody-{self.starts}", "prosody", "-F", "--config", self.config, binary=False)
        until(lambda: "Activated service 'c2s_direct_tls'" in self.prosody.text()[0], lambda: f"prosody does not start: {self.prosody.text()}")

    def times_there(self, name):
        return len(self.robots[name].lines("announced "))

    def came_back(self, what, name, before, begin):
        """It has announced itself once more than `before`."""
        self.robots[name].await_line("announced ", before + 1, limit=STUCK)
        self.times.setdefault(what, []).append(time.monotonic() - begin)

    def all_came_back(self, what, before, begin):
        waiting = [threading.Thread(target=self.noted, args=(self.came_back, what, name, before[name], begin)) for name in self.robots]
        for thread in waiting:
            thread.start()
        for thread in waiting:
            thread.join()

    def noted(self, body, *arguments):
        try:
            body(*arguments)
        except BaseException as problem:  # a thread's own would be lost
            self.problems.append(problem)

    def end_stream(self, name, condition):
        """Prosody ends it with that error (RFC 6120 section 4.9.3)."""
        command = f'c2s:close("{name}@{DOMAIN}/beckond", "said the test", "{condition}")'
        done = subprocess.run([*self.net.cloud.command, "prosodyctl", "--config", self.config, "shell", command], capture_output=True, text=True, env=self.env)
        self.assertIn("Total: 1 sessions closed", done.stdout, done)

    def test_a_robot_comes_back_from_whatever_happens_to_its_network_and_server_and_is_never_stuck(self):
        self.problems = []

        def moves():
            for _ in range(RUNS):
                before, begin = self.times_there("moving"), time.monotonic()
                self.net.move(self.homes["moving"])
                self.came_back("another address", "moving", before, begin)

        def wakes():
            for _ in range(RUNS):
                before = self.times_there("waking")
                os.kill(self.robots["waking"].process.pid, signal.SIGSTOP)
                self.net.move(self.homes["waking"])
                time.sleep(2)  # it sleeps that long
                os.kill(self.robots["waking"].process.pid, signal.SIGCONT)
                self.came_back("a sleep, and another address", "waking", before, time.monotonic())

        def ends():
            for condition in ("conflict", "policy-violation", "reset", "undefined-condition", "resource-constraint")[:RUNS] + ("policy-violation",) * (RUNS - 5):
                before, begin = self.times_there("ended"), time.monotonic()
                self.end_stream("ended", condition)
                self.came_back("a stream error", "ended", before, begin)

        def resets():
            """The server is not told, and still has the session when the robot is back with another one."""
            home, robot = self.homes["other"], self.robots["other"]
            rule = ("OUTPUT", "-p", "tcp", "--dport", "443", "-j", "REJECT", "--reject-with", "tcp-reset")
            losses = lambda: sum("offline (connection-lost)" in line for line in robot.lines())
            for number in range(RUNS):
                before, lost = self.times_there("other"), losses()
                run(*home.network, "iptables", "-I", *rule)
                # A further address, and it asks its server for a sign of life.
                run(*home.network, "ip", "address", "add", f"198.51.100.{number + 1}/32", "dev", home.device)
                until(lambda: losses() > lost, robot.text)
                run(*home.network, "iptables", "-D", *rule)
                self.came_back("a reset, and nothing resumed", "other", before, time.monotonic())

        threads = [threading.Thread(target=self.noted, args=(body,)) for body in (moves, wakes, ends, resets)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.problems, [])

        time.sleep(LASTING)
        for number in range(-(-RUNS // len(self.robots))):
            self.server_dies("a server killed with -9")
            self.server_dies("a certificate renewed", self.renew_certificate)
            self.server_dies("a server that lost its rosters", self.lose_rosters)
            self.server_dies("name servers that refuse", self.dns.kill)
            self.server_dies("name servers that are silent", self.silence_names)
            self.give_other_address(number)
        self.assertEqual(self.problems, [])
        self.answers()
        self.tell()

    def server_dies(self, what, meanwhile=lambda: None):
        before = {name: self.times_there(name) for name in self.robots}
        self.prosody.kill()
        meanwhile()
        self.prosody_again()
        self.all_came_back(what, before, time.monotonic())
        time.sleep(LASTING)  # the next failure is another one

    def renew_certificate(self):
        for name in ("server.crt", "server.key"):
            (self.folder / "prosody" / name).rename(self.folder / "prosody" / f"old-{name}")
        folder = self.folder / "prosody"
        for command in (f"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={DOMAIN} -keyout {folder}/server.key -out {folder}/server.csr",
                        f"openssl x509 -req -in {folder}/server.csr -CA {self.folder}/ca.pem -CAkey {folder}/ca.key -CAcreateserial -days 2 -extfile {folder}/san -out {folder}/server.crt"):
            (folder / "san").write_text(f"subjectAltName=DNS:{DOMAIN}\n")
            run(*command.split())

    def lose_rosters(self):
        shutil.rmtree(self.folder / "prosody" / "data" / "robots%2etest" / "roster")

    def firewall(self, *rule):
        run(*self.net.cloud.network, "iptables", *rule)

    def silence_names(self):
        self.firewall("-A", "INPUT", "-p", "udp", "--dport", "53", "-j", "DROP")

    def give_other_address(self, number):
        """The name says another address from now on, and no server is at the old one."""
        old, self.there = self.there, MOVED if self.there == SERVER else SERVER
        self.firewall("-F", "INPUT")
        self.firewall("-A", "INPUT", "-p", "tcp", "-d", old, "-j", "REJECT")
        self.dns = self.start_dns(f"dns-{number}", self.there)
        self.server_dies("another address in DNS")

    def answers(self):
        """Whoever asks is served, by each robot."""
        self.write("owner.toml", "robots = [" + ", ".join(f'"{name}@{DOMAIN}"' for name in self.robots) + "]\n" +
                   self.account("owner", host=self.there).replace("port = 0", "port = 443"))
        self.inside = self.homes["owner"].command
        listed = self.assertDone(self.owner("--json", "robots")).json()["robots"]
        self.assertEqual({robot["account"]: bool(robot["address"]) for robot in listed}, {f"{name}@{DOMAIN}": True for name in self.robots})

    def tell(self):
        print(f"\n{'back after':<34}{'runs':>5}{'median':>9}{'worst':>9}")
        # Nothing of it needs the time after which a silent server is asked for a sign of life.
        self.assertLess(statistics.median(self.times["another address"]), 15)
        for what, times in self.times.items():
            print(f"{what:<34}{len(times):>5}{statistics.median(times):>7.1f} s{max(times):>7.1f} s")
            self.assertGreaterEqual(len(times), RUNS, what)


if __name__ == "__main__":
    unittest.main()
