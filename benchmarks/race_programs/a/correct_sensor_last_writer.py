"""Weather station: several sensors publish to one "latest" slot and the display shows whatever came last.
SAFE BECAUSE: last writer wins by intention: the reading is taken from the sensor after the await, and the old value, read
before, goes only into the log line; nothing that is stored is derived from it.
"""
import sys
from dataclasses import dataclass

import anyio


@dataclass(frozen=True)
class Reading:
    sensor: str
    sequence: int
    value: float


class Sensor:
    def __init__(self, name, period, base):
        self.name = name
        self.period = period
        self.base = base
        self._n = 0

    async def read(self):
        await anyio.sleep(self.period)
        self._n += 1
        return Reading(self.name, self._n, self.base + self._n / 10)


class Board:
    __slots__ = ("latest", "per_sensor")

    def __init__(self):
        self.latest = None
        self.per_sensor = {}

    def publish(self, reading):
        self.latest = reading
        self.per_sensor[reading.sensor] = reading


class Station:
    def __init__(self, board):
        self.board = board
        self.log = []
        self.order = []

    async def follow(self, sensor, count):
        for _ in range(count):
            previous = self.board.latest
            reading = await sensor.read()
            self.board.publish(reading)
            self.order.append(reading)
            self.log.append(f"{previous and previous.sensor}: {reading.sensor}")


class Display:
    def __init__(self, board):
        self.board = board
        self.frames = []

    async def run(self, frames):
        for _ in range(frames):
            await anyio.sleep(0.007)
            reading = self.board.latest
            self.frames.append(reading and reading.value)


def damage(station) -> bool:
    board = station.board
    stale = any(board.per_sensor[r.sensor].sequence < r.sequence for r in station.order)
    return stale or board.latest != station.order[-1]


async def main():
    station = Station(Board())
    display = Display(station.board)
    async with anyio.create_task_group() as tg:
        tg.start_soon(station.follow, Sensor("roof", 0.005, 10.0), 5)
        tg.start_soon(station.follow, Sensor("yard", 0.008, 20.0), 3)
        tg.start_soon(display.run, 4)
    print(station.log, display.frames, station.board.latest, "damage", damage(station))
    return station


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
