"""RPC client over a serial line: one reply slot for the frame in flight.
RACE: replaced future - SerialClient._arm overwrites self._reply while an earlier caller waits for it
"""

import asyncio


class Line:
    """Echo device: answers every frame after a while."""

    def __init__(self) -> None:
        self.on_frame = None
        self.tasks: list[asyncio.Task] = []

    def write(self, frame: str) -> None:
        self.tasks.append(asyncio.create_task(self._answer(frame)))

    async def _answer(self, frame: str) -> None:
        await asyncio.sleep(0.03)
        self.on_frame(f"re:{frame}")


class SerialClient:
    def __init__(self, line: Line) -> None:
        self.line = line
        self.line.on_frame = self._frame_received
        self._reply: asyncio.Future | None = None

    def _arm(self) -> asyncio.Future:
        self._reply = asyncio.get_running_loop().create_future()
        return self._reply

    def _frame_received(self, frame: str) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(frame)

    async def request(self, frame: str) -> str:
        reply = self._arm()
        self.line.write(frame)
        return await asyncio.wait_for(reply, 0.15)


async def ask(client: SerialClient, frame: str, delay: float) -> str:
    await asyncio.sleep(delay)
    try:
        return await client.request(frame)
    except TimeoutError:
        return "timeout"


async def main():
    client = SerialClient(Line())
    answers = await asyncio.gather(
        ask(client, "temp?", 0),
        ask(client, "volt?", 0.01),
    )
    return {"temp?": answers[0], "volt?": answers[1]}


def damage(state) -> bool:
    return any(answer != f"re:{frame}" for frame, answer in state.items())


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
