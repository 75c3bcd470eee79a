"""Game lobby with a limited number of seats; the player's profile is loaded before the player sits down.
SAFE BECAUSE: join() puts a placeholder into the player dict in the same step as the capacity test and replaces it by the
profile later; if the profile cannot be loaded, the player's own placeholder is removed.
"""
import sys
from dataclasses import dataclass, field

import anyio


@dataclass(slots=True)
class Player:
    name: str
    rating: int = 0


class ProfileService:
    ratings = {"ann": 1500, "bob": 1420, "cid": 1610, "dan": 1300}

    async def load(self, name):
        await anyio.sleep(0.005)
        if name not in self.ratings:
            raise LookupError(name)
        return Player(name, self.ratings[name])


@dataclass
class Lobby:
    slots: int
    profiles: ProfileService
    players: dict = field(default_factory=dict)
    peak: int = 0

    @property
    def is_full(self):
        return len(self.players) >= self.slots

    def _reserve(self, name):
        if self.is_full or name in self.players:
            return False
        self.players[name] = None
        self.peak = max(self.peak, len(self.players))
        return True

    async def join(self, name):
        if not self._reserve(name):
            return False
        try:
            self.players[name] = await self.profiles.load(name)
        except LookupError:
            self.players.pop(name)
            return False
        return True

    def roster(self):
        return sorted(p.name for p in self.players.values() if p is not None)


class Gateway:
    def __init__(self, lobby):
        self.lobby = lobby
        self.answers = {}

    async def connect(self, name, start):
        await anyio.sleep(start)
        self.answers[name] = await self.lobby.join(name)


def damage(gateway) -> bool:
    lobby = gateway.lobby
    joined = sorted(n for n, ok in gateway.answers.items() if ok)
    return lobby.peak > lobby.slots or lobby.roster() != joined


async def main():
    gateway = Gateway(Lobby(2, ProfileService()))
    async with anyio.create_task_group() as tg:
        for i, name in enumerate(("ann", "bot", "bob", "cid", "dan")):
            tg.start_soon(gateway.connect, name, 0.002 * i)
    print(gateway.answers, gateway.lobby.roster(), gateway.lobby.peak, "damage", damage(gateway))
    return gateway


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
