"""Theatre seat booking with a captcha between the free-seat check and the booking.
RACE: check-then-act - BoxOffice.book tests `seat in self.show.bookings` (# READ), awaits the captcha, then assigns
`bookings[seat] = customer` (# ACT); the second customer silently overwrites the first one's confirmed seat.
"""
import sys

import anyio


class SeatTaken(Exception):
    pass


class Show:
    __slots__ = ("title", "seats", "bookings")

    def __init__(self, title, seats):
        self.title = title
        self.seats = frozenset(seats)
        self.bookings = {}

    def free(self):
        return self.seats - self.bookings.keys()


class Captcha:
    async def solve(self, seconds):
        await anyio.sleep(seconds)
        return True


class BoxOffice:
    def __init__(self, show, captcha):
        self.show = show
        self.captcha = captcha
        self.confirmations = []

    def _assert_free(self, seat):
        if seat in self.show.bookings:  # READ
            raise SeatTaken(seat)

    def _confirm(self, seat, customer):
        self.show.bookings[seat] = customer  # ACT
        self.confirmations.append((customer, seat))

    async def book(self, customer, seat, thinking):
        try:
            self._assert_free(seat)
            await self.captcha.solve(thinking)
            self._confirm(seat, customer)
        except SeatTaken:
            alternative = min(self.show.free())
            self._confirm(alternative, customer)


def damage(office) -> bool:
    return any(office.show.bookings[seat] != who for who, seat in office.confirmations)


async def main():
    office = BoxOffice(Show("Hamlet", ["A1", "A2", "A3"]), Captcha())
    async with anyio.create_task_group() as tg:
        tg.start_soon(office.book, "ann", "A2", 0.04)
        tg.start_soon(office.book, "bob", "A2", 0.08)
    print(office.confirmations, office.show.bookings, "damage", damage(office))
    return office


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
