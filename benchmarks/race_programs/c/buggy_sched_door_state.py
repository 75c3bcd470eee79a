"""Smart lock: an auto-lock timer and an app that opens the door for a visitor.
RACE: check-then-act (state machine) - Door.state tested by AutoLock.fire, the bolt is thrown after the motor check
"""

import anyio
from anyio import lowlevel


class Door:
    def __init__(self) -> None:
        self.state = "closed"
        self.bolt = False
        self.crushed = 0

    @property
    def may_bolt(self) -> bool:
        return self.state == "closed"

    def open(self) -> None:
        if not self.bolt:
            self.state = "open"

    def throw_bolt(self) -> None:
        if self.state == "open":
            self.crushed += 1
        self.bolt = True


class AutoLock:
    def __init__(self, door: Door) -> None:
        self.door = door

    async def _motor_ok(self) -> bool:
        await lowlevel.checkpoint()
        return True

    async def fire(self) -> None:
        if self.door.may_bolt and await self._motor_ok():
            self.door.throw_bolt()


class VisitorApp:
    def __init__(self, door: Door) -> None:
        self.door = door

    async def _verify(self, pin: str) -> bool:
        for _ in range(5):
            await lowlevel.checkpoint()
        return pin == "4711"

    async def enter(self, pin: str) -> None:
        if await self._verify(pin):
            self.door.open()


async def main():
    door = Door()
    async with anyio.create_task_group() as tg:
        tg.start_soon(AutoLock(door).fire)
        tg.start_soon(VisitorApp(door).enter, "4711")
    return {"state": door.state, "bolt": door.bolt, "crushed": door.crushed}


def damage(state) -> bool:
    return state["crushed"] > 0


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
