"""Document editor that serializes edits with one lock per document.
CORRECT: per-key locks - a lock is dropped only by the last of its users, counted before waiting
"""

from contextlib import asynccontextmanager

import anyio


class CountedLock:
    def __init__(self) -> None:
        self.lock = anyio.Lock()
        self.users = 0


class DocumentLocks:
    def __init__(self) -> None:
        self._locks: dict[str, CountedLock] = {}

    @asynccontextmanager
    async def hold(self, doc: str):
        entry = self._locks.setdefault(doc, CountedLock())
        entry.users += 1
        try:
            async with entry.lock:
                yield
        finally:
            entry.users -= 1
            if entry.users == 0:
                del self._locks[doc]

    def __len__(self) -> int:
        return len(self._locks)


class Editor:
    def __init__(self) -> None:
        self.locks = DocumentLocks()
        self.texts = {"readme": "", "todo": ""}

    async def append(self, doc: str, word: str, delay: float = 0) -> None:
        await anyio.sleep(delay)
        async with self.locks.hold(doc):
            text = self._read(doc)
            await anyio.sleep(0.04)
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
        tg.start_soon(editor.append, "todo", "milk")
    words = {doc: sorted(text.split()) for doc, text in editor.texts.items()}
    return {"words": words, "locks": len(editor.locks)}


def damage(state) -> bool:
    return state["words"] != {"readme": ["one", "three", "two"], "todo": ["milk"]} or state["locks"] != 0


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
