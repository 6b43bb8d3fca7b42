"""The bench programs do what they say, each client beside each server. What they measure is not looked at here."""

import json
import os
import pathlib
import signal
import subprocess
import unittest

from world import BIN, LONGEST, World

# Set where LIBQI_PEER named a libqi when the tree was configured.
LIBQI = os.environ.get("BECKON_LIBQI_BENCH")
SERVERS = {"beckon": BIN / "beckon-bench-server"}
CLIENTS = {"beckon": BIN / "beckon-bench-client"}
if LIBQI:
    SERVERS["libqi"] = pathlib.Path(LIBQI, "libqi_bench_server")
    CLIENTS["libqi"] = pathlib.Path(LIBQI, "libqi_bench_client")

# Each mode with what keeps it short, and what its count comes to.
MODES = [
    ("lat", [], 20), ("latst", [], 20), ("latstr", ["--size", "1000"], 20),
    ("async", ["--outstanding", "7"], 20),
    ("threads", ["--threads", "3"], 18),
    ("events", ["--batch", "5"], 20), ("events", ["--batch", "2", "--subscribers", "3"], 18),
    ("raw", ["--size", "100000"], 20), ("echoraw", ["--size", "100000"], 20),
    ("conns", [], 20), ("sessions", [], 20), ("lat", ["--idle", "5"], 20),
    ("services", ["--size", "10"], 20), ("register", [], 20),
]
WITH_LATENCIES = {"lat", "latst", "latstr", "conns", "sessions", "services", "register"}


class Bench(World):
    def setUp(self):
        super().setUp()
        self.env["QI_LOG_LEVEL"] = "2"

    def start_server(self, kind, url="tcp://127.0.0.1:0"):
        server = self.start(f"{kind}-server", SERVERS[kind], url, binary=False)
        return server, server.await_line("ready ").split()[1]

    def client(self, kind, *arguments):
        return subprocess.run([CLIENTS[kind], *arguments], capture_output=True, text=True, timeout=LONGEST,
                              env=self.env, stdin=subprocess.DEVNULL)

    def check_every_mode(self, client, server, url):
        for mode, options, count in MODES:
            with self.subTest(client=client, server=server, mode=mode, options=options):
                ran = self.client(client, url, mode, "--count", "20", *options, "--json")
                self.assertEqual((ran.returncode, ran.stderr), (0, ""))
                figures = json.loads(ran.stdout)
                self.assertEqual((figures["mode"], figures["count"]), (mode, count))
                self.assertGreater(figures["rate"], 0)
                self.assertGreater(figures["cpu"], 0)
                self.assertGreater(figures["server_cpu"], 0)
                if mode in WITH_LATENCIES:
                    self.assertLessEqual(figures["p50"], figures["p99"])
                if mode == "conns":
                    self.assertIn("server_bytes", figures)

    def test_every_client_measures_every_server_in_every_mode(self):
        print("[   PEER   ]", "libqi from LIBQI_PEER" if LIBQI else "none: LIBQI_PEER was not set", flush=True)
        for server in SERVERS:
            started, url = self.start_server(server)
            for client in CLIENTS:
                if (client, server) != ("libqi", "libqi"):
                    self.check_every_mode(client, server, url)
            started.end()

    def test_a_server_on_a_unix_socket_is_measured(self):
        _, url = self.start_server("beckon", f"unix://{self.folder}/bench.sock")
        self.check_every_mode("beckon", "beckon", url)

    def test_the_server_ends_with_sigterm(self):
        server, _ = self.start_server("beckon")
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)

    def test_text_is_one_line(self):
        _, url = self.start_server("beckon")
        ran = self.client("beckon", url, "lat", "--count", "5")
        self.assertRegex(ran.stdout, r"^lat  count 5   p50 [0-9.]+ p99 [0-9.]+ rate [0-9.e+]+ calls/s cpu [0-9.]+ server_cpu [0-9.]+\n$")

    def test_a_client_that_is_used_wrongly_says_how_it_is_used(self):
        for arguments, told in [(["tcp://127.0.0.1:1"], "mode is required"), (["tcp://127.0.0.1:1", "fast"], 'no mode "fast"'),
                                (["tcp://127.0.0.1:1", "lat", "--count", "0"], "at least 1"),
                                (["tcp://127.0.0.1:1", "lat", "--count", "many"], "many"), (["http://x", "lat"], "http://x")]:
            for client in CLIENTS if arguments[0].startswith("tcp") else ["beckon"]:
                with self.subTest(client=client, arguments=arguments):
                    ran = self.client(client, *arguments)
                    self.assertEqual((ran.returncode, ran.stdout), (2, ""))
                    self.assertIn(told, ran.stderr)
                    self.assertIn("next: ", ran.stderr)

    def test_a_server_that_is_used_wrongly_says_how_it_is_used(self):
        for arguments, code, told in [([], 2, "url is required"), (["http://x"], 2, "http://x"),
                                      (["unix:///nowhere/at/all"], 1, "cannot listen on unix:///nowhere/at/all")]:
            with self.subTest(arguments=arguments):
                ran = subprocess.run([SERVERS["beckon"], *arguments], capture_output=True, text=True, timeout=LONGEST, env=self.env)
                self.assertEqual((ran.returncode, ran.stdout), (code, ""))
                self.assertIn(told, ran.stderr)
                self.assertIn("next: ", ran.stderr)

    def test_a_client_without_a_server_says_so(self):
        ran = self.client("beckon", "tcp://127.0.0.1:1", "lat")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertIn("cannot reach tcp://127.0.0.1:1", ran.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
