#!/usr/bin/python3
"""A person's device that knows slixmpp and docs/protocol, and nothing of Beckon's code. For conform_test.py.

    /usr/bin/python3 outside_remote.py CODE NAME FOLDER

Enrols with the code. Reads and prints lines as outside_client.py does, with its verbs for the robot that `take` has named, and those
below; {"offline"} is the loss of its server, to which it comes back by itself.
"""

import asyncio
import hashlib
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import outside_enrolment as enrolment
from outside_client import ROBOT, Outside, read_commands, say
from outside_client import attributes as shown
from outside_member import FLEET
from outside_stay import Staying
from slixmpp.exceptions import IqError, IqTimeout

SILENT = 12000  # milliseconds: not taken for there
PATIENCE, RENEWAL, AGAIN = 5, 15, 5  # seconds: for an answer; between renewals of a subscription, wishes for presence
ED25519 = bytes.fromhex("302a300506032b6570032100")  # what stands before a public key in DER


class Remote(Staying, Outside):
    def __init__(self, told, folder):
        super().__init__(told["account"], told["secret"], None)
        self.folder = folder
        self.members, self.seen, self.wished = {}, {}, {}
        self.add_event_handler("disconnected", lambda _: self.seen.clear())

    # Online.

    async def begin(self, _):
        await self.get_roster()
        self.send_presence()
        try:
            await self.ask_relay()
        except (IqError, IqTimeout):
            pass  # what it knows of the fleet will do
        say(online=self.boundjid.full)

    async def ask_relay(self):
        iq = self.make_iq(id=self.new_id(), ito=self.told["relay"], itype="get")
        iq.append(ET.Element(f"{{{FLEET}}}fleet"))
        answer = (await iq.send(timeout=PATIENCE)).xml.find(f"{{{FLEET}}}fleet")
        self.members = {member.get("account"): dict(member.attrib) for member in answer if member.get("kind") == "robot"}
        for account in self.members:
            if account not in self.seen and time.monotonic() - self.wished.get(account, -AGAIN) >= AGAIN:
                self.wished[account] = time.monotonic()
                self.send_presence(pto=account, ptype="subscribe")

    # Whom it believes.

    def changed(self, presence):
        account, kind = presence["from"].bare, presence.xml.get("type", "available")
        if kind == "subscribe" and account in self.members:
            self.send_presence(pto=account, ptype="subscribed")
        robot = presence.xml.find(f"{{{ROBOT}}}robot")
        if kind == "available" and robot is not None:
            statement = shown(presence.xml.find(f"{{{FLEET}}}statement"))
            caps = shown(presence.xml.find("{http://jabber.org/protocol/caps}c"))
            self.seen[account] = (presence["from"].full, self.problem(account, robot.get("key"), statement), caps)
        elif kind == "unavailable":
            self.seen.pop(account, None)

    def problem(self, account, key, statement):
        """None: the fleet's owner has signed that this is it."""
        if statement is None:
            return "no statement"
        public = enrolment.bytes_of(statement["key"])
        if hashlib.sha256(public).hexdigest() != key:
            return "another key"
        if statement["kind"] != "robot" or int(statement["ends"]) <= time.time():
            return "not a robot, or no more"
        signed = f"beckon statement 0\n{account}\nrobot\n{statement['key']}\n{statement['ends']}\n"
        return None if self.is_signed(signed, enrolment.bytes_of(statement["signature"])) else "not signed by the owner"

    def is_signed(self, text, signature):
        owner, signed, seal = (self.folder / name for name in ("owner.der", "signed", "signature"))
        owner.write_bytes(ED25519 + enrolment.bytes_of(self.told["ownerKey"]))
        signed.write_text(text)
        seal.write_bytes(signature)
        verify = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", owner, "-in", signed, "-sigfile", seal]
        return subprocess.run(verify, capture_output=True).returncode == 0

    def state(self, account):
        if account not in self.seen:
            return "offline"
        _, problem, _ = self.seen[account]
        silence = self.members[account].get("silence")
        return problem or ("suspect" if silence is None or int(silence) > SILENT else "online")

    # The verbs.

    async def robots(self):
        await self.ask_relay()
        return {account: self.state(account) for account in self.members}

    async def take(self, robot):
        """It is asked from now on, if there is no problem with it."""
        address, problem, self.caps = self.seen.get(robot, (None, "offline", None))
        if problem is None:
            self.robot, self.where = robot, address
        return problem

    async def patiently(self, what, **command):
        """Asked again, with the same id, until the robot itself has answered."""
        while True:
            try:
                if self.is_connected() and await self.take(self.robot) is None:
                    return await asyncio.wait_for(getattr(self, what)(**command), PATIENCE)
            except (IqTimeout, asyncio.TimeoutError):
                pass
            except IqError as error:
                if error.iq.xml.find(".//{urn:beckon:error:0}problem") is not None:
                    raise
            await asyncio.sleep(0.2)

    async def keep_watching(self, service, member, id):
        """Until it ends."""
        asyncio.ensure_future(self.renew(service, member, id))

    async def renew(self, service, member, id):
        while True:
            told = await self.patiently("subscribe", service=service, member=member, id=id)
            say(watching=told)
            await asyncio.wait([self.disconnected], timeout=RENEWAL)


def main(code, name, folder):
    folder = pathlib.Path(folder)
    folder.mkdir()
    key, code = enrolment.Key(folder / "person.key"), enrolment.Code(code)
    told = enrolment.enrol(code, name, key)
    remote = Remote(told, folder)
    remote.stay(told, folder / "ca.pem")
    remote.loop.run_until_complete(read_commands(remote))


if __name__ == "__main__":
    main(*sys.argv[1:])
