"""What peers of a bus do by accident or on purpose, and that the others do not feel it."""

import contextlib
import pathlib
import re
import resource
import socket
import struct
import unittest

from world import World, until

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST


class BusFaults(World):
    def setUp(self):
        super().setUp()
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, most))  # as a shell of Debian's gives it to the programs
        self.start_directory()
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        host, port = self.url.split("//")[1].split(":")
        self.address = (host, int(port))

    def connected(self, source="127.0.0.1"):
        peer = socket.socket()
        peer.bind((source, 0))
        peer.connect(self.address)
        return peer

    def assertServed(self):
        self.assertIn("ServiceDirectory", self.assertDone(self.on_bus("services", limit=15)).out)

    def memory(self):
        """The most that the directory had, and has, in bytes."""
        status = pathlib.Path(f"/proc/{self.directory.process.pid}/status").read_text()
        return [int(re.search(rf"{key}:\s+(\d+) kB", status).group(1)) * 1024 for key in ("VmHWM", "VmRSS")]

    def test_after_ten_thousand_peers_that_connect_and_reset_a_client_is_served(self):
        for number in range(10_000):
            peer = self.connected()
            if number % 2:
                peer.send(b"\x42\xde\xad\x42"[:number % 5])
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            peer.close()
        self.assertServed()

    def test_two_gigabytes_that_are_announced_before_authentication_cost_less_than_one_megabyte(self):
        self.assertServed()
        most, before = self.memory()
        for _ in range(20):  # the address sanitizer keeps what each of them had, some 20 kB
            with self.connected() as peer:
                peer.send(struct.pack("<4sIIHBBIII", b"\x42\xde\xad\x42", 1, 0x7FFFFFF0, 0, 1, 0, 0, 0, 8))
                with contextlib.suppress(ConnectionResetError):  # with bytes of ours unread
                    self.assertEqual(peer.recv(1), b"", "the connection ends")
        self.assertLess(self.memory()[0], max(most, before) + 1_000_000)
        self.assertServed()

    def test_five_thousand_silent_peers_of_several_addresses_do_not_stop_an_honest_one(self):
        with contextlib.ExitStack() as peers:
            for number in range(5000):
                peers.enter_context(self.connected(f"127.0.0.{2 + number % 20}"))
            self.assertServed()
        until(lambda: self.open_files() < 100, lambda: f"{self.open_files()} files are open still")
        self.assertServed()

    def open_files(self):
        return len(list(pathlib.Path(f"/proc/{self.directory.process.pid}/fd").iterdir()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
