"""Every shell script parses, and every script in scripts/ and .ci/ may be executed.

    shell.py ROOT

Prints what bash says; exit code 1 if there is something.
"""

import os
import pathlib
import re
import subprocess
import sys

from files import project_files

SHELL = re.compile(rb"#!\s*\S*(/|\s)(ba|da)?sh\b")


def problems(root):
    for name in project_files(root):
        path = pathlib.Path(root, name)
        with path.open("rb") as stream:
            first = stream.readline(200)
        if first.startswith(b"#!") and name.parts[0] in ("scripts", ".ci") and not os.access(path, os.X_OK):
            yield f"{name}: is not executable"
        if SHELL.match(first) or name.suffix == ".sh":
            parsed = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
            if parsed.returncode != 0:
                yield parsed.stderr.strip()


def main():
    found = list(problems(sys.argv[1]))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
