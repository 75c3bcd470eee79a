"""Chat room that broadcasts to its members' sockets.
CORRECT: snapshot before the iteration - broadcast walks a copy and skips members that left, discard is harmless twice
"""

import anyio


class SocketClosed(Exception):
    pass


class Socket:
    def __init__(self, nick: str) -> None:
        self.nick = nick
        self.inbox: list[str] = []
        self.closed = False

    async def send(self, text: str) -> None:
        await anyio.sleep(0.01)
        if self.closed:
            raise SocketClosed(self.nick)
        self.inbox.append(text)


class Room:
    def __init__(self) -> None:
        self.members: set[Socket] = set()

    def join(self, sock: Socket) -> None:
        self.members.add(sock)

    def part(self, sock: Socket) -> None:
        self.members.discard(sock)

    async def broadcast(self, text: str) -> None:
        for sock in list(self.members):
            if sock not in self.members:
                continue
            try:
                await sock.send(text)
            except SocketClosed:
                self.members.discard(sock)


async def leaver(room: Room, sock: Socket) -> None:
    await anyio.sleep(0.015)
    sock.closed = True
    room.part(sock)


async def joiner(room: Room, sock: Socket) -> None:
    await anyio.sleep(0.02)
    room.join(sock)


async def main():
    room = Room()
    socks = [Socket(f"user{i}") for i in range(5)]
    for sock in socks:
        room.join(sock)
    late = Socket("late")
    async with anyio.create_task_group() as tg:
        tg.start_soon(room.broadcast, "restart at noon")
        tg.start_soon(joiner, room, late)
        tg.start_soon(leaver, room, socks[4])
    return {
        "reached": sum(len(sock.inbox) for sock in socks[:4]),
        "members": sorted(sock.nick for sock in room.members),
    }


def damage(state) -> bool:
    return state["reached"] != 4 or state["members"] != ["late", "user0", "user1", "user2", "user3"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
