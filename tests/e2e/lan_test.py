"""The LAN door of `beckond`: one port with TLS, as a user outside has it (docs/design/022)."""

import itertools
import json
import os
import socket
import subprocess
import unittest

from computers import Computer, run
from world import ROOT, World, until

LIBQI_PROGRAM = os.environ.get("BECKON_LIBQI_PROGRAM")
EVERYTHING = '[roles]\noperator = []\n[[rule]]\nname = "operators"\nwho = ["role:operator"]\nmay = "*"\non = "*"\n'


class LanWorld(World):
    """A robot without an XMPP account, and tokens to come in by its LAN door."""

    def setUp(self):
        super().setUp()
        (self.folder / "policy.toml").write_text(EVERYTHING)

    def start_robot(self, bus="tcp://127.0.0.1:0", lan="tcps://127.0.0.1:0", name="beckond", more=""):
        (self.folder / "robot.toml").write_text(f'[bus]\nlisten = "{bus}"\n[lan]\nlisten = "{lan}"\n{more}[policy]\nfile = "policy.toml"\n')
        self.robot = self.start(name, "beckond", "run", "--config", self.folder / "robot.toml")
        self.url = self.robot.await_line("ready ").split()[1]
        _, self.lan, self.key = self.robot.await_line("lan ").split()
        return self.robot

    def token(self, name, role="operator", state="state"):
        """A file with a new token."""
        (self.folder / state).mkdir(mode=0o700, exist_ok=True)
        made = self.beckon("token", "--state", self.folder / state, "create", name, "--role", role)
        self.assertEqual(made.code, 0, made)
        file = self.folder / f"{name}.token"
        file.write_text([line for line in made.out.split() if line.startswith("bkn_")][0] + "\n")
        file.chmod(0o600)
        return file

    def outside(self, token, *arguments, lan=None, **options):
        return self.beckon("--bus", lan or self.lan, "--pin", self.key, *(("--token-file", token) if token else ()), *arguments, **options)


