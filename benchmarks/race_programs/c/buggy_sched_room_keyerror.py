"""Video conference: participants change their status while a room may be closed.
RACE: vanished key (KeyError) - Rooms.has in set_status, Rooms.room after the profanity filter; close_room deletes it
"""

import anyio
from anyio import lowlevel


class Rooms:
    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, str]] = {}

    def has(self, name: str) -> bool:
        return name in self._rooms

    def room(self, name: str) -> dict[str, str]:
        return self._rooms[name]

    def create(self, name: str, *people: str) -> None:
        self._rooms[name] = dict.fromkeys(people, "here")

    def remove(self, name: str) -> None:
        self._rooms.pop(name, None)


class Conference:
    def __init__(self) -> None:
        self.rooms = Rooms()
        self.errors: list[str] = []

    async def _filter(self, text: str) -> str:
        await lowlevel.checkpoint()
        return text.replace("damn", "d***")

    async def set_status(self, room: str, who: str, text: str) -> None:
        if not self.rooms.has(room):
            return
        clean = await self._filter(text)
        try:
            self.rooms.room(room)[who] = clean
        except KeyError as exc:
            self.errors.append(f"500 {exc}")

    async def close_room(self, room: str) -> None:
        for _ in range(6):  # wait for the recorder to finish
            await lowlevel.checkpoint()
        self.rooms.remove(room)


async def main():
    conference = Conference()
    conference.rooms.create("standup", "ann", "bob")
    async with anyio.create_task_group() as tg:
        tg.start_soon(conference.set_status, "standup", "ann", "damn coffee")
        tg.start_soon(conference.close_room, "standup")
    return {"errors": conference.errors}


def damage(state) -> bool:
    return bool(state["errors"])


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
