"""A robot of an older generation that knows docs/protocol/qi.md, and nothing of Beckon's code.

    python3 old_robot.py --port PORT --journal FILE [--user NAME --token FILE [--renew]] [...]

One process has the directory and a service ALCounter, as NAOqi has them: `add` writes its argument into the journal, a
line each time that it is carried out, tells it by the signal `added`, and answers with the number of lines; `later` does
it half a second later. What it is not told to do, robots of NAOqi 2.1 to 2.5 do not do: ServiceInfo has six fields, there
are no flags in messages, nothing is called on a connection that a client opened. Prints "ready".
"""

import argparse
import asyncio
import json
import os
import pathlib
import ssl
import struct

CALL, REPLY, ERROR, EVENT, CAPABILITY = 1, 2, 3, 5, 6
MAGIC = bytes([0x42, 0xDE, 0xAD, 0x42])
FIELDS = ("name", "serviceId", "machineId", "processId", "endpoints", "sessionId", "objectUid")
TYPES = "sIsI[s]ss"


def u32(*numbers):
    return struct.pack(f"<{len(numbers)}I", *numbers)


def text(value):
    return u32(len(value)) + value.encode()


def error(words):
    return text("s") + text(words)


def string_map(entries):
    """{sm} of (name, signature, content)."""
    return u32(len(entries)) + b"".join(text(name) + text(signature) + content for name, signature, content in entries)


class Reader:
    def __init__(self, payload):
        self.payload, self.at = payload, 0

    def take(self, form):
        values = struct.unpack_from("<" + form, self.payload, self.at)
        self.at += struct.calcsize("<" + form)
        return values[0]

    def text(self):
        size = self.take("I")
        self.at += size
        return self.payload[self.at - size:self.at].decode()

    def string_map(self):
        values = {}
        for _ in range(self.take("I")):
            name, signature = self.text(), self.text()
            values[name] = self.text() if signature == "s" else self.take({"b": "?", "i": "i", "I": "I"}[signature])
        return values


def meta_object(methods, signals):
    """`methods`: (number, returns, name, parameters); `signals`: (number, name, parameters)."""
    out = u32(len(methods))
    for number, returns, name, parameters in methods:
        out += u32(number, number) + text(returns) + text(name) + text(parameters) + text("") + u32(0) + text("")
    out += u32(len(signals))
    for number, name, parameters in signals:
        out += u32(number, number) + text(name) + text(parameters)
    return out + u32(0) + text("")


class Robot:
    def __init__(self, options):
        self.options = options
        self.journal = pathlib.Path(options.journal) if options.journal else None
        self.fields = options.fields
        self.url = f"tcp{'s' if options.certificate else ''}://{options.address}:{options.port}"
        info = f"({TYPES[:self.fields + 2]})<ServiceInfo,{','.join(FIELDS[:self.fields])}>"
        self.members = {
            1: meta_object([(100, info, "service", "(s)"), (101, f"[{info}]", "services", "()"), (102, "I", "registerService", f"({info})"),
                            (103, "v", "unregisterService", "(I)"), (104, "v", "serviceReady", "(I)"), (108, "s", "machineId", "()")],
                           [(106, "serviceAdded", "(Is)"), (107, "serviceRemoved", "(Is)")]),
            2: meta_object([(100, "I", "add", "(s)"), (101, "I", "later", "(s)")], [(102, "added", "(s)")]),
        }
        self.services = {1: ("ServiceDirectory", [self.url]), 2: ("ALCounter", [self.url])}
        for number, place in enumerate(options.service, 3):
            name, *endpoints = place.split(",")
            self.services[number] = (name, endpoints)
        self.listeners = set()  # (connection, service, signal)

    def info(self, number):
        name, endpoints = self.services[number]
        values = [text(name), u32(number), text("11111111-2222-3333-4444-555555555555"), u32(os.getpid()),
                  u32(len(endpoints)) + b"".join(map(text, endpoints)), text("0" if number == 1 else "naoqi"), text("")]
        return b"".join(values[:self.fields])

    def tokens(self):
        """Those that are good now; kept over restarts."""
        file = pathlib.Path(self.options.token)
        return json.loads(file.read_text())

    def keep(self, tokens):
        draft = pathlib.Path(self.options.token + ".draft")
        draft.write_text(json.dumps(tokens))
        draft.rename(self.options.token)

    def log_in(self, sent):
        """The payload of a Reply and whether that lets in, or the words of a refusal."""
        state = lambda number: ("__qi_auth_state", "i", struct.pack("<i", number))  # as NAOqi 2.5 has it
        told = [(name, "b", b"\1") for name in self.options.capability]
        if self.options.token:
            tokens, token = self.tokens(), sent.get("auth_token")
            if token is None:
                return None, "Authentication failed: token required [1.0]"
            if sent.get("auth_user") != self.options.user or token not in tokens:
                return None, "Authentication failed: User or token is wrong. [1.0]"
            if self.options.renew and token == tokens[0]:
                fresh = f"token-{int(token.split('-')[1]) + 1}"
                self.keep([token, fresh])
                return string_map(told + [state(2), ("auth_newToken", "s", text(fresh))]), False
            self.keep([token])
        return string_map(told + [state(3)]), True

    async def serve(self, reader, writer):
        connection = Connection(self, reader, writer)
        try:
            await connection.run()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.listeners = {one for one in self.listeners if one[0] is not connection}
            writer.close()

    def emit(self, service, signal, payload):
        for connection, at, what in list(self.listeners):
            if (at, what) == (service, signal):
                connection.send(EVENT, 0, (service, 1, signal), payload)

    def count(self, name):
        with open(self.journal, "a") as journal:
            journal.write(name + "\n")
        self.emit(2, 102, text(name))
        return u32(len(self.journal.read_text().splitlines()))


