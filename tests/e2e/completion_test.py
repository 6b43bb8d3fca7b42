"""`beckon completion`, in bash."""

import subprocess
import unittest

from world import BIN, World


class Completion(World):
    def complete(self, *words):
        """What bash offers behind these words, the last of which is begun."""
        script = ('source <("$0" completion) || exit 9; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _beckon; printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script, str(BIN / "beckon"), "beckon", *words], capture_output=True, text=True, timeout=30, env=self.env, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout.split()

    def test_verbs_and_options_are_completed_where_they_belong(self):
        self.assertEqual(self.complete("to"), ["token"])
        self.assertEqual(self.complete("token", "re"), ["revoke"])
        self.assertEqual(self.complete("--json", "token", "--state", "/tmp", "create", "tablet", "--r"), ["--role"])
        self.assertEqual(self.complete("token", "create", "--f"), ["--for"])
        self.assertEqual(self.complete("services", "--token"), ["--token-file"])
        self.assertIn("--json", self.complete("token", "list", "--"))
        self.assertNotIn("--role", self.complete("--"))
        self.assertEqual(self.complete("call", "nao1/A"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
