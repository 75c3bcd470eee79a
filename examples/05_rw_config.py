"""A config that many tasks read at the same time, and that is reloaded now and then: `RWMutex`.

A request reads two settings that belong together, and awaits in between. The reload waits for the requests
that are reading, the requests that come after it wait for the reload, and nobody sees half of it.

    python examples/05_rw_config.py [--backend asyncio|uvloop|trio|all] [--seconds N]
"""

import anyio

import anymutex

Config = anymutex.Guarded[dict[str, str]]


async def request(number: int, config: Config) -> None:
    async with config.read() as view:
        print(f"request {number} reads")
        host = view.value["host"]
        await anyio.sleep(0.05)  # others read meanwhile
        print(f"request {number} asks {host}:{view.value['port']}")


async def reload(config: Config) -> None:
    async with config as guard:
        print("the reload begins")
        guard.value["host"] = "new.example"
        await anyio.sleep(0.05)  # half of it is done: nobody reads meanwhile
        guard.value["port"] = "443"
        print("the reload ends")


async def main() -> None:
    config = anymutex.Guarded({"host": "old.example", "port": "80"}, lock=anymutex.RWMutex())
    async with anyio.create_task_group() as tasks:
        for number in (1, 2, 3):
            tasks.start_soon(request, number, config)
        await anyio.sleep(0.01)
        tasks.start_soon(reload, config)
        await anyio.sleep(0.01)
        for number in (4, 5, 6):
            tasks.start_soon(request, number, config)


anymutex.run(main)
