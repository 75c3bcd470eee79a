"""Registry of one lock per document, so that edits of the same document are serialised.
RACE: check-then-act - LockRegistry.lock_for looks the key up (# READ), awaits the access check, then stores a fresh
lock (# ACT); two editors get different locks for the same document and both run in the critical section.
"""
import sys
from contextlib import asynccontextmanager

import anyio


class AccessControl:
    async def check(self, user, key):
        await anyio.sleep({"ann": 0.04, "bob": 0.06}.get(user, 0.004))


class LockRegistry:
    def __init__(self, acl):
        self._acl = acl
        self._locks = {}

    async def lock_for(self, user, key):
        lock = self._locks.get(key)  # READ
        if lock is None:
            await self._acl.check(user, key)
            lock = self._locks[key] = anyio.Lock()  # ACT
        return lock

    @asynccontextmanager
    async def guard(self, user, key):
        lock = await self.lock_for(user, key)
        async with lock:
            yield


class Document:
    def __init__(self):
        self.editors = 0
        self.max_editors = 0
        self.text = ""


class Editor:
    def __init__(self, registry, docs):
        self.registry = registry
        self.docs = docs

    async def append(self, user, key, words):
        async with self.registry.guard(user, key):
            doc = self.docs[key]
            doc.editors += 1
            doc.max_editors = max(doc.max_editors, doc.editors)
            for word in words:
                await anyio.sleep(0.02)
                doc.text += word + " "
            doc.editors -= 1


def damage(docs) -> bool:
    return any(d.max_editors > 1 for d in docs.values())


async def main():
    docs = {"readme": Document()}
    editor = Editor(LockRegistry(AccessControl()), docs)
    async with anyio.create_task_group() as tg:
        tg.start_soon(editor.append, "ann", "readme", ["a1", "a2", "a3"])
        tg.start_soon(editor.append, "bob", "readme", ["b1", "b2", "b3"])
    print(repr(docs["readme"].text), docs["readme"].max_editors, "damage", damage(docs))
    return docs


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
