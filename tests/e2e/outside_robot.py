#!/usr/bin/python3
"""A robot that knows slixmpp and docs/protocol, and nothing of Beckon's code. For conform_test.py.

    /usr/bin/python3 outside_robot.py CODE NAME FOLDER [ACCOUNT...]

Enrols with the code and serves its owner and those accounts. What it keeps is in the folder. It has one service, Lamp, which
counts: methods add, property level, signal added. Prints JSON lines: {"online"}, {"offline"}, {"signed"} once the owner has signed
its key, {"asked"} whether it is there, and {"done"} for each request that it has carried out.
"""

import asyncio
import json
import pathlib
import sys
import time
import uuid
import xml.etree.ElementTree as ET

import outside_enrolment as enrolment
import slixmpp
from outside_client import CLIENT, ERROR, ROBOT, RPC, STANZAS, say
from outside_member import FLEET
from outside_stay import Staying
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.xmlstream import matcher
from slixmpp.xmlstream.handler import Callback, CoroutineCallback

HINTS = "urn:xmpp:hints"
HEARTBEAT, REMEMBERED, LAPSE, UNANSWERED = 5, 120, 45, 2  # seconds
CHANGING = ("call", "post", "subscribe", "unsubscribe")
RENEWABLE = ("subscribe", "unsubscribe")  # as often as one likes


class Problem(Exception):
    """An answer that is an error: type, condition, stable code, cause and next step."""


def bad_arguments(cause):
    return Problem("modify", "bad-request", "bad-arguments", cause, "look at what info says of it")


def unknown(kind, name):
    return Problem("cancel", "item-not-found", f"unknown-{kind}", f"there is no {kind} {name}", "ask what there is")


class Lamp:
    """What the robot can do. A method: uid, parameters, result, body."""

    name = "Lamp"

    def __init__(self, emit):
        self.emit, self.count, self.values = emit, 0, {"level": 0.5}
        self.methods = {"add": [(100, "(i)", "i", self.add), (101, "(id)", "i", self.add_slowly)]}
        self.signals = {"added": (102, "(i)")}
        self.properties = {"level": (103, "f")}

    def describe(self, out):
        for name, overloads in self.methods.items():
            for uid, parameters, result, _ in overloads:
                ET.SubElement(out, f"{{{RPC}}}method", uid=str(uid), name=name, parameters=parameters, returns=result)
        for name, (uid, signature) in self.signals.items():
            ET.SubElement(out, f"{{{RPC}}}signal", uid=str(uid), name=name, signature=signature)
        for name, (uid, signature) in self.properties.items():
            ET.SubElement(out, f"{{{RPC}}}property", uid=str(uid), name=name, signature=signature)

    @staticmethod
    def fits(value, type):
        wanted = {"i": (int,), "d": (int, float), "f": (int, float)}[type]
        return isinstance(value, wanted) and not isinstance(value, bool)

    def method(self, wanted, arguments):
        """The body and the result's type of the first overload that fits."""
        name, _, parameters = wanted.partition("::")
        overloads = [overload for overload in self.methods.get(name, ()) if parameters in ("", overload[1])]
        if not overloads:
            raise unknown("member", f"{self.name}.{wanted}")
        for _, signature, result, body in overloads:
            if len(arguments) == len(signature) - 2 and all(map(self.fits, arguments, signature[1:-1])):
                return body, result
        raise bad_arguments(f"no {wanted} takes {json.dumps(arguments)}")

    async def add(self, number):
        self.count += number
        say(done="add", count=self.count)
        self.emit("added", "(i)", [self.count])
        return self.count

    async def add_slowly(self, number, seconds):
        await asyncio.sleep(seconds)
        return await self.add(number)

    def property(self, name):
        if name not in self.properties:
            raise unknown("member", f"{self.name}.{name}")
        return self.properties[name][1]

    def set(self, name, value):
        if not self.fits(value, self.property(name)):
            raise bad_arguments(f"{name} is no {json.dumps(value)}")
        self.values[name] = float(value)
        self.emit(name, f"({self.properties[name][1]})", [self.values[name]])


class Watch:
    """A subscription."""

    def __init__(self, member):
        self.member, self.seq = member, 0

    def renew(self, to):
        self.to, self.renewed = to, time.monotonic()


