"""Matchmaking of a chess server: a player waits in a slot until an opponent comes.
CORRECT: the slot is emptied in the step that reads it - an unfair pair goes back to waiting, nobody is lost
"""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Player:
    name: str
    rating: int


class Lobby:
    def __init__(self) -> None:
        self._waiting: list[Player] = []

    def take(self) -> Player | None:
        return self._waiting.pop() if self._waiting else None

    def wait(self, *players: Player) -> None:
        self._waiting.extend(players)

    @property
    def names(self) -> list[str]:
        return [p.name for p in self._waiting]


class Matchmaker:
    def __init__(self) -> None:
        self.lobby = Lobby()
        self.games: list[tuple[str, str]] = []

    async def fair(self, a: Player, b: Player) -> bool:
        await asyncio.sleep(0.01)
        return abs(a.rating - b.rating) < 300

    async def seek(self, player: Player) -> None:
        opponent = self.lobby.take()
        if opponent is None:
            self.lobby.wait(player)
        elif await self.fair(player, opponent):
            self.games.append((opponent.name, player.name))
        else:
            self.lobby.wait(opponent, player)


async def main():
    matchmaker = Matchmaker()
    players = [
        Player("magnus", 2800),
        Player("fabi", 2780),
        Player("hikaru", 2790),
        Player("novice", 900),
        Player("ding", 2750),
    ]
    await asyncio.gather(*(matchmaker.seek(p) for p in players))
    seated = [name for game in matchmaker.games for name in game]
    return sorted(seated + matchmaker.lobby.names)


def damage(state) -> bool:
    return state != ["ding", "fabi", "hikaru", "magnus", "novice"]


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
