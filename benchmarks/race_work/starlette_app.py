"""A Starlette application with middleware and state, called in the process by several tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

TASKS = 5


async def show(request: Request) -> Response:
    """Answer with what was asked."""
    request.app.state.shown += 1
    item = request.path_params["item"]
    return JSONResponse(
        {"item": item, "query": dict(request.query_params), "agent": request.headers["agent"]}
    )


async def put(request: Request) -> Response:
    """Keep what was sent."""
    request.app.state.items[request.path_params["item"]] = await request.json()
    return JSONResponse({"kept": len(request.app.state.items)})


def application() -> Starlette:
    """Make the application."""
    item = [Route("/{item:int}", show), Route("/{item:int}", put, methods=["PUT"])]
    app = Starlette(routes=[Mount("/items", routes=item)], middleware=[Middleware(GZipMiddleware)])
    app.state.shown, app.state.items = 0, {}
    return app


async def call(app: Starlette, method: str, path: str, body: bytes = b"") -> int:
    """Call the application as a server would, and return the status of its answer."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "root_path": "",
        "scheme": "http",
        "query_string": b"page=1&size=10",
        "headers": [(b"host", b"example"), (b"agent", b"bench"), (b"content-type", b"application/json")],
        "server": ("example", 80),
        "client": ("client", 1),
    }
    await app(scope, receive, send)
    return statuses[0]


async def main(times: int) -> None:
    """Make `times` pairs of requests in each task."""
    app = application()

    async def ask(task: int) -> None:
        for number in range(times):
            path = f"/items/{task * 100 + number % 100}"
            assert await call(app, "PUT", path, b'{"name": "thing"}') == 200
            assert await call(app, "GET", path) == 200

    async with anyio.create_task_group() as group:
        for task in range(TASKS):
            group.start_soon(ask, task)
