#!/usr/bin/python3
"""Measure what a fleet takes of Prosody and of ejabberd, with Beckon and, alternating, without it (beckon bench fleet --bare).

  bench/fleet.py [--json FILE] [--raw FILE] [--cores A,B] [--robots N] [--rounds N] [--spread S] [--servers NAME...]

Each run is a server that was just started, with N robots of one owner; docs/scale.md tells what is measured. --raw writes all
figures of all runs.
"""

import argparse
import collections
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from fleet_servers import BIN, Ejabberd, Prosody

KINDS = {kind.name: kind for kind in (Prosody, Ejabberd)}
# Of one run's figures: where, the unit, and whether less is better.
FIGURES = {
    "login": ("first/cpu_a_login/server", "s", "lower"),
    "storm.at_once": ("storms/0/cpu_a_login/server", "s", "lower"),
    "storm.at_once.seconds": ("storms/0/seconds", "s", "lower"),
    "storm.spread": ("storms/1/cpu_a_login/server", "s", "lower"),
    "storm.spread.seconds": ("storms/1/seconds", "s", "lower"),
    "rest": ("rest/cpu_a_robot_and_hour/server", "s/robot/h", "lower"),
    "memory": ("memory_a_robot/server", "B", "lower"),
    "presence.p50": ("propagation/p50", "s", "lower"),
    "presence.p99": ("propagation/p99", "s", "lower"),
    "calls": ("calls/rate", "1/s", "higher"),
}


def figure(run, path):
    for part in path.split("/"):
        run = run[int(part)] if part.isdigit() else run[part]
    return run


def robots_seen(server):
    """`beckon robots` of the owner: how long it takes, and how many robots of which state it shows."""
    out = []
    for _ in range(3):
        begun = time.monotonic()
        done = subprocess.run([BIN / "beckon", "--json", "robots"], env=server.env, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        took = time.monotonic() - begun
        if done.returncode != 0:
            out.append({"seconds": took, "error": done.stderr.decode(errors="replace")[-300:]})
            continue
        listing = json.loads(done.stdout)
        out.append({"seconds": took, "complete": listing["complete"], **collections.Counter(robot["state"] for robot in listing["robots"])})
    return out


def run(server, is_bare, arguments):
    """The figures of one run."""
    try:
        options = ["--server", server.start_server()]
        if is_bare:
            options.append("--bare")
        else:
            options += ["--relay", server.start_relay(), "--statements", server.folder / "statements"]
        command = [BIN / "beckon", "--json", "bench", "fleet", "--robots", arguments.robots, "--password-file", server.folder / "robots.secret",
                   "--spread", arguments.spread, "--rest", arguments.rest, "--asking", arguments.asking, "--stay", *options]
        generator = subprocess.Popen([*map(str, command)], env=server.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            line = generator.stdout.readline()
            figures = json.loads(line) if line else {"error": "it printed nothing"}
            if "error" in figures:
                raise RuntimeError(f"{server.name}: beckon bench fleet: {figures['error']}")
            if not is_bare:
                figures["robots_seen"] = robots_seen(server)
        finally:
            generator.stdin.close()
            status = generator.wait()
        if status != 0:
            raise RuntimeError(f"{server.name}: beckon bench fleet ended with {status}")
        return figures
    finally:
        server.end()


def results_of(runs):
    """Entries as docs/performance.md has them: with Beckon beside the bare server."""
    def median(name, is_bare, path):
        return statistics.median(figure(each, path) for each in runs[name, is_bare])

    out = []
    for name in dict.fromkeys(name for name, _ in runs):
        for title, (path, unit, better) in FIGURES.items():
            out.append({"name": f"fleet.{name}.{title}", "unit": unit, "better": better, "ours": median(name, False, path),
                        "peer": None if title == "calls" else median(name, True, path), "limit": None})
        seen = [listing["seconds"] for each in runs[name, False] for listing in each["robots_seen"] if "error" not in listing]
        if seen:
            out.append({"name": f"fleet.{name}.robots", "unit": "s", "better": "lower", "ours": statistics.median(seen), "peer": None, "limit": None})
    return out


def main():
    parser = argparse.ArgumentParser(prog="bench/fleet.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path)
    parser.add_argument("--raw", metavar="FILE", type=pathlib.Path)
    parser.add_argument("--cores", metavar="A,B", help="those that everything runs on; it is pinned already")
    parser.add_argument("--robots", metavar="N", type=int, default=3000)
    parser.add_argument("--rounds", metavar="N", type=int, default=3)
    parser.add_argument("--spread", metavar="S", type=float, default=60)
    parser.add_argument("--rest", metavar="S", type=float, default=20)
    parser.add_argument("--asking", metavar="S", type=float, default=5)
    parser.add_argument("--servers", metavar="NAME", nargs="+", choices=KINDS, default=list(KINDS))
    arguments = parser.parse_args()
    runs = collections.defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="beckon-bench-") as folder:
        servers = []
        for name in arguments.servers:
            servers.append(KINDS[name](pathlib.Path(folder, name), arguments.robots))
            try:
                servers[-1].prepare()
            finally:
                servers[-1].end()
        for _ in range(arguments.rounds):
            for server in servers:
                for is_bare in (True, False):
                    figures = run(server, is_bare, arguments)
                    runs[server.name, is_bare].append(figures)
                    print(server.name, json.dumps(figures), flush=True)
                    if arguments.raw:
                        with open(arguments.raw, "a", encoding="utf-8") as raw:
                            raw.write(json.dumps({"server": server.name, **figures}) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(results_of(runs), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, OSError, subprocess.CalledProcessError) as problem:
        sys.exit(f"bench/fleet.py: {problem}")
