"""Arcade leaderboard: a run counts only if it beats the player's best.
RACE: stale maximum (check-then-act) - Leaderboard.is_record read, Leaderboard.put after the replay was verified
"""

import anyio


class ReplayVerifier:
    async def verify(self, replay: bytes) -> bool:
        # long replays take longer
        await anyio.sleep(0.01 * len(replay))
        return replay != b""


class Leaderboard:
    def __init__(self) -> None:
        self._best: dict[str, int] = {}

    def best(self, player: str) -> int:
        return self._best.get(player, 0)

    def is_record(self, player: str, score: int) -> bool:
        return score > self.best(player)

    def put(self, player: str, score: int) -> None:
        self._best[player] = score


class Submission:
    def __init__(self, board: Leaderboard, verifier: ReplayVerifier) -> None:
        self.board = board
        self.verifier = verifier
        self.accepted: list[int] = []

    async def submit(self, player: str, score: int, replay: bytes) -> str:
        if not self.board.is_record(player, score):
            return "no record"
        if not await self.verifier.verify(replay):
            return "cheater"
        self.board.put(player, score)
        self.accepted.append(score)
        return "record"


async def main():
    board = Leaderboard()
    submission = Submission(board, ReplayVerifier())
    async with anyio.create_task_group() as tg:
        tg.start_soon(submission.submit, "kim", 500, b"xxxxxxx")
        tg.start_soon(submission.submit, "kim", 900, b"x")
    return {"best": board.best("kim"), "accepted": submission.accepted}


def damage(state) -> bool:
    return state["best"] != max(state["accepted"])


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
