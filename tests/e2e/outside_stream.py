#!/usr/bin/python3
"""A member of a fleet that has bytestreams by slixmpp's own xep_0065 and docs/protocol/bytestreams.md. For bytestreams_test.py.

    /usr/bin/python3 outside_stream.py ACCOUNT PASSWORD_FILE HOST PORT CA_FILE OWNER

As outside_member.py, with the verbs below. Accepts whatever stream it is offered; {"data"} is what came, {"closed"} that one
ended.
"""

import sys
import uuid
import xml.etree.ElementTree as ET

from outside_client import main, say
from outside_member import RELAY, Member

STREAMS, TICKET, TURN = "http://jabber.org/protocol/bytestreams", "urn:beckon:bytestreams:0", "urn:xmpp:extdisco:2"


class Stream(Member):
    def __init__(self, account, password, owner):
        super().__init__(account, password, owner)
        self.register_plugin("xep_0065", {"auto_accept": True})
        self.streams, self.relay = [], RELAY
        self.add_event_handler("socks5_stream", self.streams.append)
        self.add_event_handler("socks5_data", lambda data: say(data=data.decode()))
        self.add_event_handler("socks5_closed", lambda why: say(closed=str(why)))

    async def proxies(self, only=RELAY):
        """What it finds; of them it offers that one from now on."""
        plugin = self["xep_0065"]
        found = {str(jid): address for jid, address in (await plugin.discover_proxies()).items()}
        plugin._proxies = {only: found[only]}
        self.relay = only
        return found

    async def ticket(self, to, sid):
        self.where = self.relay
        query = ET.Element(f"{{{STREAMS}}}query", {"sid": sid})
        ET.SubElement(query, f"{{{TICKET}}}ticket", {"target": to})
        answer = await self.ask("get", query)
        return answer.find(f"{{{TICKET}}}ticket").attrib

    async def open(self, to):
        sid = uuid.uuid4().hex
        given = await self.ticket(to, sid)
        self.streams.append(await self["xep_0065"].handshake(to, sid=sid))
        return given

    async def write(self, text, times=1):
        await self.streams[-1].write(text.encode() * times)

    async def turn(self):
        self.where = RELAY
        return [service.attrib for service in await self.ask("get", ET.Element(f"{{{TURN}}}services"))]


if __name__ == "__main__":
    main(Stream, *sys.argv[1:])
