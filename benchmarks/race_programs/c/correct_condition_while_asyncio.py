"""Print server: printers sleep until a job arrives.
CORRECT: condition with a while loop - the sheet is taken under the condition before the printer warms up
"""

import asyncio


class Tray:
    def __init__(self) -> None:
        self.sheets: list[str] = []
        self.closed = False
        self._cond = asyncio.Condition()

    async def load(self, sheet: str) -> None:
        async with self._cond:
            self.sheets.append(sheet)
            self._cond.notify_all()

    async def close(self) -> None:
        async with self._cond:
            self.closed = True
            self._cond.notify_all()

    async def take(self) -> str | None:
        async with self._cond:
            while not self.sheets:
                if self.closed:
                    return None
                await self._cond.wait()
            return self.sheets.pop(0)


class Printer:
    def __init__(self, name: str, tray: Tray) -> None:
        self.name = name
        self.tray = tray
        self.warm = False
        self.printed: list[str] = []

    async def warm_up(self) -> None:
        if not self.warm:
            await asyncio.sleep(0.01)
            self.warm = True

    async def loop(self) -> None:
        while (sheet := await self.tray.take()) is not None:
            await self.warm_up()
            await asyncio.sleep(0.003)
            self.printed.append(sheet.strip())


async def office(tray: Tray) -> None:
    for n in range(6):
        await asyncio.sleep(0.002)
        await tray.load(f" page-{n} ")
    await tray.close()


async def main():
    tray = Tray()
    printers = [Printer(name, tray) for name in ("laser", "inkjet", "plotter")]
    await asyncio.gather(office(tray), *(p.loop() for p in printers))
    return sorted(sheet for p in printers for sheet in p.printed)


def damage(state) -> bool:
    return state != [f"page-{n}" for n in range(6)]


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
