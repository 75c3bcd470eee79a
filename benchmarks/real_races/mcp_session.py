"""The server goes away while three requests wait for it, and the client session breaks (mcp 1.26.0)."""

from __future__ import annotations

import anyio
from mcp.client.session import ClientSession
from mcp.shared.exceptions import McpError
from mcp.shared.memory import create_client_server_memory_streams

REQUESTS = 3
ended: list[str] = []


async def request(session: ClientSession) -> None:
    """Ask, and be told that nobody is there any more."""
    try:
        await session.send_ping()
    except McpError as error:
        ended.append(str(error))


async def talk() -> None:
    """Have all requests under way, then hang up."""
    async with (
        create_client_server_memory_streams() as (client_streams, (from_client, to_client)),
        ClientSession(*client_streams) as session,
        anyio.create_task_group() as group,
    ):
        for _ in range(REQUESTS):
            group.start_soon(request, session)
        for _ in range(REQUESTS):
            await from_client.receive()
        await to_client.aclose()


async def main() -> None:
    """Say how that ended."""
    try:
        with anyio.fail_after(5):
            await talk()
    except BaseExceptionGroup as group:
        print("damage:", repr(group))
    else:
        print("fine:", ended)


if __name__ == "__main__":
    anyio.run(main)
