"""Telemetry window (low, high): two detectors widen it from different sides.

RACE: lost update - `low, high = self.window` in observe() unpacks the shared pair, the
calibration is awaited, then `self.window = (low, max(high, value))` writes both halves;
the half that another task widened meanwhile shrinks again.
"""
import anyio


class Calibration:
    def __init__(self, table):
        self.table = table

    async def correct(self, sensor, raw):
        offset, latency = self.table[sensor]
        await anyio.sleep(latency)
        return raw + offset


class RangeTracker:
    def __init__(self, calibration, start):
        self.calibration = calibration
        self.window = (start, start)
        self.values = [start]

    async def observe(self, sensor, raw):
        low, high = self.window
        value = await self.calibration.correct(sensor, raw)
        self.values.append(value)
        if value < low:
            self.window = (value, high)
        elif value > high:
            self.window = (low, value)

    @property
    def span(self):
        low, high = self.window
        return high - low


async def sensor_loop(tracker, name, start, readings):
    await anyio.sleep(start)
    for raw in readings:
        await tracker.observe(name, raw)


async def main():
    calibration = Calibration({"hot": (2, 0.09), "cold": (-1, 0.03)})
    tracker = RangeTracker(calibration, 20)
    async with anyio.create_task_group() as tg:
        tg.start_soon(sensor_loop, tracker, "hot", 0, [48])
        tg.start_soon(sensor_loop, tracker, "cold", 0.02, [6])
    return {"window": tracker.window, "values": tracker.values}


def damage(state):
    return state["window"] != (min(state["values"]), max(state["values"]))


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
