"""Cinema booking: is the seat free, confirm the customer, book the seat.

RACE: check-then-act - book() tests `seat in self.bookings`, awaits one checkpoint, then
`self.bookings[seat] = customer`. By default the second customer arrives after the first
has booked; under another order of the steps both book the seat.
"""
import anyio
import anyio.lowlevel


class Hall:
    def __init__(self, seats):
        self.seats = frozenset(seats)
        self.bookings = {}
        self.tickets = []

    async def _confirm(self, customer):
        await anyio.lowlevel.checkpoint()
        return bool(customer)

    async def book(self, seat, customer):
        if seat not in self.seats or seat in self.bookings:
            return None
        if not await self._confirm(customer):
            return None
        self.bookings[seat] = customer
        ticket = (seat, customer)
        self.tickets.append(ticket)
        return ticket


class Customer:
    def __init__(self, name, hall, steps):
        self.name = name
        self.hall = hall
        self.steps = steps

    async def browse(self):
        for _ in range(self.steps):
            await anyio.lowlevel.checkpoint()

    async def run(self, wish):
        await self.browse()
        for seat in wish:
            if await self.hall.book(seat, self.name):
                break


async def main():
    hall = Hall({"A1", "A2", "A3"})
    async with anyio.create_task_group() as tg:
        tg.start_soon(Customer("fay", hall, 0).run, ["A1", "A2"])
        tg.start_soon(Customer("gus", hall, 4).run, ["A1", "A3"])
    return hall.tickets


def damage(state):
    seats = [seat for seat, _ in state]
    return len(seats) != len(set(seats))


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
