#!/usr/bin/python3
"""Measure Beckon's bytestreams beside those of Prosody and ejabberd (mod_proxy65), alternating, with idle streams open.

  bench/relay.py [--json FILE] [--cores A,B] [--idle N] [--rounds N] [--seconds S]

The ends cost as little as they can: one sends from a file in memory (sendfile), the other lets the kernel drop what
came (MSG_TRUNC), so that the relaying process decides. The limit is the same without a relay: one connection of TCP.
"""

import argparse
import asyncio
import collections
import hashlib
import json
import multiprocessing
import os
import pathlib
import resource
import secrets
import socket
import statistics
import struct
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

import slixmpp

import relay_servers

STREAMS, TICKET = "http://jabber.org/protocol/bytestreams", "urn:beckon:bytestreams:0"
ME, OTHER = "me@robots.test", "other@robots.test/there"
MESSAGE, EVERY = 1200, 1 / 300  # bytes, seconds
PIECE = 1 << 20
FORK = multiprocessing.get_context("fork")

Ends = collections.namedtuple("Ends", "near far")


def read_whole(end, size):
    out = b""
    while len(out) < size:
        part = end.recv(size - len(out))
        if not part:
            raise RuntimeError("a proxy closed the connection")
        out += part
    return out


def connect(address, key):
    """A socket that has shown a proxy its key."""
    end = socket.create_connection(address)
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    end.sendall(b"\5\1\0")
    if read_whole(end, 2) != b"\5\0":
        raise RuntimeError("a proxy wants a password")
    end.sendall(b"\5\1\0\3" + bytes([len(key)]) + key.encode() + b"\0\0")
    answer = read_whole(end, 5)
    if answer[1] != 0:
        raise RuntimeError("a proxy does not take the key")
    read_whole(end, answer[4] + 2)
    return end


class Account(slixmpp.ClientXMPP):
    """Who asks a proxy; both ends of its streams are here."""

    def __init__(self, server):
        super().__init__(f"{ME}/here", server.password)
        self.relay, self.ca_certs = server, str(server.authority)

    async def login(self):
        online = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: online.set_result(None))
        self.connect(("127.0.0.1", self.relay.port))
        await asyncio.wait_for(online, 30)

    async def ask(self, type, sid, child):
        iq = self.make_iq(ito=self.relay.proxy, itype=type)
        query = ET.Element(f"{{{STREAMS}}}query", {"sid": sid})
        query.append(child)
        iq.set_payload(query)
        await iq.send(timeout=30)

    async def open(self):
        sid = secrets.token_hex(16)
        if self.relay.wantsTickets:
            await self.ask("get", sid, ET.Element(f"{{{TICKET}}}ticket", {"target": OTHER}))
        key = hashlib.sha1((sid + self.boundjid.full + OTHER).encode()).hexdigest()
        far, near = (connect(("127.0.0.1", self.relay.proxy_port), key) for _ in range(2))
        activate = ET.Element(f"{{{STREAMS}}}activate")
        activate.text = OTHER
        await self.ask("set", sid, activate)
        near.sendall(b"?")
        read_whole(far, 1)
        return Ends(near, far)


