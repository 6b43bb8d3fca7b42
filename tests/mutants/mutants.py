"""What a mutant is: a patch that breaks one guard, below the name of the test that has to notice.

    One sentence: the guard that is broken.

    Turns red: directory.RegistryTest.refusesAStranger
    Builds: directory_test

    --- a/directory/registry.cpp
    ...
"""

import os
import pathlib
import re
import subprocess


class Mutant:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        text = self.path.read_text(encoding="utf-8")
        head = text.split("\n--- ", 1)[0]
        self.name = self.path.stem
        self.guard = head.strip().split("\n", 1)[0]
        self.tests = re.findall(r"^Turns red: (\S+)$", head, re.MULTILINE)
        self.targets = [target for line in re.findall(r"^Builds: (.+)$", head, re.MULTILINE) for target in line.split()]

    def problem(self, root):
        """Why it is no mutant of that tree; None if it is one."""
        if not self.tests or not self.targets or not self.guard:
            return "needs a sentence, a line 'Turns red: TEST' and a line 'Builds: TARGET...'"
        applies = self.apply(root, "--check")
        if applies.returncode != 0:
            return "does not apply: " + applies.stderr.strip()
        for test in self.tests:
            if not is_defined(root, test):
                return f"no test is called {test}"
        return None

    def apply(self, root, *options):
        # As part of no repository but its own: git would leave out what an outer one ignores.
        environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(pathlib.Path(root).resolve().parent)}
        return subprocess.run(["git", "apply", *options, str(self.path.resolve())], cwd=root, capture_output=True,
                              text=True, check=False, env=environment)


# Test binaries that are not named for their folder.
FOLDER_OF = {"relay": "cloud-relay"}


def is_defined(root, test):
    """By its name in ctest: folder.Suite.name, of GoogleTest, or of Python's unittest in e2e."""
    folder, suite, name = test.split(".")
    folder = FOLDER_OF.get(folder, folder)
    is_python = folder == "e2e"
    pattern = (rf"^class {suite}\(.*?^    def {name}\(self" if is_python else
               rf"TEST(_F|_P)?\(\s*{suite.split('/')[-1]},\s*{name.split('/')[0]}\s*\)")
    sources = (pathlib.Path(root) / "tests" / folder).glob("*.py" if is_python else "*.cpp")
    return any(re.search(pattern, source.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL) for source in sources)


def all_mutants(root):
    return [Mutant(path) for path in sorted((pathlib.Path(root) / "tests" / "mutants").glob("*.patch"))]
