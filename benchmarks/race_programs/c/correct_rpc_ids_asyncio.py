"""RPC client over a serial line: replies are matched to requests by number.
CORRECT: unique ids - each call has its own future in the dict, late replies to a popped id are ignored
"""

import asyncio
import itertools


class Line:
    """Echo device: answers every frame after a while, in any order."""

    def __init__(self) -> None:
        self.on_frame = None
        self.tasks: list[asyncio.Task] = []

    def write(self, number: int, frame: str) -> None:
        self.tasks.append(asyncio.create_task(self._answer(number, frame)))

    async def _answer(self, number: int, frame: str) -> None:
        await asyncio.sleep(0.03 / number)
        self.on_frame(number, f"re:{frame}")
        await asyncio.sleep(0.002)
        self.on_frame(number, f"dup:{frame}")


class SerialClient:
    def __init__(self, line: Line) -> None:
        self.line = line
        self.line.on_frame = self._frame_received
        self._numbers = itertools.count(1)
        self._pending: dict[int, asyncio.Future] = {}
        self.ignored = 0

    def _frame_received(self, number: int, frame: str) -> None:
        reply = self._pending.get(number)
        if reply is None or reply.done():
            self.ignored += 1
            return
        reply.set_result(frame)

    async def request(self, frame: str) -> str:
        number = next(self._numbers)
        reply = self._pending[number] = asyncio.get_running_loop().create_future()
        self.line.write(number, frame)
        try:
            return await reply
        finally:
            del self._pending[number]


async def main():
    client = SerialClient(Line())
    frames = ["temp?", "volt?", "amps?"]
    answers = await asyncio.gather(*(client.request(f) for f in frames))
    await asyncio.gather(*client.line.tasks)
    return {"answers": dict(zip(frames, answers)), "pending": len(client._pending), "ignored": client.ignored}


def damage(state) -> bool:
    wrong = any(answer != f"re:{frame}" for frame, answer in state["answers"].items())
    return wrong or state["pending"] != 0 or state["ignored"] != 3


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
