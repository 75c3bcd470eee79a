"""Tiny leader election over a shared coordination record.
RACE: check-then-act - Node.campaign reads `cluster.leader` (# READ), awaits the peers' votes, then writes itself as
the leader (# ACT in Cluster.leader setter); both nodes start acting as leader.
"""
import sys

import anyio


class Cluster:
    def __init__(self):
        self._record = {"leader": None, "term": 0}
        self.nodes = []

    @property
    def leader(self):
        return self._record["leader"]

    @leader.setter
    def leader(self, name):
        self._record["leader"] = name  # ACT
        self._record["term"] += 1


class Node:
    def __init__(self, name, cluster, latency):
        self.name = name
        self.cluster = cluster
        self.latency = latency
        self.is_leader = False
        self.applied = []
        cluster.nodes.append(self)

    async def _collect_votes(self):
        votes = 1
        for peer in self.cluster.nodes:
            if peer is not self:
                await anyio.sleep(self.latency)
                votes += 1
        return votes * 2 > len(self.cluster.nodes)

    async def campaign(self):
        if self.cluster.leader is not None:  # READ
            return
        if await self._collect_votes():
            self.cluster.leader = self.name
            self.is_leader = True

    async def run(self, ticks):
        await self.campaign()
        for tick in range(ticks):
            await anyio.sleep(0.02)
            if self.is_leader:
                self.applied.append(tick)


def damage(cluster) -> bool:
    return sum(n.is_leader for n in cluster.nodes) != 1


async def main():
    cluster = Cluster()
    nodes = [Node("n1", cluster, 0.02), Node("n2", cluster, 0.032), Node("n3", cluster, 0.048)]
    async with anyio.create_task_group() as tg:
        for node in nodes:
            tg.start_soon(node.run, 3)
    print([(n.name, n.is_leader) for n in nodes], cluster._record, "damage", damage(cluster))
    return cluster


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
