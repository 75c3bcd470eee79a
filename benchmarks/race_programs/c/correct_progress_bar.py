"""Download manager with a progress bar shared by all the downloads.
CORRECT: progress counter - `done += n` has no await inside, the reporter's reading in between is only shown
"""

import anyio


class Progress:
    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.shown: list[int] = []

    def advance(self, n: int) -> None:
        self.done += n

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total

    @property
    def finished(self) -> bool:
        return self.done >= self.total


class Mirror:
    async def chunks(self, size: int):
        left = size
        while left:
            await anyio.sleep(0.004)
            part = min(3, left)
            left -= part
            yield part


class Downloader:
    def __init__(self, mirror: Mirror, progress: Progress) -> None:
        self.mirror = mirror
        self.progress = progress
        self.files: dict[str, int] = {}

    async def download(self, name: str, size: int) -> None:
        got = 0
        async for part in self.mirror.chunks(size):
            got += part
            self.progress.advance(part)
        self.files[name] = got


async def reporter(progress: Progress) -> None:
    while not progress.finished:
        before = progress.percent
        await anyio.sleep(0.01)
        if progress.percent != before:
            progress.shown.append(progress.percent)


async def main():
    sizes = {"a.iso": 10, "b.iso": 7, "c.iso": 8}
    progress = Progress(sum(sizes.values()))
    downloader = Downloader(Mirror(), progress)
    async with anyio.create_task_group() as tg:
        tg.start_soon(reporter, progress)
        for name, size in sizes.items():
            tg.start_soon(downloader.download, name, size)
    return {"percent": progress.percent, "files": downloader.files, "shown": progress.shown}


def damage(state) -> bool:
    return state["percent"] != 100 or state["shown"] != sorted(state["shown"]) or sum(state["files"].values()) != 25


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
