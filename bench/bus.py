#!/usr/bin/env python3
"""Measure the local bus: our programs, plain sockets and, where they were built, libqi's, alternating.

  bench/bus.py [--json FILE] [--cores A,B] [--only PART] [--rounds N]
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

BIN = pathlib.Path(__file__).resolve().parent.parent / "build" / "release" / "bin"
PROGRAMS = {
    "ours": ("beckon-bench-server", "beckon-bench-client"),
    "peer": ("libqi_bench_server", "libqi_bench_client"),
    "limit": ("plain_bench_server", "plain_bench_client"),
}
LONGEST = 120  # seconds that one run may take


class Runner:
    """Runs one mode, server and client each on its cores; None for the cores: not pinned."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.env = dict(os.environ, HOME=folder, QI_LOG_LEVEL="2")
        # Thousands of connections want as many descriptors.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def command(self, program, cores, *arguments):
        pinned = [] if cores is None else ["taskset", "-c", cores]
        return [*pinned, str(BIN / program), *arguments]

    def run(self, who, arguments, cores, scheme="tcp"):
        """What the client measured: a dictionary as it is documented in bench/figures.hpp."""
        server_program, client_program = PROGRAMS[who]
        client_cores, server_cores = cores
        url = "tcp://127.0.0.1:0" if scheme == "tcp" else f"unix://{self.folder}/{who}.sock"
        with subprocess.Popen(self.command(server_program, server_cores, url), stdout=subprocess.PIPE, text=True,
                              env=self.env) as server:
            try:
                ready = server.stdout.readline().split()
                if ready[:1] != ["ready"]:
                    raise RuntimeError(f"{server_program} does not start")
                command = self.command(client_program, client_cores, ready[1], *arguments, "--json")
                ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=self.env, timeout=LONGEST, check=True)
            finally:
                server.terminate()
        if scheme == "unix":
            pathlib.Path(url.removeprefix("unix://")).unlink(missing_ok=True)
        return json.loads(ran.stdout)


def cpu(figures):
    """Processor time of both sides, us for each call."""
    return figures["cpu"] + figures["server_cpu"]


def possible(figures):
    """What the busier side has processor time for, each second: the rate on a machine that does nothing else."""
    return 1e6 / max(figures["cpu"], figures["server_cpu"])


class Case:
    """A mode, what to take from it, and who takes part. `short` is the count for the peer, which is slower."""

    def __init__(self, name, arguments, *figures, limit=False, peer=True, scheme="tcp", count=None, short=None, pins=(1, 2)):
        self.name, self.arguments, self.figures, self.scheme, self.pins = name, arguments, figures, scheme, pins
        self.counts = {"ours": count, "limit": count, "peer": short or count}
        self.who = ["ours"] + ["peer"] * peer + ["limit"] * limit

    def arguments_for(self, who):
        count = self.counts[who]
        return [*self.arguments, *(["--count", str(count)] if count else [])]


LATENCY = (("", "us", "lower", lambda f: f["p50"]), (".p99", "us", "lower", lambda f: f["p99"]), (".cpu", "us", "lower", cpu))
RATE = (("", "1/s", "higher", lambda f: f["rate"]), (".cpu", "us", "lower", cpu), (".possible", "1/s", "higher", possible))
BYTES = (("", "MB/s", "higher", lambda f: f["rate"]), (".cpu", "us", "lower", cpu))
P50 = ("", "us", "lower", lambda f: f["p50"])
CASES = [
    Case("bus.call.tcp", ["lat"], *LATENCY, limit=True, count=5000),
    Case("bus.call.unix", ["lat"], *LATENCY, limit=True, peer=False, scheme="unix", count=5000),
    Case("bus.calls256", ["async"], *RATE, count=300_000, short=30_000),
    Case("bus.threads24", ["threads"], *RATE, count=24_000),
    Case("bus.events", ["events"], *RATE, count=1_000_000, short=50_000),
    Case("bus.events100", ["events", "--subscribers", "100"], *RATE, count=4_000_000, short=100_000),
    Case("bus.raw1MB", ["raw"], *BYTES, limit=True, count=500),
    Case("bus.connection.bytes", ["conns"], ("", "B", "lower", lambda f: f["server_bytes"]), count=1000, short=100, pins=(2,)),
    Case("bus.connect", ["conns"], P50, count=500, peer=False),
    Case("bus.session", ["sessions"], P50, count=300, short=50),
    Case("bus.register1000", ["register"], ("", "ms", "lower", lambda f: f["seconds"] * 1000), count=1000),
    Case("bus.services1003", ["services", "--size", "1000"], ("", "ms", "lower", lambda f: f["p50"] / 1000), count=50, short=1),
]


def measure(runner, case, pins, cores, rounds, takes_part):
    """The results of one case in one pinning, medians of all rounds."""
    taken = {who: [] for who in case.who if takes_part[who]}
    for _ in range(rounds):
        for who, runs in taken.items():
            runs.append(runner.run(who, case.arguments_for(who), cores, case.scheme))
    results = []
    for suffix, unit, better, figure in case.figures:
        entry = {"name": f"{case.name}.{pins}core{'s' * (pins > 1)}{suffix}", "unit": unit, "better": better}
        for who in PROGRAMS:
            entry[who] = statistics.median(map(figure, taken[who])) if who in taken else None
        results.append(entry)
        told = "  ".join(f"{who} {entry[who]:.4g}" for who in PROGRAMS if entry[who] is not None)
        print(f"{entry['name']:34} {unit:5} {told}", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(prog="bench/bus.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path)
    parser.add_argument("--cores", metavar="A,B", help="client's core, server's core; the first is the one core")
    parser.add_argument("--only", metavar="PART", default="", help="cases whose names hold this")
    parser.add_argument("--rounds", metavar="N", type=int, default=5)
    arguments = parser.parse_args()
    cores = arguments.cores.split(",") if arguments.cores else [None, None]
    pinnings = {1: (cores[0], cores[0]), 2: (cores[0], cores[-1])}
    takes_part = {who: (BIN / server).exists() for who, (server, _) in PROGRAMS.items()}
    results = []
    with tempfile.TemporaryDirectory(prefix="beckon-bench-") as folder:
        runner = Runner(folder)
        for case in CASES:
            if arguments.only not in case.name:
                continue
            for pins in case.pins:
                if pins == 1 or len(set(cores)) > 1:
                    results += measure(runner, case, pins, pinnings[pins], arguments.rounds, takes_part)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, subprocess.SubprocessError) as problem:
        sys.exit(f"bench/bus.py: {problem}")