def direct():
    """The physical limit."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far = listener.accept()[0]
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Ends(near, far)


def send_bulk(end, seconds):
    """Until the time is over; the other end is told by the end of the stream."""
    source = os.memfd_create("bulk")
    os.truncate(source, PIECE)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        os.sendfile(end.fileno(), source, 0, PIECE)
    end.shutdown(socket.SHUT_WR)


def bulk(ends, seconds, pid):
    """Gbit/s, and processor seconds of the relay for a Gbit. The stream is used up."""
    sender = FORK.Process(target=send_bulk, args=(ends.near, seconds))
    room, got = bytearray(PIECE), 0
    cpu, begun = relay_servers.processor_time(pid), time.monotonic()
    sender.start()
    while part := ends.far.recv_into(room, PIECE, socket.MSG_TRUNC):
        got += part
    took = time.monotonic() - begun
    cpu = relay_servers.processor_time(pid) - cpu
    sender.join()
    for end in ends:
        end.close()
    gigabits = got * 8 / 1e9
    return {"rate": gigabits / took, "cpu": cpu / gigabits}


def send_messages(end, count):
    due = time.monotonic()
    for _ in range(count):
        due += EVERY
        time.sleep(max(0, due - time.monotonic()))
        end.sendall(struct.pack("d", time.monotonic()) + bytes(MESSAGE - 8))


def latency(ends, seconds):
    count = int(seconds / EVERY)
    sender = FORK.Process(target=send_messages, args=(ends.near, count))
    sender.start()
    taken = []
    for _ in range(count):
        sent = struct.unpack("d", read_whole(ends.far, MESSAGE)[:8])[0]
        taken.append((time.monotonic() - sent) * 1e6)
    sender.join()
    taken = sorted(taken[len(taken) // 10:])  # without the first, which find nothing in a cache
    return {"p50": taken[len(taken) // 2], "p99": taken[len(taken) * 99 // 100]}


async def measure(servers, idle, rounds, seconds):
    """Of each server and of no relay ("limit"): figures of each round, by name."""
    accounts, resting = {}, []
    for server in servers:
        account = accounts[server.name] = Account(server)
        await account.login()
        resting += [await account.open() for _ in range(idle)]
        print(f"{server.name}: {idle} idle streams", flush=True)
    memory = {server.name: relay_servers.memory(server.pid) for server in servers}
    taken = collections.defaultdict(list)
    for _ in range(rounds):
        for server in [*servers, None]:
            name = server.name if server else "limit"
            ends = [await accounts[name].open() if server else direct() for _ in range(2)]
            # Nothing is asked of slixmpp meanwhile.
            taken[name].append({**latency(ends[0], seconds), **bulk(ends[1], seconds, server.pid if server else os.getpid())})
            print(name, {key: round(value, 4) for key, value in taken[name][-1].items()}, flush=True)
    for account in accounts.values():
        account.abort()
    del resting
    return taken, memory


def results_of(taken):
    """Entries as docs/performance.md has them: ours beside each of the others."""
    def median(name, key):
        return statistics.median(figures[key] for figures in taken[name])

    out = []
    for peer in (name for name in taken if name not in ("ours", "limit")):
        for key, unit, better in (("rate", "Gbit/s", "higher"), ("cpu", "s/Gbit", "lower")):
            out.append({"name": f"relay.bulk.{key}.{peer}", "unit": unit, "better": better, "ours": median("ours", key),
                        "peer": median(peer, key), "limit": median("limit", key) if key == "rate" else None})
        for key in ("p50", "p99"):  # what a relay adds
            added = {name: median(name, key) - median("limit", key) for name in ("ours", peer)}
            out.append({"name": f"relay.added.{key}.{peer}", "unit": "us", "better": "lower", "ours": added["ours"],
                        "peer": added[peer], "limit": median("limit", key)})
    return out


def main():
    parser = argparse.ArgumentParser(prog="bench/relay.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path)
    parser.add_argument("--cores", metavar="A,B", help="those that everything runs on; it is pinned already")
    parser.add_argument("--idle", metavar="N", type=int, default=1000)
    parser.add_argument("--rounds", metavar="N", type=int, default=5)
    parser.add_argument("--seconds", metavar="S", type=float, default=3)
    arguments = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="beckon-bench-") as folder:
        servers = []
        try:
            for kind in (relay_servers.Ours, relay_servers.Prosody, relay_servers.Ejabberd):
                servers.append(kind(pathlib.Path(folder, kind.name)))
                servers[-1].start()
            taken, memory = asyncio.run(measure(servers, arguments.idle, arguments.rounds, arguments.seconds))
        finally:
            for server in servers:
                server.stop()
    print("resident with the idle streams, MB:", {name: round(size / 1e6, 1) for name, size in memory.items()}, flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results_of(taken), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, OSError) as problem:
        sys.exit(f"bench/relay.py: {problem}")
