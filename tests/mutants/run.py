"""Breaks one guard after the other, in a copy of the tree, and sees that its test turns red.

    run.py ROOT [NAME...]     all mutants, or those named; exit code 1 if one is not noticed
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
from files import project_files  # noqa: E402
from mutants import all_mutants  # noqa: E402


def copy_of(root, place):
    """The tree in `place`; what has not changed keeps its time, so that little is compiled again."""
    wanted = set(project_files(root))
    for name in wanted:
        source, target = root / name, place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or source.read_bytes() != target.read_bytes():
            shutil.copy(source, target)
    for name in set(project_files(place)) - wanted:
        (place / name).unlink()


def build(place, targets):
    return subprocess.run(["scripts/build", "debug", "-DBECKON_WERROR=OFF", *targets], cwd=place, check=False,
                          capture_output=True, text=True)


def passes(place, tests):
    pattern = "^(" + "|".join(test.replace(".", r"\.") for test in tests) + ")$"
    ran = subprocess.run(["ctest", "--test-dir", "build/debug", "--no-tests=error", "-R", pattern], cwd=place,
                         check=False, capture_output=True, text=True)
    return ran.returncode == 0, ran.stdout


def noticed(place, mutant):
    applied = mutant.apply(place)
    if applied.returncode != 0:
        return False, applied.stderr
    try:
        built = build(place, mutant.targets)
        if built.returncode != 0:
            return False, "it does not compile:\n" + built.stdout + built.stderr
        green, output = passes(place, mutant.tests)
        return not green, output
    finally:
        mutant.apply(place, "--reverse")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    mutants = [mutant for mutant in all_mutants(root) if not sys.argv[2:] or mutant.name in sys.argv[2:]]
    if not mutants:
        sys.exit("run.py: no mutant is called so")
    os.environ.setdefault("CCACHE_DIR", str(root / "build" / "ccache"))
    place = root / "build" / "mutants"
    copy_of(root, place)
    built = build(place, sorted({target for mutant in mutants for target in mutant.targets}))
    if built.returncode != 0:
        sys.exit(built.stdout + built.stderr)
    green, output = passes(place, sorted({test for mutant in mutants for test in mutant.tests}))
    if not green:
        sys.exit("without a mutant these tests have to pass:\n" + output)
    missed = 0
    for mutant in mutants:
        begun = time.monotonic()
        red, output = noticed(place, mutant)
        missed += not red
        print(f"{mutant.name:<40}{'noticed' if red else 'MISSED':<10}{time.monotonic() - begun:4.0f} s  {mutant.guard}",
              flush=True)
        if not red:
            print(output)
    print(f"{len(mutants) - missed} of {len(mutants)} mutants were noticed")
    sys.exit(1 if missed else 0)


main()
