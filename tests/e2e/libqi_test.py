"""A service of an unchanged libqi program, used from another account over XMPP."""

import os
import unittest

from world import BIN, XmppWorld

# Set where LIBQI_PEER named a libqi when the tree was configured; otherwise a recorded libqi program takes its place.
LIBQI_PROGRAM = os.environ.get("BECKON_LIBQI_PROGRAM")


class Libqi(XmppWorld):
    def setUp(self):
        super().setUp()
        print("[   PEER   ]", f"libqi from LIBQI_PEER ({LIBQI_PROGRAM})" if LIBQI_PROGRAM else "recorded libqi program", flush=True)
        self.start_robot()
        self.env["QI_LOG_LEVEL"] = "2"
        if LIBQI_PROGRAM:
            self.service = "LibqiService"
            self.program = self.start("libqi", LIBQI_PROGRAM, "provide", self.url, binary=False)
            self.addCleanup(self.program.kill)  # it ends no other way
        else:
            self.service = "Vec"
            self.program = self.start("recorded", "recorded_service", self.url)
        self.program.await_line("ready")

    def test_a_service_of_a_libqi_program_is_called_over_xmpp(self):
        self.assertIn(f"{self.service}\n", self.assertDone(self.owner("services", "nao1")).out)
        members = self.assertDone(self.owner("--json", "info", f"nao1/{self.service}")).json()
        self.assertLessEqual({"add", "hello", "fail"}, {method["name"] for method in members["methods"]})
        self.assertIn({"name": "tick", "signature": "(is)"}, members["signals"])
        self.assertEqual(self.assertDone(self.owner("call", f"nao1/{self.service}.add", "2", "40")).out, "42\n")
        self.assertEqual(self.assertDone(self.owner("call", f"nao1/{self.service}.hello", '"world"')).out, '"hello world"\n')
        self.assertFails(self.owner("call", f"nao1/{self.service}.sing"), 3, "unknown-member")
        if LIBQI_PROGRAM:  # what was not recorded
            self.check_errors_signals_and_properties()
        self.program.kill()
        self.assertFails(self.owner("call", f"nao1/{self.service}.add", "2", "40"), 3, "unknown-service")

    def check_errors_signals_and_properties(self):
        self.assertFails(self.owner("call", f"nao1/{self.service}.fail"), 7, "call-failed", f"{self.service} answered: deliberate failure")
        watch = self.start_watch(f"{self.service}.tick", "--json")
        self.assertDone(self.owner("call", f"nao1/{self.service}.fire", "2"))
        for number in (0, 1):
            watch.await_line(f'{{"arguments":[{number},"tick"]')
        self.assertDone(self.owner("set", f"nao1/{self.service}.level", "17"))
        self.assertEqual(self.assertDone(self.owner("get", f"nao1/{self.service}.level")).out, "17\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
