#!/usr/bin/python3
"""A client that knows XEP-0050, XEP-0004 and chat, by slixmpp's own plugins, and nothing of Beckon. For any_client_test.py.

Called like outside_client.py. What somebody writes to it comes as {"chat", "sender"}.
"""

import sys

from outside_client import Outside, main, say


class Person(Outside):
    def __init__(self, account, password, robot):
        super().__init__(account, password, robot)
        for plugin in ("xep_0030", "xep_0004", "xep_0050", "xep_0122"):
            self.register_plugin(plugin)
        self.add_event_handler("message", self.heard)

    def heard(self, message):
        if message["body"]:
            say(chat=message["body"], sender=message["from"].full, type=message["type"])

    async def described_by(self, node=None, whom=None):
        found = await self["xep_0030"].get_info(whom or self.where, node=node)
        return sorted(found["disco_info"]["features"])

    async def commands(self, whom=None):
        found = await self["xep_0050"].get_commands(whom or self.where)
        return [list(item) for item in sorted(found["disco_items"]["items"])]

    async def step(self, node, action="execute", session=None, fields=None, whom=None):
        form = None
        if fields is not None:
            form = self["xep_0004"].make_form(ftype="submit")
            for name, value in fields.items():
                form.add_field(var=name, value=value)
        answer = await self["xep_0050"].send_command(whom or self.where, node, action=action, payload=form, sessionid=session)
        command = answer["command"]
        shown = command["form"]
        # The types tell what a value is; without them slixmpp gives texts.
        shown.xml.set("type", "form")
        return {"status": command["status"], "session": command["sessionid"], "notes": command["notes"], "actions": sorted(command["actions"]),
                "title": shown["title"], "fields": {name: self.described(field) for name, field in shown.get_fields().items()}}

    @staticmethod
    def described(field):
        return {"type": field["type"], "label": field["label"], "desc": field["desc"], "value": field["value"],
                "datatype": field["validate"]["datatype"],
                "options": [option["value"] for option in field["options"]]}

    async def write(self, text, kind="chat", whom=None):
        self.send_message(mto=whom or self.robot, mbody=text, mtype=kind)


if __name__ == "__main__":
    main(Person, *sys.argv[1:])
