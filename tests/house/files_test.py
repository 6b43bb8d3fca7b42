"""The checks of words and of shell scripts catch what they are there for."""

import pathlib
import tempfile
import unittest

import shell
import words


class Files(unittest.TestCase):
    def check(self, check, files):
        with tempfile.TemporaryDirectory() as root:
            for name, content in files.items():
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            return list(check(root))

    def test_a_forbidden_path_is_found_with_its_line_in_text_and_in_data(self):
        found = self.check(words.violations, {"docs/a.md": b"one\ntwo " + words.FORBIDDEN[0] + b"/x\n",
                                              "tests/data.bin": b"\xff\x00" + words.FORBIDDEN[1]})
        self.assertEqual(2, len(found))
        self.assertIn("docs/a.md:2", found[0])

    def test_the_build_folder_is_not_looked_at(self):
        self.assertEqual([], self.check(words.violations, {"build/x.log": words.FORBIDDEN[1]}))

    def test_a_script_that_does_not_parse_is_found(self):
        found = self.check(shell.problems, {"tests/a.sh": b"if true; then\n", "tests/b.sh": b"true\n"})
        self.assertEqual(1, len(found))

    def test_a_script_is_known_by_its_first_line_and_must_be_executable(self):
        found = self.check(shell.problems, {"scripts/go": b"#!/usr/bin/env bash\nfi\n"})
        self.assertEqual(2, len(found))


if __name__ == "__main__":
    unittest.main()
