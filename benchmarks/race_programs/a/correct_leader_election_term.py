"""Tiny leader election over a shared coordination record with compare-and-swap on the term.
SAFE BECAUSE: a node wins only if the term it read before collecting the votes is still the current one (claim() compares
and writes without an await); the loser sees the new leader and follows.
"""
import sys

import anyio


class Cluster:
    def __init__(self):
        self.leader = None
        self.term = 0
        self.nodes = []
        self.leaders_of_term = {}

    def claim(self, name, expected_term):
        if self.term != expected_term or self.leader is not None:
            return False
        self.leader = name
        self.term += 1
        self.leaders_of_term.setdefault(self.term, []).append(name)
        return True

    def resign(self, name):
        if self.leader == name:
            self.leader = None
            self.term += 1


class Node:
    def __init__(self, name, cluster, latency):
        self.name = name
        self.cluster = cluster
        self.latency = latency
        self.won = 0
        cluster.nodes.append(self)

    async def _collect_votes(self):
        votes = 1
        for peer in self.cluster.nodes:
            if peer is not self:
                await anyio.sleep(self.latency)
                votes += 1
        return votes * 2 > len(self.cluster.nodes)

    async def campaign(self):
        term = self.cluster.term
        if self.cluster.leader is not None:
            return False
        return await self._collect_votes() and self.cluster.claim(self.name, term)

    async def run(self, rounds):
        for _ in range(rounds):
            if await self.campaign():
                self.won += 1
                await anyio.sleep(0.01)
                self.cluster.resign(self.name)
            await anyio.sleep(0.004)


def damage(cluster) -> bool:
    return any(len(names) != 1 for names in cluster.leaders_of_term.values()) or cluster.leader is not None


async def main():
    cluster = Cluster()
    nodes = [Node("n1", cluster, 0.004), Node("n2", cluster, 0.006), Node("n3", cluster, 0.005)]
    async with anyio.create_task_group() as tg:
        for node in nodes:
            tg.start_soon(node.run, 4)
    print(cluster.leaders_of_term, [(n.name, n.won) for n in nodes], "damage", damage(cluster))
    return cluster


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
