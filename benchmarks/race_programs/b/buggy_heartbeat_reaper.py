"""Cluster membership: silent nodes are reported to the operators and removed.

RACE: stale decision - sweep() computes the list of dead nodes, awaits `notify(node)`
and then deletes the node; a node whose heartbeat arrived during the notification is
removed from the cluster although it is alive.
"""
import anyio


class Clock:
    def __init__(self):
        self.start = anyio.current_time()

    def __call__(self):
        return anyio.current_time() - self.start


class Membership:
    def __init__(self, clock, ttl):
        self.clock = clock
        self.ttl = ttl
        self.last_seen = {}
        self.removed = []

    def heartbeat(self, node):
        self.last_seen[node] = self.clock()

    def dead(self):
        limit = self.clock() - self.ttl
        return sorted(n for n, t in self.last_seen.items() if t < limit)


class Reaper:
    def __init__(self, members, pager):
        self.members = members
        self.pager = pager

    async def sweep(self):
        for node in self.members.dead():
            await self.pager(f"{node} is silent")
            if self.members.last_seen.pop(node, None) is not None:
                self.members.removed.append((node, self.members.clock()))


async def main():
    members = Membership(Clock(), ttl=0.1)
    pages = []
    beats = []

    async def pager(text):
        await anyio.sleep(0.09)
        pages.append(text)

    async def node(name, times):
        for delay in times:
            await anyio.sleep(delay)
            members.heartbeat(name)
            beats.append((name, members.clock()))

    async with anyio.create_task_group() as tg:
        tg.start_soon(node, "n1", [0.0, 0.19])
        tg.start_soon(node, "n2", [0.0, 0.08, 0.08, 0.08])
        await anyio.sleep(0.15)
        tg.start_soon(Reaper(members, pager).sweep)
    return {"beats": beats, "removed": members.removed}


def damage(state):
    return any(
        node == other and 0 < gone - beat < 0.1
        for node, gone in state["removed"]
        for other, beat in state["beats"]
    )


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
