"""Presence service whose reaper removes the users that have not sent a heartbeat for a while.
SAFE BECAUSE: after the warning was awaited the reaper looks the entry up again and removes it only if it exists and is
still expired at that moment.
"""
import sys
from dataclasses import dataclass

import anyio


@dataclass
class Seen:
    at: float
    beats: int = 1


class Notifier:
    def __init__(self):
        self.warnings = []

    async def warn(self, user):
        await anyio.sleep(0.01)
        self.warnings.append(user)


class Presence:
    ttl = 1.0

    def __init__(self, notifier):
        self.notifier = notifier
        self.clock = 0.0
        self._seen = {}
        self.removed = []

    def heartbeat(self, user):
        entry = self._seen.setdefault(user, Seen(self.clock, 0))
        entry.at = self.clock
        entry.beats += 1

    def logout(self, user):
        self._seen.pop(user, None)

    def is_expired(self, user):
        entry = self._seen.get(user)
        return entry is not None and self.clock - entry.at > self.ttl

    async def reap(self):
        for user in [u for u in self._seen if self.is_expired(u)]:
            await self.notifier.warn(user)
            if self.is_expired(user):
                del self._seen[user]
                self.removed.append(user)

    def online(self, user):
        return user in self._seen


async def browser(presence, user, after):
    await anyio.sleep(after)
    presence.heartbeat(user)


async def leaver(presence, user, after):
    await anyio.sleep(after)
    presence.logout(user)


def damage(presence) -> bool:
    return not presence.online("bob") or presence.online("ann")


async def main():
    presence = Presence(Notifier())
    for user in ("ann", "bob", "cid"):
        presence.heartbeat(user)
    presence.clock = 5.0
    async with anyio.create_task_group() as tg:
        tg.start_soon(presence.reap)
        tg.start_soon(browser, presence, "bob", 0.015)
        tg.start_soon(leaver, presence, "cid", 0.025)
    print("online", sorted(presence._seen), "removed", presence.removed, "damage", damage(presence))
    return presence


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
