"""Matchmaking of a chess server: a player waits in a slot until an opponent comes.
RACE: double take from a slot - Lobby.opponent_for reads the waiting player, Lobby.clear empties the slot after the rating lookup
"""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Player:
    name: str
    rating: int


class Lobby:
    def __init__(self) -> None:
        self._waiting: Player | None = None

    def opponent_for(self, player: Player) -> Player | None:
        return self._waiting

    def wait(self, player: Player) -> None:
        self._waiting = player

    def clear(self) -> None:
        self._waiting = None


class Matchmaker:
    def __init__(self) -> None:
        self.lobby = Lobby()
        self.games: list[tuple[str, str]] = []

    async def fair(self, a: Player, b: Player) -> bool:
        await asyncio.sleep(0.02)
        return abs(a.rating - b.rating) < 300

    async def seek(self, player: Player) -> None:
        opponent = self.lobby.opponent_for(player)
        if opponent is None:
            self.lobby.wait(player)
            return
        if await self.fair(player, opponent):
            self.lobby.clear()
            self.games.append((opponent.name, player.name))


async def main():
    matchmaker = Matchmaker()
    await matchmaker.seek(Player("magnus", 2800))
    await asyncio.gather(
        matchmaker.seek(Player("fabi", 2780)),
        matchmaker.seek(Player("hikaru", 2790)),
    )
    return matchmaker.games


def damage(state) -> bool:
    seated = [name for game in state for name in game]
    return len(seated) != len(set(seated))


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
