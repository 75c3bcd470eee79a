"""Product catalogue with single-flight loading through futures (plain asyncio).
SAFE BECAUSE: the future is put into `_flights` in the same step in which its absence is seen; it is removed by its own
done callback only if the slot still holds this future, and invalidation just drops the slot.
"""
import asyncio

import anyio


class Backend:
    def __init__(self):
        self.prices = {"lamp": 40, "desk": 150}
        self.loads = 0

    async def load(self, sku):
        self.loads += 1
        await asyncio.sleep(0.01)
        return self.prices[sku]


class Catalogue:
    def __init__(self, backend):
        self.backend = backend
        self._flights = {}
        self.dropped = 0
        self.repriced = False

    def _forget(self, sku, task):
        if self._flights.get(sku) is task:
            del self._flights[sku]
        else:
            self.dropped += 1

    def invalidate(self, sku):
        self._flights.pop(sku, None)

    def set_price(self, sku, price):
        self.backend.prices[sku] = price
        self.repriced = True
        self.invalidate(sku)

    async def price(self, sku):
        task = self._flights.get(sku)
        if task is None:
            task = self._flights[sku] = asyncio.create_task(self.backend.load(sku))
            task.add_done_callback(lambda t: self._forget(sku, t))
        return await asyncio.shield(task)


async def shopper(catalogue, sku, start, seen):
    await asyncio.sleep(start)
    repriced = catalogue.repriced
    seen.append((sku, repriced, await catalogue.price(sku)))


async def merchant(catalogue, sku, price, start):
    await asyncio.sleep(start)
    catalogue.set_price(sku, price)


def damage(state) -> bool:
    catalogue, seen = state
    late = [price for sku, repriced, price in seen if sku == "lamp" and repriced]
    return any(p != 35 for p in late) or bool(catalogue._flights) or len(seen) != 6


async def main():
    catalogue = Catalogue(Backend())
    seen = []
    await asyncio.gather(
        shopper(catalogue, "lamp", 0, seen),
        shopper(catalogue, "lamp", 0.003, seen),
        merchant(catalogue, "lamp", 35, 0.005),
        shopper(catalogue, "lamp", 0.007, seen),
        shopper(catalogue, "lamp", 0.012, seen),
        shopper(catalogue, "desk", 0.002, seen),
        shopper(catalogue, "desk", 0.004, seen),
    )
    state = (catalogue, seen)
    print(seen, "loads", catalogue.backend.loads, "dropped", catalogue.dropped, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend="asyncio")
