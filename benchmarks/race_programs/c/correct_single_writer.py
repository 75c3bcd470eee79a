"""Game server: players' moves go to one simulation task that owns the world.
CORRECT: single writer - only World.run reads and writes the score over its awaits, the others send messages
"""

from dataclasses import dataclass

import anyio


@dataclass(frozen=True)
class Move:
    player: str
    points: int


class World:
    def __init__(self) -> None:
        self.scores: dict[str, int] = {}
        self.ticks = 0

    def score(self, player: str) -> int:
        return self.scores.get(player, 0)

    async def physics(self) -> None:
        await anyio.sleep(0.005)

    async def run(self, inbox) -> None:
        async with inbox:
            async for move in inbox:
                before = self.score(move.player)
                await self.physics()
                self.scores[move.player] = before + move.points
                self.ticks += 1


class Client:
    def __init__(self, name: str, outbox) -> None:
        self.name = name
        self.outbox = outbox

    async def play(self, target: str, moves: list[int]) -> None:
        async with self.outbox:
            for points in moves:
                await self.outbox.send(Move(target, points))
                await anyio.sleep(0.002)


async def main():
    world = World()
    send, receive = anyio.create_memory_object_stream[Move](2)
    async with anyio.create_task_group() as tg:
        tg.start_soon(world.run, receive)
        for name in ("ann", "bob", "cyd"):
            tg.start_soon(Client(name, send.clone()).play, "red team", [1, 2, 3])
        send.close()
    return {"scores": world.scores, "ticks": world.ticks}


def damage(state) -> bool:
    return state["scores"] != {"red team": 18} or state["ticks"] != 9


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
