"""Warehouse picking stations that share the stock rows; every station has a lock of its own.
RACE: lost update (wrong lock) - StockMixin.read_stock and StockMixin.write_stock under Station.lock, the rows are shared
"""

import anyio

ROWS: dict[str, dict] = {}


class StockMixin:
    def read_stock(self, sku: str) -> int:
        return ROWS[sku]["on_hand"]

    def write_stock(self, sku: str, count: int) -> None:
        ROWS[sku]["on_hand"] = count


class Scanner:
    def __init__(self, delay: float) -> None:
        self.delay = delay

    async def scan(self, sku: str) -> str:
        await anyio.sleep(self.delay)
        return f"ean-{sku}"


class Station(StockMixin):
    def __init__(self, name: str) -> None:
        self.name = name
        self.lock = anyio.Lock()
        self.scanner = Scanner(0.02)
        self.picked: list[str] = []

    async def pick(self, sku: str, count: int) -> bool:
        async with self.lock:
            on_hand = self.read_stock(sku)
            if on_hand < count:
                return False
            label = await self.scanner.scan(sku)
            self.write_stock(sku, on_hand - count)
            self.picked.extend([label] * count)
            return True


async def station_shift(station: Station, tasks: list[tuple[str, int]]) -> None:
    for sku, count in tasks:
        await station.pick(sku, count)


async def main():
    ROWS.clear()
    ROWS["bolt"] = {"on_hand": 10, "bin": "A3"}
    ROWS["nut"] = {"on_hand": 10, "bin": "A4"}
    north, south = Station("north"), Station("south")
    async with anyio.create_task_group() as tg:
        tg.start_soon(station_shift, north, [("bolt", 2), ("nut", 1)])
        tg.start_soon(station_shift, south, [("bolt", 3), ("bolt", 1)])
    picked = len(north.picked) + len(south.picked)
    return {"picked": picked, "left": sum(r["on_hand"] for r in ROWS.values())}


def damage(state) -> bool:
    return state["picked"] + state["left"] != 20


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
