#!/usr/bin/env python3
"""Measure how the cost of connections and services grows with their number.

  bench/growth.py [--svg FILE] [--core A]

Both sides run on one core. Prints a table; --svg draws it. The release tree has to be built (scripts/build release bench_bus).
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

from bus import Runner, cpu

CONNECTIONS = [500, 1000, 2000, 4000, 8000]
SERVICES = [500, 1000, 2000, 5000, 10000]
# Title, unit, what there are many of, the numbers of it, and for one number: arguments of the client and the figure.
# Processor time of both sides, since it is what other work on the machine disturbs least.
PANELS = [
    ("memory of the server for each", "kB", "connections", CONNECTIONS, lambda n: ["conns", "--count", n], lambda f: f["server_bytes"] / 1000),
    ("CPU: connect, authenticate, ready", "us", "connections", CONNECTIONS, lambda n: ["conns", "--count", n], cpu),
    ("CPU: a call while so many are open", "us", "connections", CONNECTIONS, lambda n: ["lat", "--idle", n], cpu),
    ("CPU: register one of so many", "us", "services", SERVICES, lambda n: ["register", "--count", n], cpu),
    ("CPU: list all", "ms", "services", SERVICES, lambda n: ["services", "--size", n, "--count", 20], lambda f: cpu(f) / 1000),
]


def measure(runner, cores):
    """For each panel its values."""
    runs = {}

    def run(arguments):
        key = tuple(map(str, arguments))
        if key not in runs:
            runs[key] = runner.run("ours", list(key), cores)
        return runs[key]

    values = []
    for title, unit, what, numbers, arguments, figure in PANELS:
        values.append([figure(run(arguments(number))) for number in numbers])
        print(f"{title}, {unit}:", flush=True)
        print("  " + "  ".join(f"{number} {what} {value:.3g}" for number, value in zip(numbers, values[-1])), flush=True)
    return values


def panel(left, values, title, unit, what, numbers):
    """One graph, from zero on both axes: a straight line is linear growth."""
    width, height, top, bottom = 170, 110, 40, 150
    highest = max(values) * 1.1
    points = [(left + width * n / numbers[-1], bottom - height * v / highest) for n, v in zip(numbers, values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<text x="{left}" y="{top - 16}">{title}</text>'
    yield f'<path d="M{left} {top}V{bottom}H{left + width}" fill="none" stroke="#888"/>'
    yield f'<polyline points="{line}" fill="none" stroke="#06c" stroke-width="1.5"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#06c"/>' for x, y in points)
    yield f'<text x="{points[-1][0]:.0f}" y="{points[-1][1] - 6:.0f}" text-anchor="end">{values[-1]:.3g} {unit}</text>'
    yield f'<text x="{left + width}" y="{bottom + 14}" text-anchor="end">{numbers[-1]} {what}</text>'


def svg(values):
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{210 * len(PANELS)}" height="175" font-family="sans-serif" font-size="10">',
             '<rect width="100%" height="100%" fill="white"/>']
    for i, (title, unit, what, numbers, _, _) in enumerate(PANELS):
        lines += panel(20 + 210 * i, values[i], title, unit, what, numbers)
    return "\n".join([*lines, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(prog="bench/growth.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("--svg", metavar="FILE", type=pathlib.Path)
    parser.add_argument("--core", metavar="A", help="to pin to; default: not pinned")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="beckon-bench-") as folder:
        values = measure(Runner(folder), (arguments.core, arguments.core))
    if arguments.svg:
        arguments.svg.write_text(svg(values), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, subprocess.SubprocessError) as problem:
        sys.exit(f"bench/growth.py: {problem}")