class Connection:
    def __init__(self, robot, reader, writer):
        self.robot, self.reader, self.writer, self.is_in, self.tasks = robot, reader, writer, False, set()

    def send(self, kind, number, address, payload=b""):
        self.writer.write(MAGIC + u32(number, len(payload)) + struct.pack("<HBB", 0, kind, 0) + u32(*address) + payload)

    async def run(self):
        while True:
            header = await self.reader.readexactly(28)
            number, size = struct.unpack_from("<II", header, 4)
            version, kind, flags = struct.unpack_from("<HBB", header, 12)
            address = struct.unpack_from("<III", header, 16)
            if header[:4] != MAGIC:
                return
            if flags != 0:
                print("a message with flags, which it does not know", flush=True)
                return
            payload = await self.reader.readexactly(size)
            if kind != CALL:
                continue
            if address[0] == 0:
                if not self.authenticate(number, address, payload):
                    await self.writer.drain()
                    return
            elif not self.is_in:
                self.send(ERROR, number, address, error("The call request could not be handled."))
            else:
                task = asyncio.ensure_future(self.answer(number, address, Reader(payload)))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)

    def authenticate(self, number, address, payload):
        if self.robot.options.without_authentication:
            self.is_in = True
            self.send(ERROR, number, address, error("No such method"))
            return True
        reply, outcome = self.robot.log_in(Reader(payload).string_map())
        if reply is None:
            self.send(ERROR, number, address, error(outcome))
            return False
        self.is_in = outcome
        self.send(REPLY, number, address, reply)
        return True

    async def answer(self, number, address, arguments):
        service, _, action = address
        robot = self.robot
        try:
            if robot.options.hangs:
                await asyncio.Event().wait()
            if service not in robot.members:
                raise LookupError("The call request could not be handled.")
            result = await self.result(service, action, arguments)
        except LookupError as problem:
            return self.send(ERROR, number, address, error(problem.args[0]))
        self.send(REPLY, number, address, result)

    async def result(self, service, action, arguments):
        robot = self.robot
        if action == 0:
            _, signal, link = arguments.take("I"), arguments.take("I"), arguments.take("Q")
            robot.listeners.add((self, service, signal))
            return struct.pack("<Q", link)
        if action == 1:
            _, signal = arguments.take("I"), arguments.take("I")
            robot.listeners.discard((self, service, signal))
            return b""
        if action == 2:
            return robot.members[service]
        if service == 1:
            if action == 100:
                name = arguments.text()
                found = [number for number, (known, _) in robot.services.items() if known == name]
                if not found:
                    raise LookupError(f"Cannot find service '{name}' in index")
                return robot.info(found[0])
            if action == 101:
                return u32(len(robot.services)) + b"".join(map(robot.info, robot.services))
            if action == 108:
                return text("11111111-2222-3333-4444-555555555555")
        elif action in (100, 101):
            name = arguments.text()
            if action == 101:
                await asyncio.sleep(0.5)
            return robot.count(name)
        raise LookupError("Can't find methodID: " + str(action))


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--journal")
    parser.add_argument("--user")
    parser.add_argument("--token", help="a file with a JSON list of tokens")
    parser.add_argument("--renew", action="store_true", help="each token is good for one login, and brings the next")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--fields", type=int, default=6)
    parser.add_argument("--capability", action="append", default=[])
    parser.add_argument("--service", action="append", default=[], help="NAME,URL,... is listed as well")
    parser.add_argument("--without-authentication", action="store_true", help="it does not know of it")
    parser.add_argument("--hangs", action="store_true", help="nothing is answered but authentication")
    options = parser.parse_args()
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
    server = await asyncio.start_server(Robot(options).serve, options.address, options.port, ssl=context)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
