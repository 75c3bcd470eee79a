"""A/B testing: a new visitor goes to the variant with the fewest participants.

RACE: check-then-act - assign() computes `min(variants, key=...)` from the sizes, the
profile lookup is awaited, then the stale choice is recorded; a variant exceeds its cap.
"""
from collections import Counter

import anyio


class Profiles:
    async def eligible(self, visitor):
        await anyio.sleep(0.06)
        return not visitor.startswith("bot")


class Experiment:
    def __init__(self, name, caps):
        self.name = name
        self.caps = caps
        self.sizes = Counter({v: 0 for v in caps})
        self.members = {}

    def smallest(self):
        open_variants = [v for v in self.caps if self.sizes[v] < self.caps[v]]
        if not open_variants:
            return None
        return min(open_variants, key=lambda v: (self.sizes[v], v))

    def enroll(self, visitor, variant):
        self.members[visitor] = variant
        self.sizes[variant] += 1


async def assign(experiment, profiles, visitor):
    if visitor in experiment.members:
        return experiment.members[visitor]
    variant = experiment.smallest()
    if variant is None:
        return "control"
    if not await profiles.eligible(visitor):
        return "control"
    experiment.enroll(visitor, variant)
    return variant


async def main():
    experiment = Experiment("checkout-button", {"blue": 1, "green": 1})
    profiles = Profiles()

    async def visit(name, delay):
        await anyio.sleep(delay)
        await assign(experiment, profiles, name)

    async with anyio.create_task_group() as tg:
        tg.start_soon(visit, "v1", 0)
        tg.start_soon(visit, "v2", 0.02)
        tg.start_soon(visit, "bot3", 0.03)
    return {"sizes": dict(experiment.sizes), "caps": experiment.caps}


def damage(state):
    return any(state["sizes"][v] > cap for v, cap in state["caps"].items())


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
