"""Websocket presence hub that announces messages to the members of a room.

SAFE BECAUSE: announce() iterates over a tuple copy and, directly before each send (no await
in between), asks the live room again whether the member is still there; nobody is
skipped, and no send starts to a member who has left. Newcomers are given the last
announcement by join() itself.
"""
import anyio


class Member:
    def __init__(self, name, latency):
        self.name = name
        self.latency = latency
        self.inbox = []
        self.gone = False
        self.errors = 0

    async def send(self, text):
        if self.gone:
            self.errors += 1
        await anyio.sleep(self.latency)
        self.inbox.append(text)


class Hub:
    def __init__(self):
        self.rooms = {}
        self.last = {}

    async def join(self, room, member):
        self.rooms.setdefault(room, []).append(member)
        text = self.last.get(room)
        if text is not None:
            await member.send(text)

    def leave(self, room, member):
        member.gone = True
        self.rooms[room].remove(member)

    async def announce(self, room, text):
        self.last[room] = text
        for member in tuple(self.rooms.get(room, ())):
            if member not in self.rooms[room]:
                continue
            await member.send(text)


async def main():
    hub = Hub()
    ada, ben, cleo, dan = (Member(n, 0.06) for n in ("ada", "ben", "cleo", "dan"))
    for m in (ada, ben, cleo):
        await hub.join("lobby", m)

    async def movement():
        await anyio.sleep(0.09)
        hub.leave("lobby", ada)
        hub.leave("lobby", cleo)
        await hub.join("lobby", dan)

    async with anyio.create_task_group() as tg:
        tg.start_soon(hub.announce, "lobby", "hi")
        tg.start_soon(movement)
    return {m.name: (list(m.inbox), m.errors) for m in (ada, ben, cleo, dan)}


def damage(state):
    late = any(errors for _, errors in state.values())
    twice = any(len(inbox) > 1 for inbox, _ in state.values())
    return late or twice or not all(state[n][0] for n in ("ben", "dan"))


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
