"""Warehouse: the picking robot and the goods-in desk change the same stock counter.

SAFE BECAUSE: pick() takes the piece in the step of its test (`bin_.count -= 1`) and then makes
its checkpoint; goods_in adds with one-step `+=`. Any order of the steps gives the same
sum, and the counter cannot become negative.
"""
import anyio
import anyio.lowlevel


class Bin:
    __slots__ = ("label", "count", "low")

    def __init__(self, label, count):
        self.label = label
        self.count = count
        self.low = count

    def take(self):
        if self.count == 0:
            return False
        self.count -= 1
        self.low = min(self.low, self.count)
        return True


class Robot:
    def __init__(self, warehouse):
        self.warehouse = warehouse
        self.picked = 0

    async def pick(self, label):
        bin_ = self.warehouse[label]
        while not bin_.take():
            await anyio.sleep(0.005)
        await anyio.lowlevel.checkpoint()
        self.picked += 1


class GoodsIn:
    def __init__(self, warehouse):
        self.warehouse = warehouse
        self.received = 0

    async def receive(self, label, pieces):
        for _ in range(pieces):
            await anyio.lowlevel.checkpoint()
            self.warehouse[label].count += 1
            self.received += 1


async def main():
    warehouse = {"A1": Bin("A1", 1)}
    robots, desk = [Robot(warehouse) for _ in range(3)], GoodsIn(warehouse)
    async with anyio.create_task_group() as tg:
        for robot in robots:
            tg.start_soon(robot.pick, "A1")
        tg.start_soon(desk.receive, "A1", 4)
    bin_ = warehouse["A1"]
    return {"count": bin_.count, "low": bin_.low, "picked": sum(r.picked for r in robots)}


def damage(state):
    return state["count"] != 2 or state["picked"] != 3 or state["low"] < 0


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
