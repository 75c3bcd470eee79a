"""The two programs that the demo runs: those of `examples/`, with counters, and printing into nowhere.

Rule 1. The null device is written through a real await, as a program prints on stdout.
Rule 2. Go takes the processor away from a loop; async Python does not. So each loop has a checkpoint where it
        would freeze all the others: the writer after each write, the reader after each pass, for over
        an empty map its loop body, and the await in it, never runs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

import anyio
from anyio.lowlevel import checkpoint

from anymutex.primitives.sharedmap import SharedMap

if TYPE_CHECKING:
    from anymutex.doors.demo_counts import Counts
    from anymutex.primitives.mutex import Mutex

Map: TypeAlias = "SharedMap[int, int]"
Output: TypeAlias = "anyio.AsyncFile[str]"


async def broken(counts: Counts) -> None:
    """Program 1: nothing guards the map."""
    m: Map = SharedMap(name="m")
    async with await anyio.open_file(os.devnull, "w") as output, anyio.create_task_group() as tasks:
        tasks.start_soon(write_loop, m, counts)
        tasks.start_soon(read_loop, m, output, counts)


async def write_loop(m: Map, counts: Counts) -> None:
    """Write 100 keys, for ever."""
    while True:
        for i in range(100):
            m[i] = i
            counts.writes += 1
            await checkpoint()


async def read_loop(m: Map, output: Output, counts: Counts) -> None:
    """Iterate over the map, for ever."""
    while True:
        for k, v in m.items():
            counts.reads += 1
            await output.write(f"{k} - {v}\n")
        await checkpoint()


async def cured(mux: anyio.Lock | Mutex, counts: Counts) -> None:
    """Program 2: the same with one mutex."""
    m: Map = SharedMap(name="m")
    async with await anyio.open_file(os.devnull, "w") as output, anyio.create_task_group() as tasks:
        tasks.start_soon(locked_write_loop, m, mux, counts)
        tasks.start_soon(locked_read_loop, m, mux, output, counts)


async def locked_write_loop(m: Map, mux: anyio.Lock | Mutex, counts: Counts) -> None:
    """Hold the mutex for each single write."""
    while True:
        for i in range(100):
            async with counts.timing(mux):
                m[i] = i
                counts.writes += 1


async def locked_read_loop(m: Map, mux: anyio.Lock | Mutex, output: Output, counts: Counts) -> None:
    """Hold the mutex for the whole iteration, awaits included."""
    while True:
        async with counts.timing(mux):
            for k, v in m.items():
                await output.write(f"{k} - {v}\n")
            counts.passes += 1
