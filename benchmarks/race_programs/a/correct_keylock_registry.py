"""Registry of one lock per document; unused locks are dropped from the registry.
SAFE BECAUSE: the entry is made with setdefault and its user count raised in one atomic step; it is removed only by the
last user, in the same step in which the count reaches zero.
"""
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio


@dataclass
class Entry:
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    users: int = 0


class AccessControl:
    async def check(self, user):
        await anyio.sleep({"ann": 0.01, "bob": 0.015}.get(user, 0.001))


class LockRegistry:
    def __init__(self, acl):
        self._acl = acl
        self._entries = {}

    def __len__(self):
        return len(self._entries)

    @asynccontextmanager
    async def guard(self, user, key):
        known = key in self._entries
        if not known:
            await self._acl.check(user)
        entry = self._entries.setdefault(key, Entry())
        entry.users += 1
        try:
            async with entry.lock:
                yield
        finally:
            entry.users -= 1
            if entry.users == 0:
                del self._entries[key]


@dataclass
class Document:
    editors: int = 0
    max_editors: int = 0
    text: str = ""


class Editor:
    def __init__(self, registry, docs):
        self.registry = registry
        self.docs = docs

    async def append(self, user, key, words, start):
        await anyio.sleep(start)
        async with self.registry.guard(user, key):
            doc = self.docs[key]
            doc.editors += 1
            doc.max_editors = max(doc.max_editors, doc.editors)
            text = doc.text
            for word in words:
                await anyio.sleep(0.003)
                text += word + " "
            doc.text = text
            doc.editors -= 1


def damage(state) -> bool:
    docs, registry = state
    doc = docs["readme"]
    return doc.max_editors > 1 or len(doc.text.split()) != 9 or len(registry) != 0


async def main():
    docs = {"readme": Document()}
    registry = LockRegistry(AccessControl())
    editor = Editor(registry, docs)
    async with anyio.create_task_group() as tg:
        tg.start_soon(editor.append, "ann", "readme", ["a1", "a2", "a3"], 0)
        tg.start_soon(editor.append, "bob", "readme", ["b1", "b2", "b3"], 0)
        tg.start_soon(editor.append, "cid", "readme", ["c1", "c2", "c3"], 0.012)
    state = (docs, registry)
    print(docs, len(registry), "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
