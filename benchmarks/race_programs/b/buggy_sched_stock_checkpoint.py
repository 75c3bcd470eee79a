"""Warehouse: the picking robot and the goods-in desk change the same stock counter.

RACE: lost update - pick() reads `count = bin_.count`, a checkpoint (cooperative pause),
then `bin_.count = count - 1`. By default goods_in() writes many steps later; under
another order of the steps its write falls in the gap and is lost.
"""
import anyio
import anyio.lowlevel


class Bin:
    __slots__ = ("label", "count")

    def __init__(self, label, count):
        self.label = label
        self.count = count


class Robot:
    def __init__(self, warehouse):
        self.warehouse = warehouse
        self.picked = 0

    async def pick(self, label):
        bin_ = self.warehouse[label]
        count = bin_.count
        if count == 0:
            return False
        await anyio.lowlevel.checkpoint()
        bin_.count = count - 1
        self.picked += 1
        return True


class GoodsIn:
    def __init__(self, warehouse):
        self.warehouse = warehouse
        self.received = 0

    async def scan_pallet(self):
        for _ in range(4):
            await anyio.lowlevel.checkpoint()

    async def receive(self, label, qty):
        await self.scan_pallet()
        self.warehouse[label].count += qty
        self.received += qty


async def main():
    warehouse = {"A1": Bin("A1", 10), "B2": Bin("B2", 0)}
    robot, desk = Robot(warehouse), GoodsIn(warehouse)
    async with anyio.create_task_group() as tg:
        tg.start_soon(robot.pick, "A1")
        tg.start_soon(desk.receive, "A1", 5)
    return {"count": warehouse["A1"].count, "expected": 10 - robot.picked + desk.received}


def damage(state):
    return state["count"] != state["expected"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
