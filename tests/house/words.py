"""No file of the project names a path that exists only on the machine where it was written.

    words.py ROOT

Prints one line a violation; exit code 1 if there is one.
"""

import pathlib
import sys

from files import project_files

# In halves, so that this file passes its own check.
FORBIDDEN = [b"../" + b"shared", b"/" + b"work/"]


def violations(root):
    for name in project_files(root):
        content = pathlib.Path(root, name).read_bytes()
        for word in FORBIDDEN:
            if word in str(name).encode():
                yield f"{name}: the name contains {word.decode()}"
            if word in content:
                line = content[:content.index(word)].count(b"\n") + 1
                yield f"{name}:{line}: contains {word.decode()}"


def main():
    found = list(violations(sys.argv[1]))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
