"""A qi client of the LAN door that knows docs/protocol, and nothing of Beckon's code.

    python3 qi_caller.py LAN_URL TOKEN_FILE

has the control lease "drive" for as long as it reads lines from standard input: "keep" (a heartbeat), "move" (the robot
is to move on). It prints "held", then "done" or what went wrong for each line, as the answers come.
"""

import pathlib
import socket
import ssl
import struct
import sys
import threading

from old_robot import CALL, ERROR, MAGIC, REPLY, Reader, string_map, text, u32


class Caller:
    """A qi client of the LAN door that knows docs/protocol, and nothing of Beckon's code."""

    def __init__(self, url, token):
        host, port = url.removeprefix("tcps://").split(":")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(socket.create_connection((host, int(port)), timeout=20))
        self.address = "{}:{}".format(*self.socket.getsockname())
        self.last = 0
        self.ask((0, 0, 8), string_map([("auth_token", "s", text(token))]))

    def frame(self, number, address, payload=b""):
        return MAGIC + u32(number, len(payload)) + struct.pack("<HBB", 0, CALL, 0) + u32(*address) + payload

    def send(self, address, payload=b""):
        self.last += 1
        self.socket.sendall(self.frame(self.last, address, payload))
        return self.last

    def exactly(self, size):
        out = b""
        while len(out) < size:
            got = self.socket.recv(size - len(out))
            if not got:
                raise ConnectionError("closed")
            out += got
        return out

    def answer(self):
        """The number of the call, whether it is a result, and the payload."""
        while True:
            header = self.exactly(28)
            number, size = struct.unpack_from("<II", header, 4)
            payload = self.exactly(size)
            if header[14] in (REPLY, ERROR):
                return number, header[14] == REPLY, payload

    def ask(self, address, payload=b""):
        wanted = self.send(address, payload)
        while True:
            number, is_result, result = self.answer()
            if number == wanted:
                return result if is_result else None

    def find(self, name):
        info = self.ask((1, 1, 100), text(name))
        if info is None:
            return None
        reader = Reader(info)
        reader.text()
        return reader.take("I")

    def methods(self, service):
        """Their numbers by name and parameters."""
        reader = Reader(self.ask((service, 1, 2), u32(0)))
        out = {}
        for _ in range(reader.take("I")):
            key, _, _, name, parameters, _ = reader.take("I"), reader.take("I"), reader.text(), reader.text(), reader.text(), reader.text()
            for _ in range(reader.take("I")):
                reader.text(), reader.text()
            reader.text()
            out[name + "::" + parameters] = key
        return out


def main():
    url, token = sys.argv[1:]
    caller = Caller(url, pathlib.Path(token).read_text().strip())
    control, motion = caller.find("Control"), caller.find("ALMotion")
    take, keep = (caller.methods(control)[name + "::(s)"] for name in ("take", "keep"))
    lines = {"keep": ((control, 1, keep), text("drive")),
             "move": ((motion, 1, caller.methods(motion)["move::(fff)"]), struct.pack("<3f", 0.1, 0, 0))}
    if caller.ask((control, 1, take), text("drive")) is None:
        sys.exit("the lease was refused")
    print("held", flush=True)

    def tell():
        while True:
            _, is_result, payload = caller.answer()
            print("done" if is_result else Reader(payload[5:]).text(), flush=True)

    threading.Thread(target=tell, daemon=True).start()
    for line in sys.stdin:
        caller.send(*lines[line.strip()])


if __name__ == "__main__":
    main()