class LanDoor(LanWorld):
    def test_a_robot_without_an_account_is_used_through_its_one_port(self):
        self.start_robot()
        self.start_sim("sim", "--name", "rosie")
        token = self.token("tablet")
        services = until(lambda: [s for s in self.assertDone(self.outside(token, "--json", "services")).json() if s["name"] == "ALMotion"] and
                         self.outside(token, "--json", "services").json(), "ALMotion is not listed outside")
        self.assertEqual({tuple(s["endpoints"]) for s in services}, {(self.lan,)})
        self.assertEqual(self.assertDone(self.outside(token, "get", "ALTextToSpeech.volume")).out, "0.7\n")
        self.assertDone(self.outside(token, "set", "ALTextToSpeech.volume", "0.5"))
        self.assertEqual(self.assertDone(self.on_bus("get", "ALTextToSpeech.volume")).out, "0.5\n")
        self.assertEqual(self.assertDone(self.outside(token, "call", "ALMemory.getData", '"Device/DeviceList/ChestBoard/BodyNickName"')).out, '"rosie"\n')
        watch = self.start("watch", "beckon", "--bus", self.lan, "--pin", self.key, "--token-file", token, "watch", "ALTextToSpeech.volume")
        watch.await_line("watching ")
        self.assertDone(self.on_bus("set", "ALTextToSpeech.volume", "0.25"))
        watch.await_text("0.25")

    def test_a_port_that_is_taken_ends_the_start_with_the_reason(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            lan = f"tcps://127.0.0.1:{taken.getsockname()[1]}"
            (self.folder / "robot.toml").write_text(f'[bus]\nlisten = "tcp://127.0.0.1:0"\n[lan]\nlisten = "{lan}"\n[policy]\nfile = "policy.toml"\n')
            robot = self.start("beckond", "beckond", "run", "--config", self.folder / "robot.toml")
            self.assertEqual(robot.wait(), 4)
            robot.await_text("error (unreachable)")

    def test_nobody_comes_in_without_a_token_or_to_another_key(self):
        self.start_robot()
        token = self.token("tablet")
        self.assertFails(self.outside(None, "services"), 6, "not-authenticated")
        wrong = self.token("another", state="another-robot")
        self.assertFails(self.outside(wrong, "services"), 6, "not-authenticated")
        right, self.key = self.key, "SHA256:" + "a" * 64
        self.assertFails(self.outside(token, "services"), 4, "bad-certificate", right)
        self.assertFails(self.beckon("--bus", self.lan, "--pin", "nonsense", "services"), 2, "invalid-config", "--pin", "SHA256:")

    def test_a_client_is_known_by_the_key_of_its_certificate(self):
        self.start_robot()
        self.start_sim()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=me",
                        "-keyout", "me.key", "-out", "me.pem"], check=True, capture_output=True, cwd=self.folder)
        (self.folder / "me.key").chmod(0o600)
        own = ("--certificate", self.folder / "me.pem", "--key", self.folder / "me.key")
        self.assertFails(self.outside(None, *own, "services"), 6, "not-authenticated")
        der = subprocess.run("openssl x509 -in me.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum", shell=True, check=True,
                             capture_output=True, text=True, cwd=self.folder).stdout.split()[0]
        (self.folder / "policy.toml").write_text(EVERYTHING + f'[[rule]]\nname = "me"\nwho = ["key:SHA256:{der}"]\nmay = ["call", "get"]\non = ["ALTextToSpeech"]\n')
        self.robot.await_text("the policy is now version ")
        self.assertEqual(self.assertDone(self.outside(None, *own, "get", "ALTextToSpeech.volume")).out, "0.7\n")
        self.assertNotIn("ALMotion", self.assertDone(self.outside(None, *own, "services")).out)

    def test_the_key_of_the_door_stays_the_same_and_is_nobody_elses(self):
        self.start_robot()
        key = self.folder / "state" / "lan.key"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        before = self.key
        self.robot.end()
        self.start_robot(name="again")
        self.assertEqual(self.key, before)

    def test_a_revoked_token_ends_its_sessions_within_a_second(self):
        self.start_robot()
        self.start_sim()
        tablet, phone = self.token("tablet"), self.token("phone")
        watches = {}
        for name, token in (("tablet", tablet), ("phone", phone)):
            watches[name] = self.start(f"watch-{name}", "beckon", "--bus", self.lan, "--pin", self.key, "--token-file", token, "watch", "ALTextToSpeech.volume")
            watches[name].await_line("watching ")
        self.assertDone(self.beckon("token", "--state", self.folder / "state", "revoke", "tablet"))
        watches["tablet"].await_text("gone", limit=1.5)
        self.assertDone(self.on_bus("set", "ALTextToSpeech.volume", "0.25"))
        watches["phone"].await_text("0.25")
        self.assertEqual(watches["tablet"].text()[0].count("0.25"), 0)
        self.assertFails(self.outside(tablet, "services"), 6, "not-authenticated")


