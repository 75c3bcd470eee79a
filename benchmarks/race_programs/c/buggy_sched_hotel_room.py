"""Hotel with one room left: a web booking and a phone booking arrive.
RACE: check-then-act (capacity) - Hotel.free tested in both desks, Hotel.occupy after each one's confirmation
"""

import anyio
from anyio import lowlevel


class Hotel:
    def __init__(self, rooms: int) -> None:
        self.rooms = rooms
        self.guests: list[str] = []

    @property
    def free(self) -> int:
        return self.rooms - len(self.guests)

    def occupy(self, guest: str) -> None:
        self.guests.append(guest)


class Desk:
    def __init__(self, hotel: Hotel) -> None:
        self.hotel = hotel
        self.turned_away: list[str] = []

    async def prepare(self, guest: str) -> str:
        return guest

    async def confirm(self, guest: str) -> None:
        await lowlevel.checkpoint()

    async def book(self, guest: str) -> None:
        guest = await self.prepare(guest)
        if self.hotel.free <= 0:
            self.turned_away.append(guest)
            return
        await self.confirm(guest)
        self.hotel.occupy(guest)


class PhoneDesk(Desk):
    async def prepare(self, guest: str) -> str:
        for _ in range(5):  # "how do you spell that?"
            await lowlevel.checkpoint()
        return guest.title()


async def main():
    hotel = Hotel(rooms=1)
    web, phone = Desk(hotel), PhoneDesk(hotel)
    async with anyio.create_task_group() as tg:
        tg.start_soon(web.book, "Grace")
        tg.start_soon(phone.book, "linus")
    return {"guests": hotel.guests, "rooms": hotel.rooms, "away": web.turned_away + phone.turned_away}


def damage(state) -> bool:
    return len(state["guests"]) > state["rooms"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
