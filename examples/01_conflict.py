"""Program 1: one task writes a map, another iterates over it, and nothing guards it. It dies, as in Go.

Run it, either way:

    python examples/01_conflict.py [--backend asyncio|uvloop|trio|all] [--seconds N]
    anymutex run examples/01_conflict.py [the same]
"""

import sys

import anyio
from anyio.lowlevel import checkpoint

import anymutex

stdout = anyio.wrap_file(sys.stdout)


async def write_loop(m: anymutex.SharedMap[int, int]) -> None:
    while True:
        for i in range(100):
            m[i] = i
            # Go may stop a goroutine anywhere; a task stops only at an await. Without this one
            # nobody else would ever run again.
            await checkpoint()


async def read_loop(m: anymutex.SharedMap[int, int]) -> None:
    while True:
        for k, v in m.items():
            await stdout.write(f"{k} - {v}\n")  # here the writer gets in
        # While the map is empty the loop above has no body, and so no await, and would freeze everything.
        await checkpoint()


async def main() -> None:
    m = anymutex.SharedMap[int, int]()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write_loop, m)
        tasks.start_soon(read_loop, m)
        await anyio.sleep_forever()


anymutex.run(main)
