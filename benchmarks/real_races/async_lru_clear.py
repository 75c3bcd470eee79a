"""A cache is cleared while a value is being loaded (aio-libs/async-lru#503, #506)."""

from __future__ import annotations

import asyncio

from async_lru import alru_cache

errors: list[str] = []


@alru_cache
async def load(key: int) -> int:
    """Load the value, which takes a moment."""
    await asyncio.sleep(0.01)
    return key * 2


async def main() -> None:
    """Load, and clear the cache meanwhile."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: errors.append(repr(context.get("exception"))))
    loading = asyncio.create_task(load(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    load.cache_clear()
    done, _ = await asyncio.wait([loading], timeout=0.1)
    print("fine:" if done else "damage: the caller waits for ever,", errors)
    loading.cancel()


if __name__ == "__main__":
    asyncio.run(main())