class Namespaces(LanWorld):
    """Robots of one and of two computers, and somebody outside."""

    def scan(self, computer, address):
        """All TCP ports of that address that answer, as somebody at `computer` finds them."""
        code = ("import socket, selectors, sys\n"
                "found = []\n"
                "def tried(ports):\n"
                "    selector = selectors.DefaultSelector()\n"
                "    for port in ports:\n"
                "        s = socket.socket(); s.setblocking(False)\n"
                "        problem = s.connect_ex((sys.argv[1], port))\n"
                "        if problem == 0: found.append(port)\n"
                "        elif problem == 115: selector.register(s, selectors.EVENT_WRITE, port); continue\n"
                "        s.close()\n"
                "    while selector.get_map():\n"
                "        for key, _ in selector.select(5) or sys.exit('no answer'):\n"
                "            if key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0: found.append(key.data)\n"
                "            selector.unregister(key.fileobj); key.fileobj.close()\n"
                "for first in range(1, 65536, 512): tried(range(first, min(first + 512, 65536)))\n"
                "print(*found)\n")
        done = subprocess.run([*map(str, computer.command), "python3", "-c", code, address], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done)
        return [int(port) for port in done.stdout.split()]

    def at(self, computer):
        self.inside = computer.command
        return self

    def test_a_scan_from_outside_finds_the_door_and_nothing_of_the_bus(self):
        robot, outside = Computer(self, "robot", "the-robot"), Computer(self, "outside", "a-tablet")
        robot.cable(outside, "10.78.0.1", "10.78.0.2")
        self.at(robot).start_robot(bus="tcp://127.0.0.1:9559", lan="tcps://0.0.0.0:9503")
        self.start_sim()
        token = self.token("tablet")
        self.assertEqual(self.scan(outside, "10.78.0.1"), [9503])
        self.at(outside)
        self.lan = "tcps://10.78.0.1:9503"
        until(lambda: self.outside(token, "get", "ALTextToSpeech.volume").out == "0.7\n", "the service is not reached")

    def test_two_computers_are_used_through_one_port_and_a_new_address_disturbs_nobody(self):
        a, b, outside = (Computer(self, name, f"machine-{name}") for name in ("a", "b", "outside"))
        a.cable(b, "10.79.0.1", "10.79.0.2", device="internal")
        a.cable(outside, "10.78.0.1", "10.78.0.2", device="external")
        self.at(a).start_robot(bus="tcp://10.79.0.1:9559", lan="tcps://0.0.0.0:9503")
        self.start("lamp", "example-lamp-service", self.url).await_line("ready")
        token = self.token("tablet")
        self.at(b).start_sim("sim-b", "--listen", "tcp://10.79.0.2:9700")
        self.at(outside)
        self.lan = "tcps://10.78.0.1:9503"
        until(lambda: {"Lamp", "ALTextToSpeech"} <= {s["name"] for s in self.outside(token, "--json", "services").json()}, "services of both are not listed")
        services = self.outside(token, "--json", "services").json()
        self.assertEqual({tuple(s["endpoints"]) for s in services}, {(self.lan,)})
        self.assertEqual(self.assertDone(self.outside(token, "get", "ALTextToSpeech.volume")).out, "0.7\n")
        self.assertDone(self.outside(token, "call", "Lamp.turn", "true"))
        self.assertEqual(self.assertDone(self.outside(token, "get", "Lamp.level")).out, "100\n")
        self.assertEqual(self.scan(outside, "10.78.0.1"), [9503])
        self.assertNotEqual(subprocess.run([*map(str, outside.command), "python3", "-c", "import socket; socket.create_connection(('10.79.0.2', 9700), 1)"],
                                           capture_output=True).returncode, 0)
        # Programs of the bus use both all the time while the outer address changes, again and again; others use them outside.
        self.assertDone(self.on_bus_at(b, "call", "Lamp.turn", "false"))
        bus_before = self.on_bus_at(b, "--json", "services").json()
        number = {s["name"]: s["id"] for s in bus_before}
        inside = [self.caller("relayed", b, "10.79.0.1", 9559, number["Lamp"], "level"),
                  self.caller("direct", a, "10.79.0.2", 9700, number["ALTextToSpeech"], "volume")]
        listener = self.at(b).start("listener", "beckon", "--bus", self.url, "watch", "ALTextToSpeech.volume")
        listener.await_line("watching ")
        quiet = len(self.robot.lines())
        for round, (old, new) in enumerate(itertools.pairwise(("10.78.0", "10.80.0", "10.81.0"))):
            self.lan = f"tcps://{old}.1:9503"
            loads = [self.caller(f"load-{round}-{name}", outside, f"{old}.1", 9503, service["id"], member, token)
                     for name, member in (("Lamp", "level"), ("ALTextToSpeech", "volume")) for service in services if service["name"] == name]
            watch = self.at(outside).start(f"watch-{round}", "beckon", "--bus", self.lan, "--pin", self.key, "--token-file", token, "watch", "ALTextToSpeech.volume")
            watch.await_line("watching ")
            for computer, host in ((a, 1), (outside, 2)):
                run(*computer.network, "ip", "address", "del", f"{old}.{host}/24", "dev", "external")
                run(*computer.network, "ip", "address", "add", f"{new}.{host}/24", "dev", "external")
            self.lan = f"tcps://{new}.1:9503"
            self.assertEqual(self.assertDone(self.outside(token, "get", "ALTextToSpeech.volume")).out, "0.7\n")
            listed = self.outside(token, "--json", "services").json()
            self.assertEqual({tuple(s["endpoints"]) for s in listed}, {(self.lan,)})
            self.assertEqual([s["id"] for s in listed], [s["id"] for s in services])
            watch.await_text("gone", limit=10)
            for load in loads:
                self.assertEqual(load.wait(), 1, "the way by which it came is gone")
        # Of all that nothing was noticed on the bus.
        for caller in inside:
            caller.process.stdin.close()
            self.assertEqual(caller.wait(), 0, caller.text())
            done = json.loads(caller.lines("{")[0])
            print(f"[  CALLS   ] {caller.name}: {done['calls']}, at most {done['longest'] * 1000:.0f} ms apart", flush=True)
            self.assertLess(done["longest"], 1)
        self.assertEqual(self.on_bus_at(b, "--json", "services").json(), bus_before)
        self.assertDone(self.on_bus_at(b, "set", "ALTextToSpeech.volume", "0.25"))
        listener.await_text("0.25")
        self.assertEqual(listener.lines("the directory is gone"), [])
        self.assertEqual([line for line in self.robot.lines()[quiet:] if "warn" in line or "error" in line], [])
        self.assertEqual(self.robot.process.poll(), None)

    def on_bus_at(self, computer, *arguments):
        return self.at(computer).on_bus(*arguments)

    def caller(self, name, computer, *arguments):
        started = self.at(computer).start(name, "python3", ROOT / "tests" / "e2e" / "steady_caller.py", *arguments, binary=False, stdin=subprocess.PIPE)
        self.addCleanup(started.process.stdin.close)
        started.await_line("calling")
        return started


