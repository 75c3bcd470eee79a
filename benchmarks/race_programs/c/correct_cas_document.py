"""Wiki whose pages are edited optimistically.
CORRECT: compare-and-swap loop - Store.swap refuses a stale version and append_line tries again
"""

from dataclasses import dataclass

import anyio


class Conflict(Exception):
    pass


@dataclass(frozen=True)
class Page:
    version: int
    lines: tuple[str, ...]


class Store:
    def __init__(self) -> None:
        self._pages: dict[str, Page] = {}
        self.conflicts = 0

    async def load(self, title: str) -> Page:
        await anyio.sleep(0.005)
        return self._pages.get(title, Page(0, ()))

    async def swap(self, title: str, expected: int, page: Page) -> None:
        await anyio.sleep(0.005)
        current = self._pages.get(title, Page(0, ()))
        if current.version != expected:
            self.conflicts += 1
            raise Conflict(title)
        self._pages[title] = page


class Wiki:
    def __init__(self, store: Store) -> None:
        self.store = store

    async def append_line(self, title: str, line: str) -> int:
        attempts = 0
        while True:
            attempts += 1
            page = await self.store.load(title)
            edited = await self._render(page, line)
            try:
                await self.store.swap(title, page.version, edited)
            except Conflict:
                continue
            return attempts

    async def _render(self, page: Page, line: str) -> Page:
        await anyio.sleep(0.01)
        return Page(page.version + 1, (*page.lines, line))


async def main():
    store = Store()
    wiki = Wiki(store)
    async with anyio.create_task_group() as tg:
        for word in ("alpha", "beta", "gamma", "delta"):
            tg.start_soon(wiki.append_line, "Start", word)
    page = await store.load("Start")
    return {"lines": sorted(page.lines), "version": page.version}


def damage(state) -> bool:
    return state["lines"] != ["alpha", "beta", "delta", "gamma"] or state["version"] != 4


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
