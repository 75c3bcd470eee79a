"""Multi-part upload where the parts of a file are appended to one object.
SAFE BECAUSE: claim() reads the write position and moves it in one atomic step before the storage write is awaited, so
each part has its own range; `done` is only added up with `+=`.
"""
import sys
from dataclasses import dataclass

import anyio


@dataclass
class ObjectMeta:
    name: str
    size: int = 0
    done: int = 0

    @property
    def complete(self):
        return self.size == self.done


class BlobStore:
    def __init__(self):
        self.blobs = {}

    async def write_at(self, name, offset, data):
        await anyio.sleep(0.002 * len(data))
        blob = self.blobs.setdefault(name, bytearray())
        if len(blob) < offset + len(data):
            blob.extend(b"\0" * (offset + len(data) - len(blob)))
        blob[offset:offset + len(data)] = data


class UploadSession:
    def __init__(self, store, name):
        self.store = store
        self.meta = ObjectMeta(name)

    def claim(self, length):
        offset = self.meta.size
        self.meta.size = offset + length
        return offset

    async def append(self, part):
        offset = self.claim(len(part))
        await self.store.write_at(self.meta.name, offset, part)
        self.meta.done += len(part)
        return self.meta.complete

    def content(self):
        return bytes(self.store.blobs[self.meta.name])


class Uploader:
    def __init__(self, session):
        self.session = session
        self.sent = []

    async def send(self, start, part):
        await anyio.sleep(start)
        await self.session.append(part)
        self.sent.append(part)


def damage(uploader) -> bool:
    content = uploader.session.content()
    return any(part not in content for part in uploader.sent) or not uploader.session.meta.complete


async def main():
    uploader = Uploader(UploadSession(BlobStore(), "cat.jpg"))
    async with anyio.create_task_group() as tg:
        tg.start_soon(uploader.send, 0, b"AAAA")
        tg.start_soon(uploader.send, 0, b"BBBBBBBB")
        tg.start_soon(uploader.send, 0.004, b"CC")
    print(uploader.session.content(), uploader.session.meta, "damage", damage(uploader))
    return uploader


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
