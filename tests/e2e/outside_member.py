#!/usr/bin/python3
"""A member of a fleet that knows slixmpp and docs/protocol, and nothing of Beckon's code. For fleet_trust_test.py.

    /usr/bin/python3 outside_member.py ACCOUNT PASSWORD_FILE HOST PORT CA_FILE OWNER

Reads and prints lines as outside_client.py does, with the verbs below; {"told"} is what the relay says by itself. Whoever asks
may see it. It logs in by SCRAM-SHA-256 alone.
"""

import sys
import xml.etree.ElementTree as ET

from outside_client import ROBOT, Outside, main, say
from outside_client import attributes as shown
from slixmpp.xmlstream import matcher
from slixmpp.xmlstream.handler import Callback

FLEET = "urn:beckon:fleet:0"
RELAY = "relay.robots.test"


class Member(Outside):
    def __init__(self, account, password, owner):
        super().__init__(account, password, owner)
        self.auto_authorize = self.auto_subscribe = True
        self["feature_mechanisms"].use_mech = "SCRAM-SHA-256"
        self.register_plugin("xep_0115")
        self.register_handler(Callback("told", matcher.MatchXPath(f"{{jabber:client}}message/{{{FLEET}}}changed"), self.told))

    def told(self, message):
        say(told="changed", sender=message["from"].full, type=message["type"])

    def changed(self, presence):
        """Nobody asks what others show."""

    async def fleet(self, type, name, attributes={}):
        """What the relay answers to a request of its protocol."""
        self.where = RELAY
        found = await self.ask(type, ET.Element(f"{{{FLEET}}}{name}", attributes))
        members = [] if found is None else [
            {**member.attrib, "statement": shown(member.find(f"{{{FLEET}}}statement"))} for member in found]
        return {"fleet": shown(found), "members": members}

    async def announce(self, robot, statement):
        """Its presence from now on; and it is alive."""
        self["xep_0030"].add_identity(category="device", itype="robot")
        self["xep_0030"].add_feature("urn:beckon:rpc:0")
        await self["xep_0115"].update_caps(broadcast=False)
        presence = self.make_presence()
        presence.append(ET.Element(f"{{{ROBOT}}}robot", robot))
        if statement is not None:
            presence.append(ET.Element(f"{{{FLEET}}}statement", statement))
        presence.send()
        heartbeat = self.make_message(RELAY, mtype="headline")
        heartbeat.append(ET.Element(f"{{{FLEET}}}alive"))
        heartbeat.send()
        await self.fleet("get", "fleet")  # both have arrived before this is answered


if __name__ == "__main__":
    main(Member, *sys.argv[1:])
