"""Two requests find the token expired, and both spend the one refresh token (authlib/authlib#266)."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from authlib.integrations.httpx_client import AsyncOAuth2Client

refreshes: list[str] = []
LIFE = 3600


async def server(scope: Any, receive: Any, send: Any) -> None:
    """A server in the same process that gives out tokens, and answers everything else with nothing."""
    body = (await receive())["body"].decode()
    await asyncio.sleep(0.01)
    answer: dict[str, Any] = {}
    if scope["path"] == "/token":
        refreshes.append(body)
        number = len(refreshes)
        answer = {"access_token": f"access {number}", "refresh_token": f"refresh {number}"}
        answer |= {"token_type": "Bearer", "expires_in": LIFE}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


async def main() -> None:
    """Ask for two pages at once, with a token that has expired."""
    old = {"access_token": "access 0", "refresh_token": "refresh 0", "token_type": "Bearer"}
    token = {**old, "expires_at": int(time.time()) - 1}
    async with AsyncOAuth2Client(
        "me", "secret", token=token, token_endpoint="http://app/token", app=server
    ) as client:
        await asyncio.gather(*(client.get(f"http://app/page/{number}") for number in range(2)))
    print("damage:" if len(refreshes) > 1 else "fine:", f"{len(refreshes)} refreshes")


if __name__ == "__main__":
    asyncio.run(main())
