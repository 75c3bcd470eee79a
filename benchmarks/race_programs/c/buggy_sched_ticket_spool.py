"""Kitchen display: two cooks take order tickets from the rail.
RACE: double take (peek then pop) - Rail.first in Cook.work, Rail.remove_first after reading the ticket
"""

from collections import deque

import anyio
from anyio import lowlevel


class Rail:
    def __init__(self, tickets) -> None:
        self.tickets = deque(tickets)

    def first(self) -> str | None:
        return self.tickets[0] if self.tickets else None

    def remove_first(self) -> None:
        if self.tickets:
            self.tickets.popleft()


class Cook:
    def __init__(self, name: str, rail: Rail, arrives: int) -> None:
        self.name = name
        self.rail = rail
        self.arrives = arrives
        self.cooked: list[str] = []

    async def read(self, ticket: str) -> str:
        await lowlevel.checkpoint()
        return ticket.upper()

    async def come_in(self) -> None:
        for _ in range(self.arrives):
            await lowlevel.checkpoint()

    async def work(self) -> None:
        await self.come_in()
        while (ticket := self.rail.first()) is not None:
            dish = await self.read(ticket)
            self.rail.remove_first()
            self.cooked.append(dish)


async def main():
    rail = Rail(["soup", "fish", "cake"])
    cooks = [Cook("early", rail, 0), Cook("late", rail, 9)]
    async with anyio.create_task_group() as tg:
        for cook in cooks:
            tg.start_soon(cook.work)
    return sorted(dish for cook in cooks for dish in cook.cooked)


def damage(state) -> bool:
    return state != ["CAKE", "FISH", "SOUP"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
