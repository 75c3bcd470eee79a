"""Thumbnail workers that drain a queue of images.
CORRECT: the emptiness test is only an early exit - get_nowait itself decides and QueueEmpty ends the worker
"""

import asyncio


class Inbox:
    def __init__(self, names) -> None:
        self.queue: asyncio.Queue[str] = asyncio.Queue()
        for name in names:
            self.queue.put_nowait(name)

    def has_work(self) -> bool:
        return not self.queue.empty()

    def take(self) -> str | None:
        try:
            return self.queue.get_nowait()
        except asyncio.QueueEmpty:
            return None


class Thumbnailer:
    def __init__(self, name: str, inbox: Inbox) -> None:
        self.name = name
        self.inbox = inbox
        self.made: list[str] = []
        self.idle_rounds = 0

    async def wait_for_memory(self) -> None:
        await asyncio.sleep(0.01)

    async def run(self) -> None:
        while self.inbox.has_work():
            await self.wait_for_memory()
            image = self.inbox.take()
            if image is None:
                self.idle_rounds += 1
                continue
            self.made.append(f"{image}.thumb")


async def main():
    inbox = Inbox(["a.png", "b.png", "c.png", "d.png", "e.png"])
    workers = [Thumbnailer(f"w{i}", inbox) for i in range(3)]
    results = await asyncio.gather(*(w.run() for w in workers), return_exceptions=True)
    return {
        "made": sorted(name for w in workers for name in w.made),
        "crashed": [repr(r) for r in results if r is not None],
    }


def damage(state) -> bool:
    return bool(state["crashed"]) or len(state["made"]) != 5 or len(set(state["made"])) != 5


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
