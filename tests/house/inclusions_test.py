"""The check of inclusions catches what it is there for."""

import pathlib
import tempfile
import unittest

import inclusions


class Inclusions(unittest.TestCase):
    def problems(self, files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return list(inclusions.violations(root))

    def test_table_only_points_upwards(self):
        order = list(inclusions.MAY_INCLUDE)
        for folder, granted in inclusions.MAY_INCLUDE.items():
            for target in granted:
                self.assertLess(order.index(target), order.index(folder), f"{folder} includes {target}")

    def test_apps_reach_every_folder(self):
        self.assertEqual(inclusions.reachable("apps"), set(inclusions.MAY_INCLUDE))

    def test_accepts_own_direct_and_transitive_folders(self):
        self.assertEqual([], self.problems({
            "directory/a.hpp": '#include "directory/b.hpp"\n#include "localbus/c.hpp"\n#include "core/qi/value.hpp"\n',
            "apps/beckond/main.cpp": '#include <vector>\n#include <boost/asio.hpp>\n#include "cloud-relay/x.hpp"\n',
        }))

    def test_refuses_an_inclusion_against_the_order(self):
        found = self.problems({"core/qi/a.hpp": '#pragma once\n#  include "localbus/c.hpp"\n'})
        self.assertEqual(1, len(found))
        self.assertIn("core/qi/a.hpp:2: ", found[0])
        self.assertIn("core may not include localbus", found[0])

    def test_refuses_a_neighbour_that_is_not_granted(self):
        self.assertEqual(1, len(self.problems({"xmpp/a.cpp": '#include "policy/decide.hpp"\n'})))
        self.assertEqual(1, len(self.problems({"remote/a.cpp": '#include "gateway/session.hpp"\n'})))

    def test_refuses_a_source_that_includes_tests_or_programs(self):
        self.assertEqual(1, len(self.problems({"core/a.cpp": '#include "tests/core/helper.hpp"\n'})))
        self.assertEqual(1, len(self.problems({"gateway/a.cpp": '#include "apps/beckond/config.hpp"\n'})))

    def test_refuses_a_path_that_is_not_written_from_the_root(self):
        self.assertEqual(1, len(self.problems({"core/a.cpp": '#include "error.hpp"\n'})))
        self.assertEqual(1, len(self.problems({"core/a.cpp": '#include "../core/error.hpp"\n'})))

    def test_refuses_angle_brackets_around_our_own_headers(self):
        self.assertEqual(1, len(self.problems({"localbus/a.cpp": "#include <core/run/error.hpp>\n"})))

    def test_refuses_a_folder_without_a_place(self):
        self.assertEqual(1, len(self.problems({"utils/a.cpp": "int x;\n"})))

    def test_lets_tests_include_everything_and_their_helpers(self):
        self.assertEqual([], self.problems({
            "tests/core/a_test.cpp": '#include "apps/sim/robot.hpp"\n#include "tests/support/port.hpp"\n',
        }))


if __name__ == "__main__":
    unittest.main()