class Robot(Staying, slixmpp.ClientXMPP):
    def __init__(self, told, key, id, principals):
        super().__init__(f"{told['account']}/lamp", told["secret"])
        self.key, self.id = key, id
        self.listed = {told["ownerAccount"], *principals}
        self.auto_authorize = self.auto_subscribe = None  # by what is listed
        self.run, self.start = str(uuid.uuid4()), uuid.uuid4().hex[:6]
        self.statement, self.login, self.is_asked = None, "", False
        self.kept = {}      # by account and the caller's id: (answer, when it was there or None)
        self.watches = {}    # by account and id
        self.lamp = Lamp(self.emit)
        for plugin in ("xep_0030", "xep_0115"):
            self.register_plugin(plugin)
        self["xep_0030"].add_identity(category="device", itype="robot")
        self["xep_0030"].add_feature(RPC)
        self.add_filter("in", self.known)
        for tag in ("services", "info", "property", "clock", "call", "post", "subscribe", "unsubscribe"):
            self.register_handler(CoroutineCallback(tag, matcher.MatchXPath(f"{{{CLIENT}}}iq/{{{RPC}}}{tag}"), self.asked))
        self.register_handler(CoroutineCallback("told", matcher.MatchXPath(f"{{{CLIENT}}}message/{{{FLEET}}}changed"), self.changed))
        self.register_handler(Callback("alive", matcher.MatchXPath(f"{{{CLIENT}}}iq/{{{FLEET}}}alive"), self.is_alive))
        self.register_handler(Callback("wishes", matcher.MatchXPath(f"{{{CLIENT}}}presence"), self.wished))
        self.add_event_handler("session_start", self.begin)

    # Online.

    async def begin(self, _):
        self.login = uuid.uuid4().hex[:8]
        roster = (await self.get_roster())["roster"]["items"]
        await self["xep_0115"].update_caps(broadcast=False)  # every presence has them from now on
        self.present()
        for account in self.listed:
            if account not in roster or roster[account]["subscription"] not in ("to", "both"):
                self.send_presence(pto=account, ptype="subscribe")
        await self.changed()
        say(online=self.boundjid.full)

    def present(self):
        presence = self.make_presence()
        presence.append(ET.Element(f"{{{ROBOT}}}robot", {"id": self.id, "key": self.key.fingerprint, "login": self.login}))
        if self.statement is not None:
            presence.append(ET.Element(f"{{{FLEET}}}statement", self.statement))
        presence.send()

    async def changed(self, _=None):
        """What the relay tells of this robot; what the owner has signed is shown."""
        iq = self.make_iq(id=self.new_id(), ito=self.told["relay"], itype="get")
        iq.append(ET.Element(f"{{{FLEET}}}fleet", {"run": self.run}))
        try:
            fleet = (await iq.send(timeout=UNANSWERED)).xml.find(f"{{{FLEET}}}fleet")
        except IqTimeout:
            return await self.changed()
        except IqError:
            return  # it will say so when something has changed
        self.is_asked = fleet.get("asks") == "true"
        for member in fleet:
            statement = member.find(f"{{{FLEET}}}statement")
            if member.get("account") == self.boundjid.bare and statement is not None and statement.attrib != self.statement:
                self.statement = dict(statement.attrib)
                self.present()
                say(signed=self.boundjid.bare)

    def is_alive(self, iq):
        if iq["type"] == "get" and iq["from"].full == self.told["relay"]:
            self.make_iq_result(id=iq["id"], ito=iq["from"]).send()
            say(asked=self.boundjid.full)

    async def beat(self):
        """A relay that does not ask has to be told."""
        while True:
            if self.is_connected() and self.login and not self.is_asked:
                heartbeat = self.make_message(self.told["relay"], mtype="headline")
                heartbeat.append(ET.Element(f"{{{FLEET}}}alive"))
                heartbeat.send()
            self.forget()
            await asyncio.sleep(HEARTBEAT)

    def forget(self):
        now = time.monotonic()
        self.kept = {name: (answer, there) for name, (answer, there) in self.kept.items() if there is None or now - there < REMEMBERED}
        self.watches = {name: watch for name, watch in self.watches.items() if now - watch.renewed < LAPSE}

    # Who sees it.

    def wished(self, presence):
        account = presence["from"].bare
        if account in self.listed and presence["type"] == "subscribe":
            self.send_presence(pto=account, ptype="subscribed")
            self.send_presence(pto=account, ptype="subscribe")

    def known(self, stanza):
        """Nobody answers whom it does not list."""
        answered = (*self.listed, self.told["relay"], self.boundjid.bare, "")
        if isinstance(stanza, slixmpp.Iq) and stanza["type"] in ("get", "set") and stanza["from"].bare not in answered:
            self.refuse(stanza, Problem("cancel", "service-unavailable", None, None, None))
            return None
        return stanza

    # What it is asked.

    def refuse(self, iq, problem):
        type, condition, code, cause, next_step = problem.args
        answer = self.make_iq(id=iq["id"], ito=iq["from"], itype="error")
        error = ET.SubElement(answer.xml, f"{{{CLIENT}}}error", type=type)
        ET.SubElement(error, f"{{{STANZAS}}}{condition}")
        if code:
            ET.SubElement(error, f"{{{STANZAS}}}text").text = cause
            ET.SubElement(error, f"{{{ERROR}}}problem", {"code": code, "next-step": next_step})
        answer.send()

    async def asked(self, iq):
        payload = next(iter(iq.xml))
        tag = payload.tag.split("}")[1]
        changes = iq["type"] == "set"
        try:
            if tag != "property" and changes != (tag in CHANGING):
                raise Problem("modify", "bad-request", "protocol-error", f"{tag} is not asked that way", "read docs/protocol/rpc.md")
            carry_out = self.once if changes and tag not in RENEWABLE else self.carry_out
            whole = await carry_out(iq, tag, payload, changes)
        except Problem as problem:
            return self.refuse(iq, problem)
        answer = self.make_iq(id=iq["id"], ito=iq["from"], itype="result")
        answer.append(whole)
        answer.send()

    async def once(self, iq, tag, payload, changes):
        """Never twice, never late."""
        account, id = iq["from"].bare, payload.get("id")
        for answered in payload.get("answered", "").split():
            self.kept.pop((account, answered), None)
        if id and (account, id) in self.kept:
            return await asyncio.shield(self.kept[account, id][0])
        self.in_time(payload.get("expires"))
        answer = asyncio.ensure_future(self.carry_out(iq, tag, payload, changes))
        if id:
            self.kept[account, id] = (answer, None)
            answer.add_done_callback(lambda _: self.kept.update({(account, id): (answer, time.monotonic())}))
        return await asyncio.shield(answer)

    def now(self):
        return int(time.monotonic() * 1000)

    def in_time(self, expires):
        if expires is None:
            return
        start, _, end = expires.rpartition("-")
        if not end.isdecimal() or (start == self.start and int(end) > self.now() + 60000):
            raise bad_arguments(f"expires is {expires}")
        if start != self.start or int(end) < self.now():
            raise Problem("wait", "remote-server-timeout", "too-late", "the request came too late", "ask again if it is still wanted")

    async def carry_out(self, iq, tag, payload, changes):
        out = ET.Element(f"{{{RPC}}}{tag}")
        if tag == "clock":
            out.set("now", f"{self.start}-{self.now()}")
        elif tag == "services":
            ET.SubElement(out, f"{{{RPC}}}service", name=self.lamp.name)
        elif tag == "unsubscribe":
            self.watches.pop((iq["from"].bare, payload.get("id")), None)
        else:
            if payload.get("service") != self.lamp.name:
                raise unknown("service", payload.get("service"))
            await getattr(self, f"on_{tag}")(iq, payload, changes, out)
        return out

    def value(self, payload, otherwise):
        try:
            return json.loads(payload.text or otherwise)
        except ValueError as error:
            raise Problem("modify", "bad-request", "malformed-json", str(error), "write it as JSON") from None

    async def on_info(self, _, payload, __, out):
        out.set("service", self.lamp.name)
        self.lamp.describe(out)

    async def on_property(self, _, payload, changes, out):
        name = payload.get("name")
        if changes:
            self.lamp.set(name, self.value(payload, "null"))
        else:
            out.set("signature", self.lamp.property(name))
            out.text = json.dumps(self.lamp.values[name])

    def prepared(self, payload):
        arguments = self.value(payload, "[]")
        if not isinstance(arguments, list):
            raise bad_arguments("the arguments are no array")
        return *self.lamp.method(payload.get("method"), arguments), arguments

    async def on_call(self, _, payload, __, out):
        body, signature, arguments = self.prepared(payload)
        try:
            result = await asyncio.wait_for(body(*arguments), min(int(payload.get("time", 10000)), 60000) / 1000)
        except asyncio.TimeoutError:
            raise Problem("wait", "remote-server-timeout", "timed-out", "the lamp takes longer", "give it more time") from None
        out.set("signature", signature)
        out.text = json.dumps(result)

    async def on_post(self, _, payload, __, ___):
        body, _, arguments = self.prepared(payload)
        asyncio.ensure_future(body(*arguments))

    async def on_subscribe(self, iq, payload, _, out):
        member, name = payload.get("member"), (iq["from"].bare, payload.get("id"))
        if member not in self.lamp.signals and member not in self.lamp.properties:
            raise unknown("member", f"{self.lamp.name}.{member}")
        if name not in self.watches:
            self.watches[name] = Watch(member)
            out.set("new", "true")
        self.watches[name].renew(iq["from"])
        out.set("id", name[1])
        out.set("seq", str(self.watches[name].seq))

    def emit(self, member, signature, arguments):
        for (_, id), watch in self.watches.items():
            if watch.member == member:
                watch.seq += 1
                message = self.make_message(watch.to, mtype="headline")
                event = ET.SubElement(message.xml, f"{{{RPC}}}event", {"id": id, "seq": str(watch.seq), "signature": signature})
                event.text = json.dumps(arguments)
                ET.SubElement(message.xml, f"{{{HINTS}}}no-store")
                message.send()


def main(code, name, folder, *principals):
    folder = pathlib.Path(folder)
    folder.mkdir()
    key, code = enrolment.Key(folder / "robot.key"), enrolment.Code(code)
    told = enrolment.enrol(code, name, key)
    robot = Robot(told, key, str(uuid.uuid4()), principals)
    robot.stay(told, folder / "ca.pem")
    asyncio.ensure_future(robot.beat(), loop=robot.loop)
    robot.loop.run_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
