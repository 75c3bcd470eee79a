"""Habit tracker that keeps its streaks in a settings document.
RACE: read-modify-write through load()/save() - Tracker.check_in loads the whole document and saves it, Tracker.rename does so too
"""

import asyncio
import copy


class DocumentStore:
    def __init__(self, document: dict) -> None:
        self._document = document

    async def load(self) -> dict:
        document = copy.deepcopy(self._document)
        await asyncio.sleep(0)
        return document

    async def save(self, document: dict) -> None:
        self._document = copy.deepcopy(document)

    @property
    def content(self) -> dict:
        return self._document


class Tracker:
    def __init__(self, store: DocumentStore) -> None:
        self.store = store

    async def check_in(self, habit: str) -> None:
        document = await self.store.load()
        document["streaks"][habit] += 1
        await self.store.save(document)

    async def _authenticate(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def rename(self, title: str) -> None:
        await self._authenticate()
        document = await self.store.load()
        document["title"] = title
        await self.store.save(document)


async def main():
    store = DocumentStore({"title": "mine", "streaks": {"run": 3}})
    tracker = Tracker(store)
    await asyncio.gather(tracker.check_in("run"), tracker.rename("Spring"))
    return store.content


def damage(state) -> bool:
    return state != {"title": "Spring", "streaks": {"run": 4}}


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
