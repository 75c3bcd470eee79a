"""Multi-part upload where the parts of a file are appended to one object.
RACE: lost update - UploadSession.append reads the write position from `self.meta.size` (# READ), awaits the storage
write at it, then stores `offset + len(part)` (# ACT); two parts are written over each other.
"""
import sys
from dataclasses import dataclass

import anyio


@dataclass
class ObjectMeta:
    name: str
    size: int = 0
    parts: int = 0


class BlobStore:
    def __init__(self):
        self.blobs = {}

    async def write_at(self, name, offset, data):
        await anyio.sleep(0.008 * len(data))
        blob = self.blobs.setdefault(name, bytearray())
        if len(blob) < offset + len(data):
            blob.extend(b"\0" * (offset + len(data) - len(blob)))
        blob[offset:offset + len(data)] = data


class UploadSession:
    def __init__(self, store, name):
        self.store = store
        self.meta = ObjectMeta(name)

    def position(self):
        return self.meta.size  # READ

    def advance(self, size):
        self.meta.size = size  # ACT
        self.meta.parts += 1

    async def append(self, part):
        offset = self.position()
        await self.store.write_at(self.meta.name, offset, part)
        self.advance(offset + len(part))

    def content(self):
        return bytes(self.store.blobs[self.meta.name])


class Uploader:
    def __init__(self, session):
        self.session = session
        self.sent = 0

    async def send(self, part):
        await self.session.append(part)
        self.sent += len(part)


def damage(uploader) -> bool:
    return len(uploader.session.content()) != uploader.sent


async def main():
    uploader = Uploader(UploadSession(BlobStore(), "cat.jpg"))
    async with anyio.create_task_group() as tg:
        tg.start_soon(uploader.send, b"AAAA")
        tg.start_soon(uploader.send, b"BBBBBBBB")
    print(uploader.session.content(), "sent", uploader.sent, uploader.session.meta, "damage", damage(uploader))
    return uploader


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
