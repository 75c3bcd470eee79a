"""Replication monitor: each replica reports its position, the cluster keeps the highest one that is acknowledged.
SAFE BECAUSE: the mark is merged with max() after the await, with the value that is current then; the mark read before
the await only decides whether asking is worthwhile, and a stale mark can only lead to a needless question.
"""
import sys

import anyio


class Replica:
    def __init__(self, name, positions, delay):
        self.name = name
        self._positions = list(positions)
        self.delay = delay

    async def position(self):
        value = self._positions.pop(0)
        await anyio.sleep(self.delay)
        return value

    @property
    def exhausted(self):
        return not self._positions


class Cluster:
    target = 40

    def __init__(self, replicas):
        self.replicas = replicas
        self._mark = 0
        self.trail = []
        self.asked = 0

    @property
    def mark(self):
        return self._mark

    @mark.setter
    def mark(self, value):
        self._mark = value
        self.trail.append(value)

    async def poll(self, replica):
        mark = self.mark
        if mark >= self.target:
            return
        self.asked += 1
        position = await replica.position()
        if position > mark:
            self.mark = max(self.mark, position)

    async def watch(self, replica):
        while not replica.exhausted:
            await self.poll(replica)
            await anyio.sleep(0.001)
            if self.mark >= self.target:
                break


def damage(cluster) -> bool:
    return cluster.trail != sorted(cluster.trail) or cluster.mark < 35


async def main():
    cluster = Cluster([
        Replica("r1", [5, 12, 20], 0.015),
        Replica("r2", [8, 25, 35], 0.005),
        Replica("r3", [3, 6, 9, 11], 0.009),
    ])
    async with anyio.create_task_group() as tg:
        for replica in cluster.replicas:
            tg.start_soon(cluster.watch, replica)
    print("trail", cluster.trail, "mark", cluster.mark, "asked", cluster.asked, "damage", damage(cluster))
    return cluster


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
