"""Thumbnail workers that drain a queue of images.
RACE: check-then-act (queue) - Inbox.has_work asked, Inbox.take (get_nowait) after the memory check
"""

import asyncio


class Inbox:
    def __init__(self, names) -> None:
        self.queue: asyncio.Queue[str] = asyncio.Queue()
        for name in names:
            self.queue.put_nowait(name)

    def has_work(self) -> bool:
        return self.queue.qsize() > 0

    def take(self) -> str:
        return self.queue.get_nowait()


class Memory:
    async def wait_for_room(self) -> None:
        await asyncio.sleep(0.01)


class Thumbnailer:
    def __init__(self, name: str, inbox: Inbox) -> None:
        self.name = name
        self.inbox = inbox
        self.memory = Memory()
        self.made: list[str] = []

    async def run(self) -> None:
        while self.inbox.has_work():
            await self.memory.wait_for_room()
            image = self.inbox.take()
            self.made.append(f"{image}.thumb")


async def main():
    inbox = Inbox(["a.png", "b.png", "c.png"])
    workers = [Thumbnailer(f"w{i}", inbox) for i in range(2)]
    results = await asyncio.gather(*(w.run() for w in workers), return_exceptions=True)
    return {
        "made": sorted(name for w in workers for name in w.made),
        "crashed": [type(r).__name__ for r in results if r is not None],
    }


def damage(state) -> bool:
    return bool(state["crashed"])


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
