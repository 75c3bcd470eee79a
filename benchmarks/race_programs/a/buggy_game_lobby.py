"""Game lobby with a limited number of seats; the player's profile is loaded before the player sits down.
RACE: check-then-act - Lobby.join tests `self.is_full` (# READ), awaits the profile, then appends the player (# ACT);
more players than slots join and the match starts overfull.
"""
import sys
from dataclasses import dataclass, field

import anyio


@dataclass(slots=True)
class Player:
    name: str
    rating: int = 0


class ProfileService:
    ratings = {"ann": 1500, "bob": 1420, "cid": 1610}

    async def load(self, name):
        await anyio.sleep(0.02 + self.ratings[name] / 50_000)
        return Player(name, self.ratings[name])


@dataclass
class Lobby:
    slots: int
    profiles: ProfileService
    players: list = field(default_factory=list)
    started: bool = False

    @property
    def is_full(self):
        return len(self.players) >= self.slots

    def _seat(self, player):
        self.players.append(player)  # ACT
        if self.is_full:
            self.started = True

    async def join(self, name):
        if self.is_full:  # READ
            return False
        player = await self.profiles.load(name)
        self._seat(player)
        return True


class Gateway:
    def __init__(self, lobby):
        self.lobby = lobby
        self.answers = {}

    async def connect(self, name, start):
        await anyio.sleep(start)
        self.answers[name] = await self.lobby.join(name)


def damage(lobby) -> bool:
    return len(lobby.players) > lobby.slots


async def main():
    lobby = Lobby(2, ProfileService())
    gateway = Gateway(lobby)
    async with anyio.create_task_group() as tg:
        for i, name in enumerate(("ann", "bob", "cid")):
            tg.start_soon(gateway.connect, name, 0.008 * i)
    print(gateway.answers, [p.name for p in lobby.players], "damage", damage(lobby))
    return lobby


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
