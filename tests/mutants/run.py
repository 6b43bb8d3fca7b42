"""Breaks one guard after the other, in a copy of the tree, and sees that its test turns red.

    run.py ROOT [-DNAME=VALUE...] [NAME...]     all mutants, or those named; exit code 1 if one is not noticed

It is built as the release lane builds but for each file on its own, as one is broken at a time. The copy, build/mutants,
is kept. -D goes to CMake.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
from files import project_files  # noqa: E402
from mutants import all_mutants  # noqa: E402

# Of the linkers in binutils the quick one.
SETTINGS = ["-DBECKON_WERROR=ON", "-DCMAKE_UNITY_BUILD=OFF", "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=gold"]


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


def run(place, *command):
    return subprocess.run(command, cwd=place, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def build(place, targets):
    return run(place, "cmake", "--build", "build/release", "--target", *targets)


def red_of(place, tests):
    """Those of the tests that do not pass, and what ctest says of it."""
    pattern = "^(" + "|".join(re.escape(test) for test in tests) + ")$"
    ran = run(place, "ctest", "--test-dir", "build/release", "--output-on-failure", "--no-tests=error", "-j2", "-R",
              pattern)
    passed = set(re.findall(r"^ *\d+/\d+ Test +#\d+: (\S+) \.+ +Passed", ran.stdout, re.MULTILINE))
    return [test for test in tests if test not in passed], ran.stdout


def problem_of(place, mutant):
    """Why it is not noticed; None if each of its tests turns red."""
    applied = mutant.apply(place)
    if applied.returncode != 0:
        return applied.stderr
    try:
        built = build(place, mutant.targets)
        if built.returncode != 0:
            return "it does not compile:\n" + built.stdout
        red, output = red_of(place, mutant.tests)
        return None if red == mutant.tests else output
    finally:
        mutant.apply(place, "--reverse")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    mutants = all_mutants(root)
    settings = [word for word in sys.argv[2:] if word.startswith("-D")]
    names = set(sys.argv[2:]) - set(settings)
    if unknown := names - {mutant.name for mutant in mutants}:
        sys.exit("run.py: no mutant is called " + ", ".join(sorted(unknown)))
    mutants = [mutant for mutant in mutants if not names or mutant.name in names]
    os.environ.setdefault("CCACHE_DIR", str(root / "build" / "ccache"))
    place = root / "build" / "mutants"

    begun = time.monotonic()
    copy_of(root, place)
    targets = sorted({name for each in mutants for name in each.targets})
    built = run(place, "scripts/build", "release", *SETTINGS, *settings, *targets)
    if built.returncode != 0:
        sys.exit(built.stdout)
    print(f"{'built':<40}{time.monotonic() - begun:16.0f} s", flush=True)
    red, output = red_of(place, sorted({test for mutant in mutants for test in mutant.tests}))
    if red:
        sys.exit("without a mutant these tests have to pass: " + " ".join(red) + "\n" + output)

    missed = 0
    # One after the other as they share what is built: what one breaks is built again, unbroken, for the next.
    for mutant in sorted(mutants, key=lambda each: (each.targets, each.name)):
        start = time.monotonic()
        problem = problem_of(place, mutant)
        missed += problem is not None
        print(f"{mutant.name:<40}{'MISSED' if problem else 'noticed':<10}{time.monotonic() - start:6.1f} s  "
              f"{mutant.guard}", flush=True)
        if problem:
            print(problem)
    print(f"{len(mutants) - missed} of {len(mutants)} mutants were noticed, in {time.monotonic() - begun:.0f} s")
    sys.exit(1 if missed else 0)


main()
