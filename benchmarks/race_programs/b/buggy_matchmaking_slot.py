"""Multiplayer lobby with a single waiting slot for quick matches.

RACE: check-then-act - `if self.waiting is not None: rival = self.waiting` in quick_match()
reads the slot, the ping test is awaited, then `self.waiting = None`; two newcomers are
matched with the same waiting player.
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
        self.games = []

    async def _ping(self, a, b):
        await anyio.sleep(max(a.rtt, b.rtt))
        return a.rtt + b.rtt < 0.5

    def _start(self, a, b):
        game = (a.name, b.name)
        a.matches.append(game)
        b.matches.append(game)
        self.games.append(game)

    async def quick_match(self, player):
        if self.waiting is not None:
            rival = self.waiting
            if await self._ping(player, rival):
                self.waiting = None
                self._start(rival, player)
                return "playing"
            return "no match"
        self.waiting = player
        return "waiting"


async def enter(lobby, player, delay):
    await anyio.sleep(delay)
    await lobby.quick_match(player)


async def main():
    lobby = Lobby()
    players = [Player("ivy", 0.02), Player("max", 0.08), Player("zoe", 0.08)]
    async with anyio.create_task_group() as tg:
        for n, player in enumerate(players):
            tg.start_soon(enter, lobby, player, n * 0.035)
    return {p.name: p.matches for p in players}


def damage(state):
    return len(state["ivy"]) > 1


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
