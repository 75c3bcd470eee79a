"""Token-bucket rate limiter used by an API client; an audit hook is awaited before the token is taken.
RACE: check-then-act - RateLimiter.throttle checks `bucket.available` (# READ), awaits the audit hook, then takes a
token with `-=` in Bucket.take (# ACT); two callers take the last token and the level becomes negative.
"""
import sys

import anyio


class Bucket:
    def __init__(self, capacity):
        self.capacity = capacity
        self._level = capacity

    @property
    def available(self):
        return self._level

    def take(self, n=1):
        self._level -= n  # ACT

    def refill(self, n):
        self._level = min(self.capacity, self._level + n)


class AuditLog:
    def __init__(self):
        self.entries = []

    async def record(self, caller):
        await anyio.sleep(0.04)
        self.entries.append(caller)


class RateLimiter:
    def __init__(self, bucket, audit):
        self.bucket = bucket
        self.audit = audit
        self.rejected = 0

    async def throttle(self, caller):
        if self.bucket.available < 1:  # READ
            self.rejected += 1
            return False
        await self.audit.record(caller)
        self.bucket.take()
        return True


class ApiClient:
    def __init__(self, limiter):
        self.limiter = limiter
        self.sent = []

    async def call(self, name):
        if await self.limiter.throttle(name):
            self.sent.append(name)


def damage(client) -> bool:
    return client.limiter.bucket.available < 0


async def main():
    limiter = RateLimiter(Bucket(2), AuditLog())
    client = ApiClient(limiter)
    async with anyio.create_task_group() as tg:
        for name in ("alice", "bob", "carol"):
            tg.start_soon(client.call, name)
    print("sent", len(client.sent), "level", limiter.bucket.available, "damage", damage(client))
    return client


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