class Found(LanWorld):
    """Robots that are found in their network by DNS-SD, with neither server nor Internet: these computers have only each other."""

    def setUp(self):
        super().setUp()
        self.outside_pc = Computer(self, "outside", "a-tablet")
        self.tokens = {}

    def robot_at(self, host, name, network):
        """A robot with a bus of its own and a simulated body, on a computer of its own that a cable joins to the one outside."""
        computer = Computer(self, host, f"machine-{host}")
        computer.cable(self.outside_pc, f"{network}.1", f"{network}.2", device=f"to-{host}")
        (self.folder / host).mkdir(mode=0o700)
        (self.folder / host / "policy.toml").write_text(EVERYTHING)
        (self.folder / host / "robot.toml").write_text('[bus]\nlisten = "tcp://127.0.0.1:9559"\n[lan]\nlisten = "tcps://0.0.0.0:9503"\n'
                                                       f'name = "{name}"\n[policy]\nfile = "policy.toml"\n')
        return computer

    def start_at(self, computer, host, name="beckond"):
        self.inside = computer.command
        robot = self.start(f"{name}-{host}", "beckond", "run", "--config", self.folder / host / "robot.toml")
        self.url = robot.await_line("ready ").split()[1]
        self.start_sim(f"sim-{name}-{host}")
        robot.key = robot.await_line("lan ").split()[2]
        robot.name = robot.await_line("announced ").removeprefix("announced ")
        return robot

    def token_of(self, host):
        return self.token("tablet", state=f"{host}/state")

    def away(self, *arguments, **options):
        self.inside = self.outside_pc.command
        return self.beckon(*arguments, **options)

    def lan_robots(self):
        return self.assertDone(self.away("robots", "--lan", "--json")).json()

    def known(self):
        self.inside = self.outside_pc.command
        done = subprocess.run([*map(str, self.inside), "cat", f"{self.env['HOME']}/.config/beckon/known-robots"], capture_output=True, text=True)
        return done.stdout

    def test_a_robot_is_listed_and_used_by_its_name_once_its_key_is_known(self):
        self.env.pop("XDG_CONFIG_HOME", None)
        computer = self.robot_at("a", "rosie", "10.78.0")
        robot = self.start_at(computer, "a")
        self.assertEqual(robot.name, "rosie.local")
        token = ("--token-file", self.token_of("a"))
        rosie = {"name": "rosie.local", "endpoints": ["tcps://10.78.0.1:9503"], "machineId": "machine-a", "key": robot.key, "standing": "new"}
        self.assertEqual(self.lan_robots(), [rosie])
        self.assertFails(self.away("get", "rosie.local/ALTextToSpeech.volume", *token), 4, "bad-certificate", "not known here", robot.key, "--pin")
        self.assertEqual(self.known(), "")
        wrong = "SHA256:" + "a" * 64
        self.assertFails(self.away("get", "rosie.local/ALTextToSpeech.volume", *token, "--pin", wrong), 4, "bad-certificate", "has not the key")
        self.assertEqual(self.known(), "")
        self.assertEqual(self.assertDone(self.away("get", "rosie.local/ALTextToSpeech.volume", *token, "--pin", robot.key)).out, "0.7\n")
        self.assertEqual(self.known(), f"{robot.key} rosie\n")
        # From now on the name is enough, for every verb.
        self.assertEqual(self.lan_robots(), [dict(rosie, standing="known")])
        self.assertIn("ALMotion", self.assertDone(self.away("services", "rosie.local", *token)).out)
        self.assertIn("say", self.assertDone(self.away("info", "rosie.local/ALTextToSpeech", *token)).out)
        self.assertDone(self.away("set", "rosie.local/ALTextToSpeech.volume", "0.5", *token))
        self.assertDone(self.away("post", "rosie.local/ALTextToSpeech.say", '"hello"', *token))
        self.assertDone(self.away("call", "rosie.local/ALTextToSpeech.say", '"hello"', *token))
        watch = self.start("watch", "beckon", "watch", "rosie.local/ALTextToSpeech.volume", "--count", "1", *token)
        watch.await_line("watching ")
        self.assertDone(self.away("set", "rosie.local/ALTextToSpeech.volume", "0.25", *token))
        self.assertEqual(watch.wait(), 0)
        self.assertFails(self.away("services", "nobody.local", *token), 3, "unknown-robot", "beckon robots --lan")
        # Another address: a client that comes anew is led there.
        for one, host in ((computer, 1), (self.outside_pc, 2)):
            run(*one.network, "ip", "address", "del", f"10.78.0.{host}/24", "dev", "to-a")
            run(*one.network, "ip", "address", "add", f"10.80.0.{host}/24", "dev", "to-a")
        until(lambda: self.lan_robots() == [dict(rosie, standing="known", endpoints=["tcps://10.80.0.1:9503"])], "the new address is not announced")
        self.assertEqual(self.assertDone(self.away("get", "rosie.local/ALTextToSpeech.volume", *token)).out, "0.25\n")
        # It says when it goes.
        robot.end()
        self.assertEqual(self.lan_robots(), [])

    def test_another_robot_of_that_name_is_neither_taken_for_it_nor_shown_its_token(self):
        first, second = self.robot_at("a", "rosie", "10.78.0"), self.robot_at("b", "rosie", "10.79.0")
        robot = self.start_at(first, "a")
        token = ("--token-file", self.token_of("a"))
        self.assertEqual(self.assertDone(self.away("get", "rosie.local/ALTextToSpeech.volume", *token, "--pin", robot.key)).out, "0.7\n")
        other = self.start_at(second, "b")
        self.assertEqual([(r["name"], r["key"], r["standing"]) for r in self.lan_robots()],
                         sorted([("rosie.local", robot.key, "known"), ("rosie.local", other.key, "another key is known")]))
        self.assertDone(self.away("set", "rosie.local/ALTextToSpeech.volume", "0.5", *token))
        self.assertEqual(self.assertDone(self.away("get", "rosie.local/ALTextToSpeech.volume", *token)).out, "0.5\n")
        # The one that is known is gone: the other is not it.
        robot.end()
        refused = self.away("get", "rosie.local/ALTextToSpeech.volume", *token)
        self.assertFails(refused, 4, "bad-certificate", "has not the key that is known here", robot.key, other.key)
        self.assertNotIn("not let in", "".join(other.text()), "nobody came")

    def test_two_of_one_name_in_one_network_get_two_names(self):
        switch = self.robot_at("a", "rosie", "10.78.0")
        first = self.start_at(switch, "a")
        # A second program on the same computer, with a door of its own.
        (self.folder / "c").mkdir(mode=0o700)
        (self.folder / "c" / "policy.toml").write_text(EVERYTHING)
        (self.folder / "c" / "robot.toml").write_text('[bus]\nlisten = "tcp://127.0.0.1:9560"\n[lan]\nlisten = "tcps://0.0.0.0:9504"\nname = "rosie"\n'
                                                      '[policy]\nfile = "policy.toml"\n')
        second = self.start_at(switch, "c", "second")
        self.assertEqual((first.name, second.name), ("rosie.local", "rosie #2.local"))
        self.assertEqual([(r["name"], r["key"]) for r in self.lan_robots()], [("rosie.local", first.key), ("rosie #2.local", second.key)])

    def test_a_door_that_is_not_announced_or_not_of_the_network_is_not_found(self):
        computer = self.robot_at("a", "rosie", "10.78.0")
        file = self.folder / "a" / "robot.toml"
        file.write_text(file.read_text().replace("name =", "announce = false\nname ="))
        self.at_quietly(computer)
        self.assertEqual(self.lan_robots(), [])

    def at_quietly(self, computer):
        self.inside = computer.command
        robot = self.start("quiet", "beckond", "run", "--config", self.folder / "a" / "robot.toml")
        robot.await_line("ready ")
        robot.await_line("lan ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
