#!/usr/bin/python3
"""A member of a fleet on slixmpp, with nothing of Beckon's code. For fleet_test.py.

    /usr/bin/python3 outside_member.py ACCOUNT PASSWORD_FILE HOST PORT CA_FILE OWNER

Reads and prints lines as outside_client.py does, with these verbs; whatever the relay tells by itself is {"changed"}.
It sees and is seen by the owner, and logs in by SCRAM-SHA-256 alone.
"""

import sys
import xml.etree.ElementTree as ET

from outside_client import ROBOT, Outside, attributes, main, say
from slixmpp.xmlstream import matcher
from slixmpp.xmlstream.handler import Callback

FLEET = "urn:beckon:fleet:0"


class Member(Outside):
    def __init__(self, account, password, owner):
        super().__init__(account, password, owner)
        self["feature_mechanisms"].use_mech = "SCRAM-SHA-256"
        self.add_event_handler("disconnected", lambda why: say(disconnected=str(why)))
        self.register_handler(Callback("changes", matcher.MatchXPath(f"{{jabber:client}}message/{{{FLEET}}}changed"), lambda _: say(changed=True)))

    def changed(self, presence):
        if presence["from"].bare == self.robot and presence["type"] == "subscribe":
            self.send_presence(pto=self.robot, ptype="subscribed")

    async def fleet(self, to, kind, name, **names):
        """A request of the fleet's protocol; gives what it is answered with, and the elements in it."""
        self.where = to
        found = await self.ask(kind, ET.Element(f"{{{FLEET}}}{name}", names))
        return found is not None and {**attributes(found), "inside": [
            {**child.attrib, "statement": attributes(child.find(f"{{{FLEET}}}statement"))} for child in found]}

    async def announce(self, robot, statement):
        """As a robot with that key, and that statement of an owner."""
        self.register_plugin("xep_0115")
        self["xep_0030"].add_identity(category="device", itype="robot")
        self["xep_0030"].add_feature("urn:beckon:rpc:0")
        await self["xep_0115"].update_caps(broadcast=False)
        presence = self.make_presence()
        presence.append(ET.Element(f"{{{ROBOT}}}robot", robot))
        if statement:
            presence.append(ET.Element(f"{{{FLEET}}}statement", statement))
        presence.send()
        await self.get_roster()  # it was taken before this is answered


if __name__ == "__main__":
    main(Member, *sys.argv[1:])
