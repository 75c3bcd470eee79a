"""Presence service whose reaper removes the users that have not sent a heartbeat for a while.
RACE: stale decision - Presence.reap collects expired users (# READ), awaits a goodbye for each, then deletes their entry
(# ACT); a user whose heartbeat arrived during the goodbye is removed although online.
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
        self.goodbyes = []

    async def goodbye(self, user):
        await anyio.sleep(0.04)
        self.goodbyes.append(user)


class Presence:
    ttl = 1.0

    def __init__(self, notifier):
        self.notifier = notifier
        self.clock = 0.0
        self._seen = {}

    def heartbeat(self, user):
        entry = self._seen.get(user)
        if entry is None:
            self._seen[user] = Seen(self.clock)
        else:
            entry.at = self.clock
            entry.beats += 1

    def expired(self):
        return [u for u, s in self._seen.items() if self.clock - s.at > self.ttl]  # READ

    async def reap(self):
        for user in self.expired():
            await self.notifier.goodbye(user)
            del self._seen[user]  # ACT

    def online(self, user):
        return user in self._seen


async def browser(presence, user, after):
    await anyio.sleep(after)
    presence.heartbeat(user)


def damage(presence) -> bool:
    return not presence.online("bob")


async def main():
    presence = Presence(Notifier())
    presence.heartbeat("ann")
    presence.heartbeat("bob")
    presence.clock = 5.0
    async with anyio.create_task_group() as tg:
        tg.start_soon(presence.reap)
        tg.start_soon(browser, presence, "bob", 0.02)
    print("online", sorted(presence._seen), presence.notifier.goodbyes, "damage", damage(presence))
    return presence


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
