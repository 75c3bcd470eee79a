"""Token-bucket rate limiter used by an API client; callers wait for the refill when the bucket is empty.
SAFE BECAUSE: after each wait the loop tests the level again, and the test and the `-=` are not separated by an await;
the audit hook is awaited only after the token was taken.
"""
import sys

import anyio


class Bucket:
    def __init__(self, capacity):
        self.capacity = capacity
        self._level = capacity
        self.lowest = capacity

    @property
    def available(self):
        return self._level

    def take(self, n=1):
        self._level -= n
        self.lowest = min(self.lowest, self._level)

    def refill(self, n):
        self._level = min(self.capacity, self._level + n)


class AuditLog:
    def __init__(self):
        self.entries = []

    async def record(self, caller, level):
        await anyio.sleep(0.005)
        self.entries.append((caller, level))


class RateLimiter:
    def __init__(self, bucket, audit):
        self.bucket = bucket
        self.audit = audit

    async def throttle(self, caller):
        while self.bucket.available < 1:
            await anyio.sleep(0.004)
        self.bucket.take()
        await self.audit.record(caller, self.bucket.available)

    async def refiller(self):
        while True:
            await anyio.sleep(0.01)
            self.bucket.refill(1)


class ApiClient:
    def __init__(self, limiter):
        self.limiter = limiter
        self.sent = []

    async def call(self, name):
        await self.limiter.throttle(name)
        self.sent.append(name)


def damage(client) -> bool:
    return client.limiter.bucket.lowest < 0 or len(client.sent) != 5


async def main():
    limiter = RateLimiter(Bucket(2), AuditLog())
    client = ApiClient(limiter)
    async with anyio.create_task_group() as tg:
        tg.start_soon(limiter.refiller)
        async with anyio.create_task_group() as calls:
            for name in ("alice", "bob", "carol", "dave", "eve"):
                calls.start_soon(client.call, name)
        tg.cancel_scope.cancel()
    print("sent", client.sent, "lowest", limiter.bucket.lowest, "damage", damage(client))
    return client


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
