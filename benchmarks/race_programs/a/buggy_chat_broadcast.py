"""Chat room that delivers each message to its members one after the other.
RACE: iteration over a container changed meanwhile - Room.broadcast iterates over the live dict `self.members`
(# READ), awaits each delivery, a join changes the dict, and the next iteration step (# ACT) raises RuntimeError, so the
remaining members never receive the message.
"""
import sys

import anyio


class Member:
    def __init__(self, nick, delay):
        self.nick = nick
        self.delay = delay
        self.inbox = []

    async def deliver(self, text):
        await anyio.sleep(self.delay)
        self.inbox.append(text)


class Room:
    def __init__(self, name):
        self.name = name
        self.members = {}
        self.errors = []

    def join(self, member):
        self.members[member.nick] = member

    def leave(self, nick):
        self.members.pop(nick, None)

    async def broadcast(self, sender, text):
        delivered = 0
        try:
            for nick, member in self.members.items():  # READ  # ACT
                if nick == sender:
                    continue
                await member.deliver(f"{sender}: {text}")
                delivered += 1
        except RuntimeError as exc:
            self.errors.append(str(exc))
        return delivered


async def late_joiner(room, member, after):
    await anyio.sleep(after)
    room.join(member)


def damage(room) -> bool:
    return any(not m.inbox for n, m in room.members.items() if n in ("bob", "carol"))


async def main():
    room = Room("python")
    for nick in ("ann", "bob", "carol"):
        room.join(Member(nick, 0.08))
    async with anyio.create_task_group() as tg:
        tg.start_soon(room.broadcast, "ann", "hello")
        tg.start_soon(late_joiner, room, Member("dave", 0.04), 0.04)
    print({n: m.inbox for n, m in room.members.items()}, room.errors, "damage", damage(room))
    return room


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
