"""A name server of a test's own, and programs that ask it. It needs root, as CI has it."""

import random
import socket
import struct
import threading

A, SRV = 1, 33


def encoded(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


class Names:
    """Tells where servers of other servers (RFC 6120 section 3.2.1) are: on this computer, at a port for each domain."""

    def __init__(self, world, ports):
        self.ports = ports
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = self.take_address()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        world.addCleanup(self.end)
        self.file = world.folder / "resolv.conf"
        self.file.write_text(f"nameserver {self.address}\n")

    def take_address(self):
        """Port 53 is the one that is asked; of addresses there are enough."""
        while True:
            address = f"127.53.{random.randrange(256)}.{random.randrange(1, 255)}"
            try:
                self.socket.bind((address, 53))
                return address
            except OSError as error:
                if error.errno != 98:  # EADDRINUSE
                    raise

    def command(self, *command):
        """What asks here: in a place where this is the only server of names."""
        return ["unshare", "--mount", "sh", "-c", f'mount --bind {self.file} /etc/resolv.conf && exec "$@"', "sh", *map(str, command)]

    def serve(self):
        while True:
            query, asker = self.socket.recvfrom(4096)
            if not query:
                return
            self.socket.sendto(self.answer(query), asker)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        question = query[12:at + 5]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        service, domain = ".".join(labels[:2]), ".".join(labels[2:])
        data = None
        if kind == SRV and service == "_xmpp-server._tcp" and domain in self.ports:
            data = struct.pack(">HHH", 0, 0, self.ports[domain]) + encoded(domain)
        elif kind == A and ".".join(labels) in self.ports:
            data = socket.inet_aton("127.0.0.1")
        answer = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data if data else b""
        known = domain in self.ports or ".".join(labels) in self.ports
        header = query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, 1 if data else 0, 0, 0)
        return header + question + answer

    def end(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (self.address, 53))
        self.thread.join()
        self.socket.close()
