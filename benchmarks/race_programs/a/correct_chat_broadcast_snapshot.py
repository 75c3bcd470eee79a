"""Chat room that delivers each message to its members one after the other while people join and leave.
SAFE BECAUSE: broadcast iterates over a tuple copied before the first await and looks each member up again before it
delivers; who joined meanwhile gets the missed messages from the history at the join.
"""
import sys

import anyio


class Member:
    def __init__(self, nick, delay):
        self.nick = nick
        self.delay = delay
        self.inbox = []
        self.gone = False

    async def deliver(self, text):
        await anyio.sleep(self.delay)
        if not self.gone:
            self.inbox.append(text)


class Room:
    def __init__(self):
        self.members = {}
        self.history = []
        self.wrong = []

    def join(self, member):
        self.members[member.nick] = member
        member.inbox.extend(self.history)

    def leave(self, nick):
        member = self.members.pop(nick, None)
        if member is not None:
            member.gone = True

    async def broadcast(self, text):
        self.history.append(text)
        for nick in tuple(self.members):
            member = self.members.get(nick)
            if member is None:
                continue
            if member.gone:
                self.wrong.append(nick)
            await member.deliver(text)


async def visitor(room, member, come, go):
    await anyio.sleep(come)
    room.join(member)
    if go is not None:
        await anyio.sleep(go)
        room.leave(member.nick)


def damage(room) -> bool:
    return bool(room.wrong) or any(m.inbox != ["hello"] for m in room.members.values())


async def main():
    room = Room()
    for nick in ("ann", "bob", "carol"):
        room.join(Member(nick, 0.01))
    async with anyio.create_task_group() as tg:
        tg.start_soon(room.broadcast, "hello")
        tg.start_soon(visitor, room, Member("dave", 0.01), 0.005, None)
        tg.start_soon(visitor, room, Member("eve", 0.01), 0.012, 0.01)
        await anyio.sleep(0.015)
        room.leave("carol")
    print({n: m.inbox for n, m in room.members.items()}, "damage", damage(room))
    return room


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
