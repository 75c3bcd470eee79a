"""Chat room that broadcasts to its members' sockets.
RACE: iteration over a changing container - Room.broadcast iterates members, Room.join/part change the set
"""

import anyio


class Socket:
    def __init__(self, nick: str) -> None:
        self.nick = nick
        self.inbox: list[str] = []

    async def send(self, text: str) -> None:
        await anyio.sleep(0.03)
        self.inbox.append(text)


class Room:
    def __init__(self, name: str) -> None:
        self.name = name
        self.members: set[Socket] = set()

    def join(self, sock: Socket) -> None:
        self.members.add(sock)

    def part(self, sock: Socket) -> None:
        self.members.discard(sock)

    async def broadcast(self, text: str) -> int:
        sent = 0
        for sock in self.members:
            await sock.send(f"[{self.name}] {text}")
            sent += 1
        return sent


class Server:
    def __init__(self) -> None:
        self.room = Room("lobby")
        self.errors: list[str] = []

    async def announce(self, text: str) -> None:
        try:
            await self.room.broadcast(text)
        except RuntimeError as exc:
            self.errors.append(str(exc))

    async def late_join(self, sock: Socket, after: float) -> None:
        await anyio.sleep(after)
        self.room.join(sock)


async def main():
    server = Server()
    early = [Socket(f"user{i}") for i in range(5)]
    for sock in early:
        server.room.join(sock)
    async with anyio.create_task_group() as tg:
        tg.start_soon(server.announce, "restart at noon")
        tg.start_soon(server.late_join, Socket("latecomer"), 0.07)
    reached = sum(1 for sock in early if sock.inbox)
    return {"reached": reached, "expected": len(early), "errors": server.errors}


def damage(state) -> bool:
    return state["reached"] < state["expected"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
