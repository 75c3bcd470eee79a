"""Websocket presence hub that announces messages to the members of a room.

RACE: iteration - `for member in self.rooms[room]` in announce() iterates the live list
across `await member.send()`; leave() shortens the list and the next member is skipped.
"""
import anyio


class Member:
    def __init__(self, name, latency):
        self.name = name
        self.latency = latency
        self.inbox = []

    async def send(self, text):
        await anyio.sleep(self.latency)
        self.inbox.append(text)

    def __repr__(self):
        return f"<{self.name}>"


class Hub:
    def __init__(self):
        self.rooms = {}
        self.sent = 0

    def join(self, room, member):
        self.rooms.setdefault(room, []).append(member)

    def leave(self, room, member):
        self.rooms[room].remove(member)
        if not self.rooms[room]:
            del self.rooms[room]

    async def announce(self, room, text):
        if room not in self.rooms:
            return
        for member in self.rooms[room]:
            await member.send(text)
            self.sent += 1


async def main():
    hub = Hub()
    latencies = {"ada": 0.03, "ben": 0.08, "cleo": 0.02, "dan": 0.02}
    members = [Member(*item) for item in latencies.items()]
    for m in members:
        hub.join("lobby", m)

    async def ada_leaves():
        # in the middle of the send to ben (30..110 ms)
        await anyio.sleep(0.07)
        hub.leave("lobby", members[0])

    async with anyio.create_task_group() as tg:
        tg.start_soon(hub.announce, "lobby", "server restarts at noon")
        tg.start_soon(ada_leaves)
    return {m.name: list(m.inbox) for m in members}


def damage(state):
    return any(not state[name] for name in ("ben", "cleo", "dan"))


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
