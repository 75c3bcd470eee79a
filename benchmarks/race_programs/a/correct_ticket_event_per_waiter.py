"""Print-shop counter: customers draw a ticket and wait until the clerk calls exactly this ticket.
SAFE BECAUSE: each waiter has an own event in its own dict slot; drawing a ticket is one atomic step, and a call before the
customer starts to wait is remembered by the set event.
"""
import sys

import anyio


class Counter:
    def __init__(self):
        self._next = 1
        self._waiting = {}
        self.called = []
        self.abandoned = []

    @property
    def queue_length(self):
        return len(self._waiting)

    def draw(self):
        number = self._next
        self._next += 1
        event = self._waiting[number] = anyio.Event()
        return number, event

    def call_next(self):
        if not self._waiting:
            return None
        number = min(self._waiting)
        self._waiting.pop(number).set()
        self.called.append(number)
        return number

    def give_up(self, number):
        if self._waiting.pop(number, None) is not None:
            self.abandoned.append(number)


class Customer:
    def __init__(self, name, counter, patience):
        self.name = name
        self.counter = counter
        self.patience = patience
        self.served = False
        self.ticket = None

    async def visit(self, start):
        await anyio.sleep(start)
        ahead = self.counter.queue_length
        self.ticket, event = self.counter.draw()
        await anyio.sleep(0.003 * ahead)  # looks at the posters
        with anyio.move_on_after(self.patience):
            await event.wait()
        if event.is_set():
            self.served = True
        else:
            self.counter.give_up(self.ticket)


async def clerk(counter, customers):
    while any(c.ticket is None for c in customers) or counter.queue_length:
        await anyio.sleep(0.008)
        counter.call_next()


def damage(state) -> bool:
    counter, customers = state
    served = {c.ticket for c in customers if c.served}
    return served != set(counter.called) or len(served) + len(counter.abandoned) != len(customers)


async def main():
    counter = Counter()
    customers = [Customer(n, counter, p) for n, p in (("ann", 1), ("bob", 1), ("cid", 0.006), ("dan", 1))]
    async with anyio.create_task_group() as tg:
        tg.start_soon(clerk, counter, customers)
        for i, customer in enumerate(customers):
            tg.start_soon(customer.visit, 0.001 * i)
    state = (counter, customers)
    print([(c.name, c.ticket, c.served) for c in customers], counter.abandoned, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
