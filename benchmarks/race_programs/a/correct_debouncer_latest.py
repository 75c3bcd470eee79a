"""Autosave debouncer: the last text typed in the pause shall be written to the server.
SAFE BECAUSE: edits raise a sequence number; after the save `saved` is set to the number that was really sent, so that an
edit made during the save is still regarded as unsaved and the loop saves again.
"""
import sys
from dataclasses import dataclass

import anyio


class Server:
    def __init__(self):
        self.text = ""
        self.saves = 0

    async def put(self, text):
        await anyio.sleep(0.015)
        self.text = text
        self.saves += 1


@dataclass
class Draft:
    text: str = ""
    edited: int = 0
    saved: int = 0

    @property
    def has_changes(self):
        return self.edited != self.saved


class Autosave:
    def __init__(self, server, pause):
        self.server = server
        self.pause = pause
        self.draft = Draft()
        self._stop = False

    def type(self, key):
        self.draft.text += key
        self.draft.edited += 1

    async def _save(self):
        draft = self.draft
        number = draft.edited
        await self.server.put(draft.text)
        draft.saved = number

    async def run(self):
        while not self._stop or self.draft.has_changes:
            await anyio.sleep(self.pause)
            if self.draft.has_changes:
                await self._save()

    def stop(self):
        self._stop = True


async def typist(autosave, keys):
    for after, key in keys:
        await anyio.sleep(after)
        autosave.type(key)


def damage(server) -> bool:
    return server.text != "hello world"


async def main():
    server = Server()
    autosave = Autosave(server, 0.01)
    async with anyio.create_task_group() as tg:
        tg.start_soon(autosave.run)
        async with anyio.create_task_group() as typing:
            typing.start_soon(typist, autosave, [(0.002, "he"), (0.002, "ll"), (0.012, "o"), (0.01, " wor"), (0.012, "ld")])
        autosave.stop()
    print("server has", repr(server.text), "after", server.saves, "saves; damage", damage(server))
    return server


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
