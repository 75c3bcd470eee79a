"""Print server: two printers sleep until a job arrives.
RACE: check-then-act after a wake-up - Tray.wait wakes both printers, Printer.loop takes the sheet after warming up without a second look
"""

import asyncio


class Tray:
    def __init__(self) -> None:
        self.sheet: str | None = None
        self.loaded = asyncio.Event()

    def load(self, sheet: str) -> None:
        self.sheet = sheet
        self.loaded.set()

    async def wait(self) -> bool:
        await self.loaded.wait()
        return self.sheet is not None

    def unload(self) -> str | None:
        sheet, self.sheet = self.sheet, None
        self.loaded.clear()
        return sheet


class Printer:
    def __init__(self, name: str, tray: Tray) -> None:
        self.name = name
        self.tray = tray
        self.printed: list[str] = []
        self.jams = 0

    async def loop(self) -> None:
        if await self.tray.wait():
            await self.warm_up()
            sheet = self.tray.unload()
            try:
                self.printed.append(sheet.strip())
            except AttributeError:
                self.jams += 1

    async def warm_up(self) -> None:
        await asyncio.sleep(0.02)


async def main():
    tray = Tray()
    printers = [Printer("laser", tray), Printer("inkjet", tray)]
    jobs = [asyncio.create_task(p.loop()) for p in printers]
    await asyncio.sleep(0.01)
    tray.load(" invoice ")
    await asyncio.wait(jobs, timeout=0.2)
    for job in jobs:
        job.cancel()
    return {p.name: (p.printed, p.jams) for p in printers}


def damage(state) -> bool:
    return any(jams for _, jams in state.values())


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
