"""Upload manager: parts of a file are uploaded in parallel, the last one completes it.

SAFE BECAUSE: a part is recorded in `done` and the completion test follows in the same step,
so exactly one part sees the full set; `finished` is set in that step too, before the
completion call is awaited.
"""
import anyio


class Bucket:
    def __init__(self):
        self.parts = {}
        self.completed = []

    async def put_part(self, number, data, latency):
        await anyio.sleep(latency)
        self.parts[number] = data

    async def complete(self, name, numbers):
        await anyio.sleep(0.03)
        self.completed.append((name, "".join(self.parts[n] for n in numbers)))


class Upload:
    def __init__(self, bucket, name, parts):
        self.bucket = bucket
        self.name = name
        self.parts = dict(enumerate(parts, 1))
        self.done = set()
        self.finished = False

    @property
    def progress(self):
        return len(self.done) / len(self.parts)

    async def send(self, number, latency):
        before = self.progress
        await self.bucket.put_part(number, self.parts[number], latency)
        self.done.add(number)
        assert self.progress > before
        if self.done == self.parts.keys() and not self.finished:
            self.finished = True
            await self.bucket.complete(self.name, sorted(self.done))


async def main():
    bucket = Bucket()
    upload = Upload(bucket, "photo.raw", ["aa", "bb", "cc", "dd"])
    samples = []

    async def display():
        while not upload.finished:
            samples.append(upload.progress)
            await anyio.sleep(0.02)

    async with anyio.create_task_group() as tg:
        tg.start_soon(display)
        for number, latency in [(1, 0.12), (2, 0.03), (3, 0.06), (4, 0.12)]:
            tg.start_soon(upload.send, number, latency)
    return {"completed": bucket.completed, "ascending": samples == sorted(samples)}


def damage(state):
    return state != {"completed": [("photo.raw", "aabbccdd")], "ascending": True}


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
