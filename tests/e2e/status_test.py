"""What `beckond` tells whoever watches over it: numbers, health, lines of log, and `beckon bugreport`."""

import json
import re
import subprocess
import unittest
import urllib.error
import urllib.request

from lan_test import EVERYTHING, LanWorld
from world import World, until

# The reader of the Prometheus project, which is Debian's.
PARSER = """
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
print(json.dumps([[s.name, s.labels, s.value] for family in text_string_to_metric_families(sys.stdin.read()) for s in family.samples]))
"""
STATUS = '[status]\nlisten = "127.0.0.1:0"\n'


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


class Status(LanWorld):
    def start_robot(self, **options):
        super().start_robot(more=STATUS, **options)
        self.status = re.search(r"status on (http://[0-9.:]+)/", self.robot.await_text("status on http://")).group(1)

    def metrics(self):
        """Every sample by its name and labels, as a program that knows OpenMetrics reads them."""
        code, text = fetch(self.status + "/metrics")
        self.assertEqual(code, 200)
        read = subprocess.run(["/usr/bin/python3", "-c", PARSER], input=text, capture_output=True, text=True, check=True)
        return {(name, *sorted(labels.items())): value for name, labels, value in json.loads(read.stdout)}

    def labelled(self, name, **labels):
        return self.metrics().get((name, *sorted(labels.items())))

    def test_calls_and_refusals_are_counted_and_timed(self):
        (self.folder / "policy.toml").write_text(EVERYTHING.replace("[roles]\n", "[roles]\nguest = []\n") + '[[rule]]\nname = "guests"\nwho = ["role:guest"]\nmay = "get"\non = "ALTextToSpeech"\nrate = "1/h"\n')
        self.start_robot()
        self.start_sim()
        tablet, guest = self.token("tablet"), self.token("guest", role="guest")
        until(lambda: "ALTextToSpeech" in self.outside(tablet, "services").out, "ALTextToSpeech is not listed outside")
        for _ in range(3):
            self.assertDone(self.outside(tablet, "call", "ALTextToSpeech.getLanguage"))
        self.assertDone(self.outside(guest, "get", "ALTextToSpeech.volume"))
        self.assertEqual(self.outside(guest, "get", "ALTextToSpeech.volume").code, 7)
        self.assertEqual(self.labelled("beckon_refusals_total", door="lan", why="rate"), 1)
        member = {"service": "ALTextToSpeech", "member": "getLanguage"}
        self.assertEqual(self.labelled("beckon_requests_total", door="lan", verb="call", outcome="done", **member), 3)
        self.assertEqual(self.labelled("beckon_request_seconds_count", **member), 3)
        self.assertEqual(self.labelled("beckon_request_seconds_bucket", le="+Inf", **member), 3)
        self.assertEqual(self.labelled("beckon_requests_total", door="lan", verb="get", outcome="done", service="ALTextToSpeech", member="volume"), 1)
        self.assertFails(self.beckon("--bus", self.lan, "--pin", self.key, "services"), 6, "not-authenticated")
        self.assertGreaterEqual(self.labelled("beckon_entries_total", door="lan", outcome="let_in"), 5)
        self.assertEqual(self.labelled("beckon_lan_sessions"), 0)

    def test_health_says_which_part_is_not_well_and_what_policy_is_in_force(self):
        self.start_robot()
        code, text = fetch(self.status + "/healthz")
        self.assertEqual(code, 200, text)
        self.assertRegex(text, r"^bus ok: reached at tcp://127.0.0.1:\d+\nlan ok: 0 sessions\nrecord ok: kept in .*/state/audit\npolicy ok: version [0-9a-f]{12}\n$")
        before = [key for key in self.metrics() if key[0] == "beckon_policy_info"]
        (self.folder / "policy.toml").write_text(EVERYTHING + "# again\n")
        until(lambda: [key for key in self.metrics() if key[0] == "beckon_policy_info"] != before, "the version in the metrics stays the same")

    def test_a_bus_that_is_not_there_is_not_well(self):
        (self.folder / "robot.toml").write_text('[bus]\nattach = "tcp://127.0.0.1:1"\n[lan]\nlisten = "tcps://127.0.0.1:0"\n' + STATUS)
        robot = self.start("beckond", "beckond", "run", "--config", self.folder / "robot.toml", "--log-format", "json")
        robot.await_text("status on http://")
        lines = [json.loads(line) for line in robot.text()[1].splitlines() if line.startswith("{")]
        status = re.search(r"http://[0-9.:]+", next(line["text"] for line in lines if "status on" in line["text"])).group(0)
        self.assertEqual({line["name"] for line in lines}, {"beckond"})
        code, text = fetch(status + "/healthz")
        self.assertEqual(code, 503)
        self.assertIn("bus not: no directory at tcp://127.0.0.1:1\n", text)

    def test_a_bugreport_holds_what_is_needed_and_no_secret(self):
        self.start_robot()
        token = self.token("tablet").read_text().strip()
        answer = self.beckon("bugreport", "--robot", self.folder / "robot.toml", "--out", self.folder / "report.txt")
        self.assertDone(answer)
        self.assertEqual(answer.out, f"{self.folder}/report.txt  (read it before you send it)\n")
        report = (self.folder / "report.txt").read_text()
        self.assertEqual((self.folder / "report.txt").stat().st_mode & 0o777, 0o600)
        for part in ("== system\nbeckon ", "== configuration ", "[lan]", "== policy ", 'name = "operators"', "tablet  role operator", ".jsonl  ",
                     "== whether it can be used\nyes\n"):
            self.assertIn(part, report)
        self.assertNotIn(token, report)
        self.assertFails(self.beckon("bugreport", "--robot", self.folder / "robot.toml", "--out", self.folder / "report.txt"), 2, "invalid-config", "--out")
        self.assertFails(self.beckon("bugreport", "--robot", self.folder / "none.toml"), 2, "invalid-argument", "--robot")

    def test_a_bugreport_of_a_configuration_with_faults_says_them_and_keeps_its_secrets(self):
        (self.folder / "password").write_text("swordfish-3\n")
        (self.folder / "robot.toml").write_text('[xmpp]\npassword = "hunter2"\npassword_file = "password"\naccount = "swordfish-3@robots.example"\n')
        self.assertDone(self.beckon("bugreport", "--robot", self.folder / "robot.toml", "--out", self.folder / "report.txt"))
        report = (self.folder / "report.txt").read_text()
        self.assertIn("password = (removed)", report)
        self.assertIn("invalid-config: ", report)
        self.assertNotIn("hunter2", report)
        self.assertNotIn("swordfish-3", report)


class StatusElsewhere(World):
    def test_is_refused_with_what_to_write(self):
        (self.folder / "robot.toml").write_text('[lan]\nlisten = "tcps://127.0.0.1:0"\n[status]\nlisten = "0.0.0.0:9604"\n')
        robot = self.start("beckond", "beckond", "run", "--config", self.folder / "robot.toml")
        self.assertEqual(robot.wait(), 2)
        robot.await_text("status.listen")
        robot.await_text("127.0.0.1:9604")


if __name__ == "__main__":
    unittest.main()
