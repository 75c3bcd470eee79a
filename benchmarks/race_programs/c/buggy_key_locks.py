"""Document editor that serializes edits with one lock per document.
RACE: replaced lock - DocumentLocks.release drops the lock of a document while others wait, the next editor makes a new one
"""

from contextlib import asynccontextmanager

import anyio


class DocumentLocks:
    def __init__(self) -> None:
        self._locks: dict[str, anyio.Lock] = {}

    def get(self, doc: str) -> anyio.Lock:
        if doc not in self._locks:
            self._locks[doc] = anyio.Lock()
        return self._locks[doc]

    def drop(self, doc: str) -> None:
        # do not keep a lock for every document ever opened
        self._locks.pop(doc, None)

    @asynccontextmanager
    async def hold(self, doc: str):
        lock = self.get(doc)
        async with lock:
            yield
        self.drop(doc)


class Editor:
    def __init__(self) -> None:
        self.locks = DocumentLocks()
        self.texts: dict[str, str] = {"readme": ""}

    async def append(self, doc: str, word: str, delay: float = 0) -> None:
        await anyio.sleep(delay)
        async with self.locks.hold(doc):
            text = self._read(doc)
            await anyio.sleep(0.04)  # spell check
            self._write(doc, f"{text}{word} ")

    def _read(self, doc: str) -> str:
        return self.texts[doc]

    def _write(self, doc: str, text: str) -> None:
        self.texts[doc] = text


async def main():
    editor = Editor()
    async with anyio.create_task_group() as tg:
        tg.start_soon(editor.append, "readme", "one")
        tg.start_soon(editor.append, "readme", "two", 0.015)
        tg.start_soon(editor.append, "readme", "three", 0.06)
    return sorted(editor.texts["readme"].split())


def damage(state) -> bool:
    return state != ["one", "three", "two"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
