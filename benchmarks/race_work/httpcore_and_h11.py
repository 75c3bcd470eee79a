"""A pool of connections whose servers answer from memory, asked by several tasks."""

from __future__ import annotations

import anyio
import httpcore

TASKS = 5
ANSWER = [
    b"HTTP/1.1 200 OK\r\nContent-Type: plain/text\r\nContent-Length: 13\r\nConnection: close\r\n\r\n",
    b"Hello, world!",
]


async def main(times: int) -> None:
    """Ask `times` times in each task."""
    backend = httpcore.AsyncMockBackend(ANSWER)
    async with httpcore.AsyncConnectionPool(max_connections=3, network_backend=backend) as pool:

        async def ask(task: int) -> None:
            for number in range(times):
                answer = await pool.request("GET", f"http://host{task}.example/{number % 3}")
                assert answer.content == ANSWER[1]

        async with anyio.create_task_group() as group:
            for task in range(TASKS):
                group.start_soon(ask, task)
