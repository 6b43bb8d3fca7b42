"""Each mutant still is one: it applies to the tree, and its test exists. Whether the test turns red is run.py's."""

import sys

from mutants import all_mutants

root = sys.argv[1]
mutants = all_mutants(root)
problems = [f"{mutant.path.name}: {why}" for mutant in mutants if (why := mutant.problem(root))]
print("\n".join(problems) or f"{len(mutants)} mutants apply")
sys.exit(1 if problems or not mutants else 0)
