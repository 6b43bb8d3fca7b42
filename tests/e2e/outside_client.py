#!/usr/bin/python3
"""A client of robots that knows slixmpp and docs/protocol, and nothing of Beckon's code. For outside_test.py.

    /usr/bin/python3 outside_client.py ACCOUNT PASSWORD_FILE HOST PORT CA_FILE ROBOT

Reads {"n": NUMBER, "verb": NAME, ...} from standard input, one a line: each is a method below. Prints JSON lines: the
answers {"n", "result"} or {"n", "error"}, and what comes by itself: {"presence"}, {"event"}.
"""

import asyncio
import base64
import hashlib
import json
import pathlib
import socket
import sys
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import matcher
from slixmpp.xmlstream.handler import Callback

RPC = "urn:beckon:rpc:0"
CLIENT = "jabber:client"
ROBOT = "urn:beckon:robot:0"
ERROR = "urn:beckon:error:0"
CAPS = "http://jabber.org/protocol/caps"
INFO = "http://jabber.org/protocol/disco#info"
DATA = "jabber:x:data"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


def say(**line):
    print(json.dumps(line), flush=True)


def attributes(element):
    return None if element is None else dict(element.attrib)


def verification_string(query):
    """XEP-0115, section 5.1, from the answer to disco#info."""
    xml_lang = "{http://www.w3.org/XML/1998/namespace}lang"
    identities = sorted("/".join((i.get("category", ""), i.get("type", ""), i.get(xml_lang, ""), i.get("name", "")))
                        for i in query.findall(f"{{{INFO}}}identity"))
    features = sorted(f.get("var") for f in query.findall(f"{{{INFO}}}feature"))
    forms = []
    for form in query.findall(f"{{{DATA}}}x"):
        fields = {f.get("var"): sorted(v.text or "" for v in f.findall(f"{{{DATA}}}value")) for f in form.findall(f"{{{DATA}}}field")}
        forms.append(fields.pop("FORM_TYPE") + [text for name in sorted(fields) for text in [name, *fields[name]]])
    parts = identities + features + [text for form in sorted(forms) for text in form]
    return base64.b64encode(hashlib.sha1("".join(part + "<" for part in parts).encode()).digest()).decode()


class Outside(slixmpp.ClientXMPP):
    def __init__(self, account, password, robot):
        super().__init__(account, password)
        self.robot = robot      # its account
        self.where = None     # where it is
        self.caps = None
        self.auto_authorize = self.auto_subscribe = False
        self.add_event_handler("session_start", self.begin)
        self.add_event_handler("failed_auth", lambda _: say(failed="authentication"))
        self.register_handler(Callback("events", matcher.MatchXPath(f"{{jabber:client}}message/{{{RPC}}}event"), self.happened))
        self.register_handler(Callback("presences", matcher.MatchXPath("{jabber:client}presence"), self.changed))

    async def begin(self, _):
        await self.get_roster()
        self.send_presence()
        self.send_presence(pto=self.robot, ptype="subscribe")
        say(online=self.boundjid.full)

    def changed(self, presence):
        if presence["from"].bare != self.robot:
            return
        kind = presence.xml.get("type", "available")
        if kind == "subscribe":
            self.send_presence(pto=self.robot, ptype="subscribed")
        elif kind in ("available", "unavailable"):
            address = presence["from"].full if kind == "available" else None
            robot, caps = presence.xml.find(f"{{{ROBOT}}}robot"), presence.xml.find(f"{{{CAPS}}}c")
            if robot is not None:
                say(condition={"show": presence.xml.findtext(f"{{{CLIENT}}}show"), "status": presence.xml.findtext(f"{{{CLIENT}}}status"),
                               **attributes(robot)}, whole="".join(ET.tostring(child, encoding="unicode") for child in presence.xml))
            if address == self.where:  # servers repeat themselves
                return
            self.where, self.caps = address, attributes(caps)
            identity = None if robot is None else {name: robot.get(name) for name in ("id", "key")}
            say(presence=kind, address=presence["from"].full, robot=identity, caps=self.caps)

    def happened(self, message):
        event = message.xml.find(f"{{{RPC}}}event")
        hinted = message.xml.find("{urn:xmpp:hints}no-store") is not None
        say(event=attributes(event), sender=message["from"].full, type=message["type"], hinted=hinted,
            arguments=json.loads(event.text) if event.text else None)

    async def ask(self, kind, payload):
        iq = self.make_iq(id=self.new_id(), ito=self.where, itype=kind)
        iq.append(payload)
        answer = await iq.send(timeout=70)
        return next(iter(answer.xml), None)

    async def request(self, kind, tag, text=None, /, **names):
        payload = ET.Element(f"{{{RPC}}}{tag}", {key: str(value) for key, value in names.items()})
        payload.text = text
        return await self.ask(kind, payload)

    # The verbs.

    async def verify(self):
        query = await self.ask("get", ET.Element(f"{{{INFO}}}query", {"node": f"{self.caps['node']}#{self.caps['ver']}"}))
        return {"announced": self.caps["ver"], "computed": verification_string(query), "hash": self.caps["hash"],
                "identities": [attributes(i) for i in query.findall(f"{{{INFO}}}identity")],
                "features": [f.get("var") for f in query.findall(f"{{{INFO}}}feature")]}

    async def services(self):
        return [service.get("name") for service in await self.request("get", "services")]

    async def info(self, service):
        return [{"kind": member.tag.split("}")[1], **member.attrib} for member in await self.request("get", "info", service=service)]

    async def get(self, service, name):
        found = await self.request("get", "property", service=service, name=name)
        return {"signature": found.get("signature"), "value": json.loads(found.text)}

    async def set(self, service, name, value, **once):
        await self.request("set", "property", json.dumps(value), service=service, name=name, **once)

    async def call(self, service, method, arguments, **once):
        found = await self.request("set", "call", json.dumps(arguments), service=service, method=method, **once)
        return {"signature": found.get("signature"), "value": json.loads(found.text)}

    async def post(self, service, method, arguments, **once):
        await self.request("set", "post", json.dumps(arguments), service=service, method=method, **once)

    async def clock(self):
        return (await self.request("get", "clock")).get("now")

    async def subscribe(self, service, member, id):
        return attributes(await self.request("set", "subscribe", service=service, member=member, id=id))

    async def unsubscribe(self, id):
        await self.request("set", "unsubscribe", id=id)

    async def carry_out(self, command):
        number, verb = command.pop("n"), command.pop("verb")
        try:
            say(n=number, result=await getattr(self, verb)(**command))
        except IqError as refused:
            error = refused.iq.xml.find("{jabber:client}error")
            problem = error.find(f"{{{ERROR}}}problem")
            text = error.findtext(f"{{{STANZAS}}}text")
            condition = next(child.tag.split("}")[1] for child in error if child.tag.startswith(f"{{{STANZAS}}}"))
            say(n=number, error={"type": error.get("type"), "condition": condition, "text": text, "problem": attributes(problem)})


async def read_commands(client):
    reader = asyncio.StreamReader(limit=1 << 22)
    await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        asyncio.ensure_future(client.carry_out(json.loads(line)))
    await client.disconnect()


def main(kind, account, password_file, host, port, ca_file, robot):
    client = kind(account, pathlib.Path(password_file).read_text().strip(), robot)
    client.ca_certs = ca_file
    # By its number: slixmpp would want a certificate for this name instead of the account's.
    client.connect((socket.gethostbyname(host), int(port)), force_starttls=True)
    client.loop.run_until_complete(read_commands(client))


if __name__ == "__main__":
    main(Outside, *sys.argv[1:])
