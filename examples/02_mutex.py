"""Program 2: the first one, cured by a mutex, here a plain `anyio.Lock`. It runs until you stop it.

Run it, either way:

    python examples/02_mutex.py [--backend asyncio|uvloop|trio|all] [--seconds N]
    anymutex run examples/02_mutex.py [the same]
"""

import sys

import anyio

import anymutex

stdout = anyio.wrap_file(sys.stdout)


async def write_loop(m: anymutex.SharedMap[int, int], mux: anyio.Lock) -> None:
    while True:
        for i in range(100):
            async with mux:  # taking it is a checkpoint, so the loop needs no other
                m[i] = i


async def read_loop(m: anymutex.SharedMap[int, int], mux: anyio.Lock) -> None:
    while True:
        async with mux:  # over the whole iteration, awaits included
            for k, v in m.items():
                await stdout.write(f"{k} - {v}\n")


async def main() -> None:
    m = anymutex.SharedMap[int, int]()
    mux = anyio.Lock()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write_loop, m, mux)
        tasks.start_soon(read_loop, m, mux)
        await anyio.sleep_forever()


anymutex.run(main)
