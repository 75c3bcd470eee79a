"""File synchroniser: uploads the local copy if the remote has not changed.

RACE: check-then-act - push() compares `remote.meta(path).etag` with the base, awaits the
upload of the chunks, then remote.put() replaces the file; another device's push in
between is silently overwritten.
"""
from dataclasses import dataclass, replace

import anyio


@dataclass(frozen=True)
class Entry:
    etag: int
    content: str


class Remote:
    def __init__(self, files):
        self.files = {p: Entry(1, c) for p, c in files.items()}
        self.history = []

    def meta(self, path):
        return self.files[path]

    def put(self, path, content, device):
        old = self.files[path]
        self.files[path] = replace(old, etag=old.etag + 1, content=content)
        self.history.append((device, content))


class Device:
    def __init__(self, name, remote, bandwidth):
        self.name = name
        self.remote = remote
        self.bandwidth = bandwidth
        self.base = {p: e.etag for p, e in remote.files.items()}
        self.conflicts = []

    async def _upload_chunks(self, content):
        for _ in range(3):
            await anyio.sleep(self.bandwidth)

    async def push(self, path, content):
        if self.remote.meta(path).etag != self.base[path]:
            self.conflicts.append((path, content))
            return
        await self._upload_chunks(content)
        self.remote.put(path, content, self.name)


async def main():
    remote = Remote({"notes.md": "v0"})
    laptop, phone = Device("laptop", remote, 0.04), Device("phone", remote, 0.015)
    async with anyio.create_task_group() as tg:
        tg.start_soon(laptop.push, "notes.md", "v0 + laptop")
        tg.start_soon(phone.push, "notes.md", "v0 + phone")
    final = remote.files["notes.md"].content
    lost = [c for _, c in remote.history if c != final]
    return {"final": final, "lost": lost, "conflicts": laptop.conflicts + phone.conflicts}


def damage(state):
    return bool(state["lost"]) and not state["conflicts"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
