"""Game server leaderboard, kept as a sorted tuple and replaced after moderation.

RACE: lost update - submit() builds `ranking = sorted([*self.board, entry])`, awaits the
moderation of the name and stores `self.board = tuple(ranking[:size])`; a score that
another submit stored meanwhile disappears.
"""
import anyio


class Moderation:
    banned = frozenset({"admin"})

    def __init__(self, latencies):
        self.latencies = latencies

    async def allow(self, name):
        await anyio.sleep(self.latencies.get(name, 0.02))
        return name not in self.banned


class Leaderboard:
    def __init__(self, size, moderation):
        self.size = size
        self.moderation = moderation
        self.board = ()
        self.accepted = []

    def _qualifies(self, score):
        return len(self.board) < self.size or score > self.board[-1][1]

    async def submit(self, name, score):
        if not self._qualifies(score):
            return False
        entry = (name, score)
        ranking = sorted([*self.board, entry], key=lambda e: -e[1])
        if not await self.moderation.allow(name):
            return False
        self.board = tuple(ranking[: self.size])
        self.accepted.append(entry)
        return True


class Match:
    def __init__(self, leaderboard, player, score, ends):
        self.leaderboard = leaderboard
        self.player = player
        self.score = score
        self.ends = ends

    async def play(self):
        await anyio.sleep(self.ends)
        await self.leaderboard.submit(self.player, self.score)


async def main():
    lb = Leaderboard(3, Moderation({"slowpoke": 0.1}))
    async with anyio.create_task_group() as tg:
        for args in (("slowpoke", 40, 0), ("flash", 90, 0.02), ("admin", 999, 0.02)):
            tg.start_soon(Match(lb, *args).play)
    return {"board": lb.board, "accepted": lb.accepted}


def damage(state):
    return len(state["accepted"]) <= 3 and set(state["board"]) != set(state["accepted"])


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
