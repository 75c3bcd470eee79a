"""Two consumers listen to a channel; one gets the message, the other is cancelled (django/channels#1976)."""

from __future__ import annotations

import asyncio

from channels.layers import InMemoryChannelLayer

CHANNEL = "news"


async def main() -> None:
    """Send one message to two who wait for it, and let the other one go."""
    layer = InMemoryChannelLayer()
    first = asyncio.create_task(layer.receive(CHANNEL), name="first")
    second = asyncio.create_task(layer.receive(CHANNEL), name="second")
    await asyncio.sleep(0)
    await layer.send(CHANNEL, {"type": "news"})
    await first
    second.cancel()
    (outcome,) = await asyncio.gather(second, return_exceptions=True)
    harmless = isinstance(outcome, asyncio.CancelledError)
    print("fine:" if harmless else "damage:", f"the cancelled consumer ended with {outcome!r}")


if __name__ == "__main__":
    asyncio.run(main())
