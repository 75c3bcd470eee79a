"""Theatre seat booking with a captcha between the free-seat check and the booking.
SAFE BECAUSE: the first check is only advisory; the booking itself claims the seat with setdefault() after the captcha,
and the customer who finds somebody else's name there takes the next free seat in the same atomic step.
"""
import sys

import anyio


class Show:
    __slots__ = ("title", "seats", "bookings")

    def __init__(self, title, seats):
        self.title = title
        self.seats = sorted(seats)
        self.bookings = {}

    def free(self):
        return [s for s in self.seats if s not in self.bookings]


class Captcha:
    async def solve(self, seconds):
        await anyio.sleep(seconds)


class BoxOffice:
    def __init__(self, show, captcha):
        self.show = show
        self.captcha = captcha
        self.confirmations = []

    def _claim(self, seat, customer):
        return self.show.bookings.setdefault(seat, customer) == customer

    async def book(self, customer, seat, thinking):
        if seat in self.show.bookings:
            seat = next(iter(self.show.free()), seat)
        await self.captcha.solve(thinking)
        while not self._claim(seat, customer):
            free = self.show.free()
            if not free:
                return None
            seat = free[0]
        self.confirmations.append((customer, seat))
        return seat


async def walk_in(office, customer, seat, start, thinking):
    await anyio.sleep(start)
    await office.book(customer, seat, thinking)


def damage(office) -> bool:
    wrong = any(office.show.bookings[seat] != who for who, seat in office.confirmations)
    return wrong or len(office.confirmations) != len(office.show.bookings)


async def main():
    office = BoxOffice(Show("Hamlet", ["A1", "A2", "A3"]), Captcha())
    async with anyio.create_task_group() as tg:
        tg.start_soon(walk_in, office, "ann", "A2", 0, 0.01)
        tg.start_soon(walk_in, office, "bob", "A2", 0, 0.02)
        tg.start_soon(walk_in, office, "cid", "A1", 0.005, 0.03)
        tg.start_soon(walk_in, office, "dan", "A2", 0.015, 0.03)
    print(office.confirmations, office.show.bookings, "damage", damage(office))
    return office


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
