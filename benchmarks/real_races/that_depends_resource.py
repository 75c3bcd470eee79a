"""Two requests ask for the same pool at once, and it is opened twice (modern-python/that-depends#69)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from that_depends import BaseContainer, providers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

opened: list[str] = []


async def pool() -> AsyncIterator[str]:
    """Open a pool of connections, which takes a moment."""
    opened.append(f"pool {len(opened) + 1}")
    mine = opened[-1]
    await anyio.sleep(0.01)
    yield mine


class Container(BaseContainer):
    """What the application needs."""

    pool = providers.AsyncResource(pool)


async def request() -> None:
    """Handle one request."""
    await Container.pool.async_resolve()


async def main() -> None:
    """Handle two at once."""
    async with anyio.create_task_group() as group:
        group.start_soon(request)
        group.start_soon(request)
    print("damage:" if len(opened) > 1 else "fine:", f"{len(opened)} pools were opened")
    await Container.tear_down()


if __name__ == "__main__":
    anyio.run(main)
