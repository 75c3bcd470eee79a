"""Arcade leaderboard that keeps the best verified score of each player.
CORRECT: max-merge - the board is compared and written after the verification in one step
"""

import anyio


class ReplayVerifier:
    async def verify(self, replay: bytes) -> bool:
        await anyio.sleep(0.01 * len(replay))
        return replay != b""


class Leaderboard:
    def __init__(self) -> None:
        self._best: dict[str, int] = {}
        self.rejected = 0

    def best(self, player: str) -> int:
        return self._best.get(player, 0)

    def merge(self, player: str, score: int) -> bool:
        before = self.best(player)
        self._best[player] = max(before, score)
        return score > before


class Submission:
    def __init__(self, board: Leaderboard) -> None:
        self.board = board
        self.verifier = ReplayVerifier()

    async def submit(self, player: str, score: int, replay: bytes) -> bool:
        if score <= self.board.best(player):
            return False  # hopeless: the best can only grow
        if not await self.verifier.verify(replay):
            self.board.rejected += 1
            return False
        return self.board.merge(player, score)


async def main():
    board = Leaderboard()
    submission = Submission(board)
    async with anyio.create_task_group() as tg:
        tg.start_soon(submission.submit, "kim", 500, b"xxxxx")
        tg.start_soon(submission.submit, "kim", 900, b"x")
        tg.start_soon(submission.submit, "kim", 700, b"xxx")
        tg.start_soon(submission.submit, "lee", 300, b"xx")
        tg.start_soon(submission.submit, "lee", 9999, b"")
    return {"kim": board.best("kim"), "lee": board.best("lee")}


def damage(state) -> bool:
    return state != {"kim": 900, "lee": 300}


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
