"""A proxy is the only way out of the robot's home: nothing is forwarded, and its names are not known there."""

import contextlib
import subprocess
import unittest

from fleet_world import DOMAIN, FleetWorld
from internet import SERVER, Internet
from world import BIN, ROOT, until


class OnlyAProxy(FleetWorld):
    def setUp(self):
        self.net = None
        super().setUp()

    def start_server(self):
        """In the cloud, where the owner's device is, too."""
        if not self.net:
            self.net = Internet(self)
            self.gate = self.net.home("gate")
            self.robots_home = self.net.home("robots-home", beside=self.gate)  # nothing is forwarded
            self.inside = self.net.cloud.command
        self.relay = self.home = self.start(self.started("home"), ROOT / "scripts" / "home-server", "--folder", self.server, "--listen", "0.0.0.0",
                                            "--ports", f"{self.port},{self.enrol_port},{self.component_port}", DOMAIN, SERVER, binary=False)
        self.await_relay()

    def start_proxies(self):
        proxy = self.robots_home.gate
        (self.folder / "tinyproxy.conf").write_text(f"Port 3128\nListen {proxy}\nTimeout 600\nConnectPort {self.port}\nConnectPort {self.enrol_port}\nBasicAuth lab hush\n")
        self.inside = self.gate.command
        self.start("tinyproxy", "tinyproxy", "-d", "-c", self.folder / "tinyproxy.conf", binary=False).await_text("Accepting connections")
        self.start("microsocks", "microsocks", "-i", proxy, "-p", 1080, "-u", "lab", "-P", "hush", binary=False)
        listening = [*self.gate.network, "ss", "-Hltn", "sport = :1080"]
        until(lambda: subprocess.run(listening, capture_output=True, text=True).stdout, "microsocks does not listen")
        self.write("http", f"http://lab:hush@{proxy}:3128\n", 0o600)
        return proxy

    def test_enrol_call_and_watch_through_an_http_and_a_socks5_proxy_where_nothing_else_leads_out(self):
        proxy = self.start_proxies()
        # A robot, by HTTP CONNECT as its configuration says.
        config = self.config_of("nao1")
        self.inside = self.net.cloud.command
        code = self.code()
        self.inside = self.robots_home.command
        without = self.enrol_robot("nao1", code)
        self.assertFails(without, 4, "unreachable")
        config.write_text(config.read_text() + '[xmpp]\nproxy_file = "../http"\n[access]\nprincipals = ["friend@robots.test"]\n')
        robot = self.run_robot("nao1", "enroll", code, "--name", "nao1", "--run")
        self.start_services(robot)
        self.inside = self.net.cloud.command
        self.sign()
        robot.await_text("has signed this robot's key")
        self.assertServes("nao1")
        # A person's device beside it, by SOCKS5 as the environment says.
        friend = self.assertWorks(self.owner("--json", "fleet", "code", "--no-wait", "--person")).json()["code"]
        with self.behind(f"socks5://lab:wrong@{proxy}"):
            self.assertFails(self.enroll("friend", friend), 6, "not-authenticated", "proxy")
        with self.behind(f"socks5://lab:hush@{proxy}:1080"):
            self.assertWorks(self.enroll("friend", friend))
        self.sign()
        with self.behind(f"socks5://lab:hush@{proxy}:1080"):
            self.await_seen("nao1", "friend")
            self.assertEqual(self.assertWorks(self.at("friend", "call", "nao1/ALMotion.moveIsActive")).out, "false\n")
            watch = self.start("watch", "env", f"HOME={self.home_of('friend')}", BIN / "beckon", "watch", "nao1/ALTextToSpeech.volume", binary=False)
            watch.await_line("watching ")
            self.assertWorks(self.at("friend", "set", "nao1/ALTextToSpeech.volume", "0.25"))
            watch.await_text("0.25")

    @contextlib.contextmanager
    def behind(self, proxy):
        """In the robot's home."""
        before, self.inside = self.inside, self.robots_home.command
        self.env["all_proxy"] = proxy
        yield
        del self.env["all_proxy"]
        self.inside = before


if __name__ == "__main__":
    unittest.main()
