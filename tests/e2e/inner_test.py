"""A robot of two computers: beckond on the one that has the network, services on the one inside."""

import unittest

from computers import Computer
from world import ROOT, XmppWorld


class Inner(XmppWorld):
    """The owner and his server are outside, with a cable to the head; the body has one to the head only."""

    outside, face = "10.78.0.1", "10.78.0.2"
    head, body = "10.77.0.1", "10.77.0.2"

    def start_server(self):
        self.place, self.upper, self.lower = (Computer(self, name, f"{name}-machine") for name in ("outside", "head", "body"))
        self.place.cable(self.upper, self.outside, self.face, "wlan0")
        self.upper.cable(self.lower, self.head, self.body)
        self.inside = self.place.command
        self.prosody = self.start("prosody", ROOT / "scripts" / "private-prosody", self.folder, "robots.test", self.port, self.outside, binary=False)
        self.await_prosody()

    def account(self, name, **changes):
        return super().account(name, host=self.outside, **changes)

    def test_a_service_on_the_inner_computer_is_used_over_xmpp_like_any_other(self):
        config = (self.folder / "robot.toml").read_text()
        self.write("robot.toml", config.replace("tcp://127.0.0.1:0", f"tcp://{self.head}:9559"))
        self.inside = self.upper.command
        self.start_robot()
        self.inside = self.lower.command
        sim = self.start_sim("sim", "--name", "rosie", "--listen", f"tcp://{self.body}:9600")
        self.inside = self.upper.command
        self.assertEqual(self.assertDone(self.on_bus("--json", "info", "ALMemory")).json()["path"], f"tcp://{self.body}:9600 (network)")
        self.inside = self.place.command
        self.assertIn("ALMotion\n", self.assertDone(self.owner("services", "nao1")).out)
        named = self.owner("call", "nao1/ALMemory.getData", '"Device/DeviceList/ChestBoard/BodyNickName"')
        self.assertEqual(self.assertDone(named).out, '"rosie"\n')
        watch = self.start_watch("ALTextToSpeech.volume")
        self.assertDone(self.owner("set", "nao1/ALTextToSpeech.volume", "0.25"))
        watch.await_line("volume [0.25]")
        self.assertEqual(self.assertDone(self.owner("get", "nao1/ALTextToSpeech.volume")).out, "0.25\n")
        self.assertFails(self.stranger("call", "nao1/ALMotion.moveIsActive"), 3, "unknown-robot")
        # The inner computer goes, and comes back.
        sim.kill()
        watch.await_line("ALTextToSpeech is gone")
        self.assertFails(self.owner("call", "nao1/ALMotion.moveIsActive"), 3, "unknown-service")
        self.inside = self.lower.command
        self.start_sim("sim2", "--name", "rosie", "--listen", f"tcp://{self.body}:9600")
        self.inside = self.place.command
        watch.await_line("watching ALTextToSpeech.volume again")
        self.assertEqual(self.assertDone(self.owner("call", "nao1/ALMotion.moveIsActive")).out, "false\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
