"""Autosave debouncer: the last text typed in the pause shall be written to the server.
RACE: lost update - Autosave._save sends `self.pending` (# READ), awaits the server, then sets `self.pending = None`
(# ACT); the text typed during the save is discarded and the last edit is never stored.
"""
import sys

import anyio


class Server:
    def __init__(self):
        self.text = ""
        self.saves = 0

    async def put(self, text):
        await anyio.sleep(0.08)
        self.text = text
        self.saves += 1


class Autosave:
    def __init__(self, server, pause):
        self.server = server
        self.pause = pause
        self.pending = None
        self._stop = False

    def edit(self, text):
        self.pending = text

    @property
    def has_changes(self):
        return self.pending is not None

    async def _save(self):
        await self.server.put(self.pending)  # READ
        self.pending = None  # ACT

    async def run(self):
        while not self._stop or self.has_changes:
            await anyio.sleep(self.pause)
            if self.has_changes:
                await self._save()

    def stop(self):
        self._stop = True


async def typist(autosave, keys):
    text = ""
    for after, key in keys:
        await anyio.sleep(after)
        text += key
        autosave.edit(text)
    await anyio.sleep(0.12)
    autosave.stop()


def damage(server) -> bool:
    return server.text != "hello"


async def main():
    server = Server()
    autosave = Autosave(server, 0.04)
    async with anyio.create_task_group() as tg:
        tg.start_soon(autosave.run)
        tg.start_soon(typist, autosave, [(0.008, "he"), (0.008, "ll"), (0.06, "o")])
    print("server has", repr(server.text), "after", server.saves, "saves; damage", damage(server))
    return server


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
