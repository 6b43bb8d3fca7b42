#!/usr/bin/python3
"""Draw what bench/fleet.py --raw has written: bars of the medians, without Beckon and with it.

  bench/fleet_plot.py RAW SVG
"""

import collections
import json
import pathlib
import statistics
import sys

PANELS = [  # title, unit, where, factor
    ("server CPU a login, spread", "ms", ("storms", 1, "cpu_a_login", "server"), 1e3),
    ("server CPU a login, at once", "ms", ("storms", 0, "cpu_a_login", "server"), 1e3),
    ("server CPU at rest, a robot and hour", "ms", ("rest", "cpu_a_robot_and_hour", "server"), 1e3),
    ("server memory a robot", "kB", ("memory_a_robot", "server"), 1e-3),
]
WIDTH, HEIGHT, BAR, TOP = 220, 220, 34, 40
COLOURS = {True: "#9aa5b1", False: "#2b6cb0"}
NAMES = {True: "bare", False: "Beckon"}


def figure(run, path):
    for part in path:
        run = run[part]
    return run


def panel(runs, number, title, unit, path, factor):
    bars = {key: statistics.median(figure(run, path) for run in each) * factor for key, each in runs.items()}
    most = max(bars.values())
    yield f'<g transform="translate({number * WIDTH + 10},0)"><text x="0" y="16">{title}, {unit}</text>'
    for place, ((server, is_bare), value) in enumerate(bars.items()):
        left, height = place * (BAR + 14), value / most * (HEIGHT - TOP - 50)
        top = HEIGHT - 50 - height
        yield f'<rect x="{left}" y="{top:.1f}" width="{BAR}" height="{height:.1f}" fill="{COLOURS[is_bare]}"/>'
        yield f'<text x="{left}" y="{top - 4:.1f}">{value:.3g}</text>'
        yield f'<text x="{left}" y="{HEIGHT - 34}">{NAMES[is_bare]}</text><text x="{left}" y="{HEIGHT - 20}">{server}</text>'
    yield "</g>"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    runs = collections.defaultdict(list)
    for line in pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        runs[run["server"], run["bare"]].append(run)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{len(PANELS) * WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="10">']
    for number, each in enumerate(PANELS):
        lines += panel(runs, number, *each)
    pathlib.Path(sys.argv[2]).write_text("\n".join([*lines, "</svg>\n"]), encoding="utf-8")


if __name__ == "__main__":
    main()
