"""Append-only blob file shared by several uploads; an index remembers each upload's offset.
RACE: stale position - BlobFile.size read in Uploader.store, BlobFile.write_at used after the checksum
"""

import zlib

import anyio


class BlobFile:
    def __init__(self) -> None:
        self._bytes = bytearray()

    @property
    def size(self) -> int:
        return len(self._bytes)

    def write_at(self, offset: int, data: bytes) -> None:
        end = offset + len(data)
        if end > len(self._bytes):
            self._bytes.extend(b"\0" * (end - len(self._bytes)))
        self._bytes[offset:end] = data

    def read_at(self, offset: int, length: int) -> bytes:
        return bytes(self._bytes[offset : offset + length])


class Uploader:
    def __init__(self, blob: BlobFile) -> None:
        self.blob = blob
        self.index: dict[str, tuple[int, int, int]] = {}

    async def _checksum(self, data: bytes) -> int:
        await anyio.sleep(0.02)
        return zlib.crc32(data)

    async def store(self, name: str, data: bytes) -> None:
        offset = self.blob.size
        crc = await self._checksum(data)
        self.blob.write_at(offset, data)
        self.index[name] = (offset, len(data), crc)

    def verify(self) -> list[str]:
        bad = []
        for name, (offset, length, crc) in self.index.items():
            if zlib.crc32(self.blob.read_at(offset, length)) != crc:
                bad.append(name)
        return bad


async def main():
    uploader = Uploader(BlobFile())
    async with anyio.create_task_group() as tg:
        tg.start_soon(uploader.store, "cat.jpg", b"meow" * 3)
        tg.start_soon(uploader.store, "dog.jpg", b"woof" * 4)
    return {"bad": uploader.verify(), "size": uploader.blob.size}


def damage(state) -> bool:
    return bool(state["bad"])


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
