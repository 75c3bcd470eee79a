"""A map that knows its mutex: who forgets to take it is told at once, not at the first unlucky moment.

The reader below never awaits in its loop, so no writer can get in: today it would always go well. It breaks
on the day when somebody adds an await. `guarded_by` tells today.

    python examples/04_guarded_by.py [--backend asyncio|uvloop|trio|all] [--seconds N]
"""

import anyio

import anymutex


async def write_loop(m: anymutex.SharedMap[int, int], mux: anymutex.Mutex) -> None:
    while True:
        for i in range(100):
            async with mux:
                m[i] = i


async def read_loop(m: anymutex.SharedMap[int, int]) -> None:
    while True:
        print(sum(m.values()))  # forgot the mutex
        await anyio.sleep(0.1)


async def main() -> None:
    mux = anymutex.Mutex()
    m = anymutex.SharedMap[int, int](guarded_by=mux)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write_loop, m, mux)
        tasks.start_soon(read_loop, m)
        await anyio.sleep_forever()


anymutex.run(main)
