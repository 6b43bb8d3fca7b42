"""Many who want nothing of a LAN door but its time.

    python3 hostile_crowd.py HOST:PORT CONNECTIONS ADDRESSES

opens CONNECTIONS from so many addresses of the loopback (127.0.1.1 and on), a fifth of them each second, and goes on
for ever: the oldest is closed for each new one. Of six one is silent, two send garbage, and of three the handshake
stops: within the ClientHello, after it, after which the peer's part is not read. Prints "all" when all have been opened once.
"""

import collections
import os
import resource
import socket
import ssl
import sys
import time


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    connections, addresses = map(int, sys.argv[2:])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    hello = client_hello()
    kinds = [b"", os.urandom(300), b"GET / HTTP/1.1\r\n\r\n", hello[:len(hello) // 2], hello, hello + os.urandom(300)]
    waiting, begun = collections.deque(), time.monotonic()
    number = 0
    while True:
        while number < connections * (time.monotonic() - begun) / 5:
            if len(waiting) >= connections:
                waiting.popleft().close()
            peer = socket.socket()
            peer.bind((f"127.0.1.{1 + number % addresses}", 0))
            try:
                peer.connect((host, int(port)))
                peer.setblocking(False)
                peer.send(kinds[number % len(kinds)])
            except OSError:
                pass  # refused or closed already: all the same to us
            waiting.append(peer)
            number += 1
            if number == connections:
                print("all", flush=True)
        time.sleep(0.002)


if __name__ == "__main__":
    main()
