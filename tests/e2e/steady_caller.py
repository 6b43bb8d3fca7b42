"""A program that calls without end, on one connection that it never makes again.

    python3 steady_caller.py HOST PORT SERVICE PROPERTY [TOKEN_FILE]

Reads the property of the service with that number, over and over, as docs/protocol/qi.md says. Prints "calling" after the
first answer and, when its input ends, one line of JSON: how many answers came and how many seconds passed between two of
them at most. An answer that is an error, or none within 5 s, ends it with exit code 1. With a token it is outside, and speaks TLS
with whoever is there.
"""

import json
import pathlib
import select
import socket
import ssl
import struct
import sys
import time

CALL, REPLY = 1, 2
MAGIC = bytes([0x42, 0xDE, 0xAD, 0x42])


def text(value):
    return struct.pack("<I", len(value)) + value.encode()


class Caller:
    def __init__(self, host, port, token):
        self.socket = socket.create_connection((host, port), 5)
        if token:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
        self.socket.settimeout(5)
        self.number = 0
        credentials = {"auth_user": "me", "auth_token": token} if token else {}
        shown = b"".join(text(name) + text("s") + text(value) for name, value in credentials.items())
        self.call((0, 0, 8), struct.pack("<I", len(credentials)) + shown)

    def take(self, size):
        out = b""
        while len(out) < size:
            part = self.socket.recv(size - len(out))
            if not part:
                sys.exit("the connection has ended")
            out += part
        return out

    def call(self, address, arguments):
        """Waits for its answer; what else comes (capabilities) is passed over."""
        self.number += 1
        header = struct.pack("<IIHBBIII", self.number, len(arguments), 0, CALL, 0, *address)
        self.socket.sendall(MAGIC + header + arguments)
        while True:
            number, size, _, kind, _, *_ = struct.unpack("<IIHBBIII", self.take(28)[4:])
            payload = self.take(size)
            if number == self.number and kind == REPLY:
                return
            if number == self.number:
                sys.exit(f"an answer of type {kind}: {payload!r}")


def main(host, port, service, name, token_file=None):
    caller = Caller(host, int(port), token_file and pathlib.Path(token_file).read_text().strip())
    calls, longest, last = 0, 0.0, time.monotonic()
    while not select.select([sys.stdin], [], [], 0)[0]:
        caller.call((int(service), 1, 5), text("s") + text(name))
        now = time.monotonic()
        calls, longest, last = calls + 1, max(longest, now - last), now
        if calls == 1:
            print("calling", flush=True)
        time.sleep(0.001)  # other programs have the computer too
    print(json.dumps({"calls": calls, "longest": longest}), flush=True)


main(*sys.argv[1:])
