"""Gossip: push the news to all peers while peers may be dropped.

RACE: iteration - spread() walks `for peer in self.peers` (a live list) with one checkpoint
per send. By default drop() happens after the round; under another order of the steps it
removes an earlier peer during the walk and the next peer is skipped.
"""
import anyio
import anyio.lowlevel


class Peer:
    def __init__(self, name):
        self.name = name
        self.news = set()

    async def deliver(self, item):
        await anyio.lowlevel.checkpoint()
        self.news |= {item}


class Node:
    def __init__(self, *names):
        self.peers = [Peer(n) for n in names]
        self.dropped = []

    async def spread(self, item):
        for peer in self.peers:
            await peer.deliver(item)

    def drop(self, name):
        gone = next(p for p in self.peers if p.name == name)
        self.peers.remove(gone)
        self.dropped.append(gone)


async def failure_detector(node, name, steps):
    for _ in range(steps):
        await anyio.lowlevel.checkpoint()
    node.drop(name)


async def main():
    node = Node("p1", "p2", "p3", "p4")
    async with anyio.create_task_group() as tg:
        tg.start_soon(node.spread, "v2-available")
        tg.start_soon(failure_detector, node, "p1", 7)
    return {p.name: sorted(p.news) for p in node.peers}


def damage(state):
    return any("v2-available" not in news for news in state.values())


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
