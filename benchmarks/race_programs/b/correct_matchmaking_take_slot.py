"""Multiplayer lobby with a single waiting slot for quick matches.

SAFE BECAUSE: quick_match() empties the slot in the same step in which it takes the rival
(`rival, self.waiting = self.waiting, ...`, the next one moves up); if the ping test fails both players queue
again through the same one-step function, so nobody is matched twice or forgotten.
"""
import anyio


class Player:
    __slots__ = ("name", "rtt", "matches")

    def __init__(self, name, rtt):
        self.name = name
        self.rtt = rtt
        self.matches = []


class Lobby:
    def __init__(self):
        self.waiting = None
        self.bench = []
        self.games = []

    async def _ping(self, a, b):
        await anyio.sleep(max(a.rtt, b.rtt))
        return a.rtt + b.rtt < 0.15

    def _start(self, a, b):
        for p in (a, b):
            p.matches.append((a.name, b.name))
        self.games.append((a, b))

    def _queue(self, player):
        if self.waiting is None:
            self.waiting = player
        else:
            self.bench.append(player)

    async def quick_match(self, player):
        if self.waiting is None:
            self._queue(player)
            return
        rival, self.waiting = self.waiting, (self.bench.pop(0) if self.bench else None)
        if await self._ping(player, rival):
            self._start(rival, player)
        else:
            self._queue(rival)
            self._queue(player)


async def main():
    lobby = Lobby()
    players = [Player("ivy", 0.02), Player("max", 0.06), Player("zoe", 0.08), Player("kim", 0.09)]

    async def enter(player, delay):
        await anyio.sleep(delay)
        await lobby.quick_match(player)

    async with anyio.create_task_group() as tg:
        for n, player in enumerate(players):
            tg.start_soon(enter, player, n * 0.035)
    queued = [p.name for p in [lobby.waiting, *lobby.bench] if p]
    return {"matches": {p.name: len(p.matches) for p in players}, "queued": queued}


def damage(state):
    return any(n + state["queued"].count(p) != 1 for p, n in state["matches"].items())


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
