"""Three tasks ask for a key that is not there yet: it is loaded three times (iamsinghrajat/async-cache)."""

from __future__ import annotations

import asyncio

from cache import AsyncLRU

loads: list[int] = []


@AsyncLRU(maxsize=8)
async def version_of(name: str) -> tuple[str, int]:
    """Look the version up, which takes a moment."""
    loads.append(len(loads) + 1)
    mine = len(loads)
    await asyncio.sleep(0.01)
    return name, mine


async def main() -> None:
    """Ask three times at once."""
    answers = await asyncio.gather(*(version_of("anyio") for _ in range(3)))
    print("damage:" if len(loads) > 1 else "fine:", f"{len(loads)} loads, {answers}")


if __name__ == "__main__":
    asyncio.run(main())
