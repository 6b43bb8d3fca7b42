"""The programs under examples/, run as their comments say, and the README that shows them."""

import re
import unittest

from world import ROOT, World


class Examples(World):
    def setUp(self):
        super().setUp()
        self.start_directory()

    def start_service(self):
        service = self.start("service", "example-lamp-service", self.url)
        service.await_line("ready")
        return service

    def run_example(self, name):
        program = self.start(name, f"example-lamp-{name}", self.url)
        self.assertEqual(program.wait(), 0, program.text())
        return program.text()[0]

    def test_the_client_uses_the_service(self):
        self.start_service()
        self.assertEqual(self.run_example("client"), "level 100\nfaded by -60\n")
        self.assertEqual(self.assertDone(self.on_bus("get", "Lamp.level")).out, "40\n")

    def test_the_script_uses_the_service(self):
        self.start_service()
        self.assertEqual(self.run_example("script"), "faded by -10\nlevel 0\n")

    def test_the_watcher_hears_signals_and_changes(self):
        self.start_service()
        watch = self.start("watch", "example-lamp-watch", self.url)
        watch.await_line("watching")
        self.assertDone(self.on_bus("call", "Lamp.turn", "true"))
        watch.await_line("flickered: it is old")
        watch.await_line("level 100")

    def test_a_client_without_its_service_says_so(self):
        client = self.start("client", "example-lamp-client", self.url)
        self.assertNotEqual(client.wait(), 0)
        self.assertIn("Lamp", client.text()[1])

    def test_the_service_ends_on_sigterm_and_is_gone(self):
        service = self.start_service()
        service.process.terminate()
        self.assertEqual(service.wait(), 0, service.text())
        self.assertNotIn("Lamp", self.assertDone(self.on_bus("services")).out)


class Documented(unittest.TestCase):
    def test_the_readme_shows_the_examples_as_they_are(self):
        shown = re.findall(r"^`(examples/\S+)`[^\n]*\n\n```cpp\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
        self.assertEqual({name for name, _ in shown}, {"examples/lamp.hpp", "examples/lamp_service.cpp", "examples/lamp_client.cpp"})
        for name, code in shown:
            self.assertEqual(code, (ROOT / name).read_text(), name)

    def test_each_example_is_short_and_says_how_to_run_it(self):
        for path in (ROOT / "examples").glob("*.cpp"):
            text = path.read_text()
            self.assertLessEqual(text.count("\n"), 25, path)
            self.assertIn(f"example-{path.stem.replace('_', '-')}", text.split("#include")[0], path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
