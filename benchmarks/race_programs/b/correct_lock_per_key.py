"""Document store with a lock per document: different documents are edited in parallel.

SAFE BECAUSE: all read-await-write windows on a document run under the lock of its key,
`locks[key]` (created by a defaultdict in the step of the look-up, never removed); windows
on other keys overlap but touch only their own key.
"""
from collections import defaultdict

import anyio


class Storage:
    def __init__(self):
        self.docs = {}
        self.parallel = 0
        self.peak = 0

    async def load(self, key):
        await anyio.sleep(0.02)
        return dict(self.docs[key])

    async def store(self, key, doc):
        await anyio.sleep(0.03)
        self.docs[key] = doc


class Editor:
    def __init__(self, storage):
        self.storage = storage
        self.locks = defaultdict(anyio.Lock)

    async def patch(self, key, **changes):
        async with self.locks[key]:
            self.storage.parallel += 1
            self.storage.peak = max(self.storage.peak, self.storage.parallel)
            doc = await self.storage.load(key)
            doc.update(changes)
            doc["edits"] = doc.get("edits", 0) + 1
            await self.storage.store(key, doc)
            self.storage.parallel -= 1


async def main():
    storage = Storage()
    storage.docs.update(plan={}, memo={})
    editor = Editor(storage)

    async def user(delay, key, **changes):
        await anyio.sleep(delay)
        await editor.patch(key, **changes)

    async with anyio.create_task_group() as tg:
        tg.start_soon(lambda: user(0, "plan", title="Q3"))
        tg.start_soon(lambda: user(0.03, "plan", owner="ann"))
        tg.start_soon(lambda: user(0.01, "memo", title="Hi"))
        tg.start_soon(lambda: user(0.04, "plan", due="Friday"))
    return {"docs": storage.docs, "peak": storage.peak}


def damage(state):
    plan = {"title": "Q3", "owner": "ann", "due": "Friday", "edits": 3}
    return state["docs"] != {"plan": plan, "memo": {"title": "Hi", "edits": 1}}


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
