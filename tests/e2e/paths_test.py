"""Which way a program takes to a service, and that what it calls there is what it meant (docs/design/013)."""

import json
import os

import unittest

from computers import Computer
from world import World

LIBQI_PROGRAM = os.environ.get("BECKON_LIBQI_PROGRAM")
NAME = ("call", "ALMemory.getData", '"Device/DeviceList/ChestBoard/BodyNickName"')
PORT = 9559  # nobody else is in such a network


class Ways(World):
    first, second = "10.77.0.1", "10.77.0.2"

    def computers(self, machines, **options):
        """Two, with a cable between them."""
        here = Computer(self, "here", machines[0], **options)
        there = Computer(self, "there", machines[1], **options)
        here.cable(there, self.first, self.second)
        return here, there

    def at(self, computer):
        self.inside = computer.command
        return self

    def assertReaches(self, name, url, path):
        """The robot of that name is called at this bus, by this way; watched and told of, too."""
        self.url = url
        called = self.on_bus("-v", *NAME)
        self.assertEqual((called.code, called.out), (0, json.dumps(name) + "\n"), called)
        self.assertRegex(called.err, f"^ALMemory is reached by {path}\n$")
        self.assertRegex(self.assertDone(self.on_bus("--json", "info", "ALMemory")).json()["path"], f"^{path}$")
        self.assertRegex(self.assertDone(self.on_bus("info", "ALMemory")).out, f"(?m)^path      {path}$")


SAME = r"unix:///\S+\.sock \(same computer\)"


class Paths(Ways):
    def test_between_two_processes_is_a_unix_socket(self):
        self.start_directory()
        self.start_sim("rosie", "--name", "rosie")
        self.assertReaches("rosie", self.url, SAME)
        watch = self.start("watch", "beckon", "--bus", self.url, "-v", "watch", "ALTextToSpeech.volume")
        self.assertRegex(watch.await_line("ALTextToSpeech is reached by "), f"{SAME}$")

    def test_between_two_computers_is_the_network_in_both_directions(self):
        here, there = self.computers(("first-machine", "second-machine"))
        bus = f"tcp://{self.first}:{PORT}"
        self.at(here).start_directory(bus)
        sim = self.start_sim("rosie", "--name", "rosie", "--listen", "tcp://0.0.0.0:9600")
        self.at(there).assertReaches("rosie", bus, rf"tcp://{self.first}:9600 \(network\)")
        sim.end()
        self.start_sim("eve", "--name", "eve", "--listen", f"tcp://{self.second}:9700")
        self.at(here).assertReaches("eve", bus, rf"tcp://{self.second}:9700 \(network\)")
        self.at(there).assertReaches("eve", bus, SAME)

    def test_between_copies_of_a_computer_leads_to_the_one_that_was_meant(self):
        """All that a program says of itself is the same on both: machine, process, port. Only the session is not."""
        here, there = self.computers(("one-machine", "one-machine"), processes=True)
        for computer, name in ((here, "rosie"), (there, "eve")):
            self.at(computer).start_directory(f"tcp://0.0.0.0:{PORT}", f"directory of {name}")
            self.start_sim(name, "--name", name, "--listen", "tcp://0.0.0.0:9600")
        self.assertEqual(*({(s["name"], s["processId"], s["endpoints"][0]) for s in self.services(c)} for c in (here, there)))
        self.at(there).assertReaches("rosie", f"tcp://{self.first}:{PORT}", rf"tcp://{self.first}:9600 \(network\)")
        self.at(here).assertReaches("eve", f"tcp://{self.second}:{PORT}", rf"tcp://{self.second}:9600 \(network\)")
        self.at(there).assertReaches("eve", f"tcp://127.0.0.1:{PORT}", SAME)
        self.at(here).assertReaches("rosie", f"tcp://{self.first}:{PORT}", SAME)

    def services(self, computer):
        self.url = f"tcp://127.0.0.1:{PORT}"
        return self.assertDone(self.at(computer).on_bus("--json", "services")).json()

    def test_between_two_containers_of_one_host_is_the_network(self):
        here, there = self.computers(("first-container", "second-container"), processes=True)
        bus = f"tcp://{self.first}:{PORT}"
        self.at(here).start_directory(bus)
        self.start_sim("rosie", "--name", "rosie", "--listen", "tcp://0.0.0.0:0")
        self.at(there).assertReaches("rosie", bus, rf"tcp://{self.first}:\d+ \(network\)")

    def test_between_two_containers_that_share_the_folder_of_sockets_is_a_unix_socket(self):
        volume = self.folder / "volume"
        volume.mkdir(mode=0o700)
        here, there = self.computers(("first-container", "second-container"), processes=True, sockets=volume)
        bus = f"tcp://{self.first}:{PORT}"
        self.at(here).start_directory(bus)
        self.start_sim("rosie", "--name", "rosie")
        self.at(there).assertReaches("rosie", bus, SAME)

    def test_to_a_program_that_has_no_unix_sockets_is_its_port(self):
        self.start_directory()
        self.env["XDG_RUNTIME_DIR"] = str(self.folder / "not" / "there")
        sim = self.start_sim("rosie", "--name", "rosie")
        sim.await_text("services are offered on the network only")
        self.assertReaches("rosie", self.url, r"tcp://127\.0\.0\.1:\d+ \(same computer\)")

    def test_to_a_libqi_program_is_its_port(self):
        print("[   PEER   ]", f"libqi from LIBQI_PEER ({LIBQI_PROGRAM})" if LIBQI_PROGRAM else "recorded libqi program", flush=True)
        self.start_directory()
        program = self.start("libqi", LIBQI_PROGRAM, "provide", self.url, binary=False) if LIBQI_PROGRAM else self.start("libqi", "recorded_service", self.url)
        self.addCleanup(program.kill)  # libqi's ends no other way
        program.await_line("ready")
        service = "LibqiService" if LIBQI_PROGRAM else "Vec"
        called = self.on_bus("-v", "call", f"{service}.add", "2", "40")
        self.assertEqual((called.code, called.out), (0, "42\n"), called)
        self.assertRegex(called.err, rf"^{service} is reached by tcp://\S+ \(same computer\)\n$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
