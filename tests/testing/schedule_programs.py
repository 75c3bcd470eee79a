"""The programs whose reports are in `tests/golden/`; a report quotes their lines."""

from __future__ import annotations

import asyncio

import anyio
import anyio.lowlevel
import trio

from anymutex import Mutex, SharedMap

counter = 0


async def increment() -> None:
    """Lose an update, with an await between reading and writing."""
    global counter
    before = counter
    await anyio.lowlevel.checkpoint()
    counter = before + 1


async def count() -> None:
    """Count to two, if the tasks take turns."""
    global counter
    counter = 0
    async with anyio.create_task_group() as group:
        group.start_soon(increment, name="first")
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        group.start_soon(increment, name="second")
    assert counter == 2, f"counted {counter}"


async def transfer(source: anyio.Lock, target: anyio.Lock) -> None:
    """Hold both accounts."""
    async with source, target:
        pass


async def bank() -> None:
    """Transfer both ways at a time."""
    x, y = anyio.Lock(), anyio.Lock()
    async with anyio.create_task_group() as group:
        group.start_soon(transfer, x, y, name="x->y")
        group.start_soon(transfer, y, x, name="y->x")


async def nobody_sets_it() -> None:
    """Wait for ever."""
    await anyio.Event().wait()


async def beat() -> None:
    """Go on for ever."""
    while True:  # noqa: ASYNC110  # it waits for nothing
        await anyio.sleep(1)


async def heartbeat() -> None:
    """Wait for ever beside a task that does not."""
    async with anyio.create_task_group() as group:
        group.start_soon(beat)
        await nobody_sets_it()


async def spin() -> None:
    """Wait for what nobody will do, without sleeping."""
    while counter >= 0:
        await anyio.lowlevel.checkpoint()


async def cached() -> None:
    """Load a page once, if nobody asks while it is loaded."""
    pages: SharedMap[str, str] = SharedMap(name="pages")
    loads: list[str] = []

    async def visit() -> None:
        if "home" not in pages:
            await anyio.sleep(0.1)
            loads.append("home")
            pages["home"] = f"load {len(loads)}"

    async with anyio.create_task_group() as group:
        group.start_soon(visit, name="ann")
        group.start_soon(visit, name="bob")
    assert len(loads) == 1, f"{len(loads)} loads:\n" + "\n".join(loads)


async def chat() -> None:
    """Greet the members of a room while one of them leaves."""
    members = SharedMap({"ann": 1, "bob": 2}, name="members")

    async def greet() -> None:
        for _ in members:
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(greet, name="greet")
        await anyio.lowlevel.checkpoint()
        del members["bob"]


async def orders() -> None:
    """Fail in two tasks at once, in one of them because of another error, and hold a lock meanwhile."""
    stock = SharedMap({"tea": 1}, name="stock")
    mux, log = Mutex("mux"), anyio.Lock()

    async def order(thing: str) -> None:
        async with mux:
            try:
                stock[thing] -= 1
            except KeyError as error:
                raise LookupError(f"no {thing}") from error
        async with log:
            await anyio.Event().wait()

    async with anyio.create_task_group() as group:
        for thing in ("tea", "jam", "ham"):
            group.start_soon(order, thing)


async def shutdown() -> None:
    """Stop two workers of a queue with one word for both, with the means of asyncio."""
    jobs: asyncio.Queue[str] = asyncio.Queue(maxsize=1)
    turn = asyncio.Lock()

    async def work() -> None:
        while True:
            async with turn:
                job = await jobs.get()
            if job == "stop":
                return

    workers = [asyncio.create_task(work(), name=name) for name in ("worker 1", "worker 2")]
    await jobs.put("paint")
    await jobs.put("stop")
    await asyncio.gather(*workers)


async def channel() -> None:
    """Receive more than is sent, with the means of trio."""
    send, receive = trio.open_memory_channel[int](0)
    door = trio.Lock()

    async def listen() -> None:
        async with door:
            while True:
                await receive.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        await send.send(1)
        await door.acquire()


async def crowd() -> None:
    """Have many tasks, of which two spoil it."""
    seats = 1

    async def look() -> None:
        await anyio.lowlevel.checkpoint()

    async def sit() -> None:
        nonlocal seats
        if seats:
            await anyio.lowlevel.checkpoint()
            seats -= 1
            assert seats >= 0, "two on one seat"

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(look)
        group.start_soon(sit, name="ann")
        for _ in range(20):
            group.start_soon(look)
        group.start_soon(sit, name="bob, who is always late")


async def polite() -> None:
    """Let the other one go first, both of them."""

    async def pass_by() -> None:
        while counter >= 0:
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(pass_by, name="left")
        group.start_soon(pass_by, name="right")


async def called_back() -> None:
    """Fail in a callback of the loop, with the means of asyncio."""

    def tell() -> None:
        raise ValueError("nobody hears me")

    asyncio.get_running_loop().call_soon(tell)
    await asyncio.sleep(0)


async def cleanup() -> None:
    """Fail, and fail again while cleaning up."""

    async def serve() -> None:
        try:
            await anyio.Event().wait()
        finally:
            raise OSError("the log is closed")

    async with anyio.create_task_group() as group:
        group.start_soon(serve)
        await anyio.lowlevel.checkpoint()
        raise ValueError("not a port: 'http'\nnor a name")


def crossing(here: asyncio.Lock, there: asyncio.Lock, name: str) -> asyncio.Task[None]:
    """Start a task that wants both locks."""

    async def cross() -> None:
        await here.acquire()
        try:
            await asyncio.sleep(0)
            async with there:
                pass
        finally:
            here.release()

    return asyncio.create_task(cross(), name=name)


async def crossroads() -> None:
    """Wait for each other, with the means of asyncio, whose locks have no owner."""
    north, east = asyncio.Lock(), asyncio.Lock()
    cars = crossing(north, east, "red car"), crossing(east, north, "blue car")
    await asyncio.wait(cars)


async def unheard() -> None:
    """Start tasks of asyncio's, one of which fails, and ask none of them how it ended."""

    async def fetch(port: str) -> None:
        await asyncio.sleep(0)
        try:
            int(port)
        except ValueError as error:
            raise LookupError(f"not a port: {port!r}\nnor a name") from error

    fetches = [asyncio.create_task(fetch(port), name=f"port {port}") for port in ("80", "http")]
    await asyncio.sleep(1)
    fetches.clear()
    await asyncio.sleep(0)
