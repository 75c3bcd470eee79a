"""Leader board of a quiz: the first right answer wins the round.
RACE: check-then-act - Round.winner is None in Quiz.answer, Round.award after the spelling check
"""

import asyncio


class Round:
    def __init__(self, solution: str) -> None:
        self.solution = solution
        self.winner: str | None = None
        self.prizes: list[str] = []

    @property
    def decided(self) -> bool:
        return self.winner is not None

    def award(self, player: str) -> None:
        self.winner = player
        self.prizes.append(player)


class Quiz:
    def __init__(self) -> None:
        self.round = Round("trio")

    async def _spelling(self, text: str) -> str:
        await asyncio.sleep(0)
        return text.strip().lower()

    async def answer(self, player: str, text: str, typing: int) -> None:
        for _ in range(typing):
            await asyncio.sleep(0)
        if self.round.decided:
            return
        guess = await self._spelling(text)
        if guess == self.round.solution:
            self.round.award(player)


async def main():
    quiz = Quiz()
    async with asyncio.TaskGroup() as tg:
        tg.create_task(quiz.answer("ann", " Trio", 0))
        tg.create_task(quiz.answer("bob", "curio", 1))
        tg.create_task(quiz.answer("cyd", "TRIO ", 5))
    return {"winner": quiz.round.winner, "prizes": quiz.round.prizes}


def damage(state) -> bool:
    return len(state["prizes"]) != 1


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
