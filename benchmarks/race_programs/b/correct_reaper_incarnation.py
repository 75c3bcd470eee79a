"""Cluster membership: silent nodes are confirmed by a second probe and then removed.

SAFE BECAUSE: sweep() takes a list of (node, beat number) and, after the awaited probe,
remove_if() compares the node's present beat number with the one it has judged, in one
step; a heartbeat in between changes the number and keeps the node.
"""
import anyio


class Membership:
    def __init__(self, ttl):
        self.ttl = ttl
        self.beats = {}
        self.removed = []

    def heartbeat(self, node):
        number, _ = self.beats.get(node, (0, 0))
        self.beats[node] = (number + 1, anyio.current_time())

    def suspects(self):
        limit = anyio.current_time() - self.ttl
        return [(n, number) for n, (number, t) in sorted(self.beats.items()) if t < limit]

    def remove_if(self, node, number):
        if self.beats.get(node, (None,))[0] != number:
            return False
        _, seen = self.beats.pop(node)
        self.removed.append((node, anyio.current_time() - seen >= self.ttl))
        return True


class Reaper:
    def __init__(self, members, probe):
        self.members = members
        self.probe = probe
        self.kept = []

    async def sweep(self):
        for node, number in self.members.suspects():
            if await self.probe(node):
                continue
            if not self.members.remove_if(node, number):
                self.kept.append(node)


async def main():
    members = Membership(ttl=0.1)

    async def probe(node):
        await anyio.sleep(0.08)
        return False

    async def node(name, pauses):
        for pause in pauses:
            await anyio.sleep(pause)
            members.heartbeat(name)

    reaper = Reaper(members, probe)
    async with anyio.create_task_group() as tg:
        tg.start_soon(node, "n1", [0.0, 0.185])
        tg.start_soon(node, "n2", [0.0])
        tg.start_soon(node, "n3", [0.0, 0.06, 0.06, 0.06, 0.06])
        await anyio.sleep(0.15)
        tg.start_soon(reaper.sweep)
    return {"alive": sorted(members.beats), "removed": members.removed, "kept": reaper.kept}


def damage(state):
    gone = {node for node, silent in state["removed"]}
    return not all(silent for _, silent in state["removed"]) or gone & set(state["alive"]) != set()


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
