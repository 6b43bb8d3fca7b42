"""Inclusions obey the order of the folders.

    inclusions.py ROOT

Each folder of the source is one library. A folder includes itself, what the table below grants it, and what those
may include in turn. Inclusions of the project are written from its root, in quotes: #include "core/run/error.hpp".
Prints one line a violation, as file:line: what is wrong; exit code 1 if there is one.
"""

import pathlib
import re
import sys

# From the ground up: a folder includes only folders above it here.
MAY_INCLUDE = {
    "core": [],
    "policy": ["core"],
    "localbus": ["core"],
    "directory": ["localbus"],
    "link": ["core"],
    "xmpp": ["core", "link"],
    "nat": ["core", "link"],
    "media": ["policy", "nat", "xmpp"],
    "gateway": ["policy", "directory", "xmpp", "nat", "media"],
    "fleet": ["policy", "xmpp"],
    "remote": ["directory", "fleet", "nat", "media"],
    "cloud-relay": ["localbus", "fleet"],
    "apps": ["gateway", "remote", "cloud-relay"],
}

# What is not part of the libraries and programs: it may include every folder and is included by none.
AROUND = ["tests", "bench", "examples"]
# What holds no source of ours.
IGNORED = ["build"]

SOURCES = {".hpp", ".cpp", ".h", ".cc", ".ipp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def reachable(folder):
    """Everything that a folder may include, itself too."""
    found = {folder}
    for below in MAY_INCLUDE[folder]:
        found |= reachable(below)
    return found


def violations_of_line(folder, line):
    match = INCLUDE.match(line)
    if not match:
        return
    quote, included = match.groups()
    target = included.split("/")[0]
    if target not in MAY_INCLUDE or "/" not in included:
        # Tests and benchmarks may have helpers of their own, and use each other's; everything else in quotes is ours.
        if quote == '"' and not (folder in AROUND and target in AROUND):
            yield f'"{included}" is not written from the root; for another library use <>'
    elif quote == "<":
        yield f'<{included}> is a header of ours: use quotes'
    elif folder not in AROUND and target not in reachable(folder):
        allowed = ", ".join(sorted(reachable(folder) - {folder})) or "nothing"
        yield f'"{included}": {folder} may not include {target} (it may include: {allowed})'


def violations(root):
    root = pathlib.Path(root)
    folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".") and p.name not in IGNORED)
    for top in folders:
        for path in sorted(p for p in top.rglob("*") if p.suffix in SOURCES):
            name = path.relative_to(root)
            if top.name not in MAY_INCLUDE and top.name not in AROUND:
                yield f"{name}:1: the folder {top.name} has no place in the order (tests/house/inclusions.py)"
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                for problem in violations_of_line(top.name, line):
                    yield f"{name}:{number}: {problem}"


def main():
    found = list(violations(sys.argv[1]))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
