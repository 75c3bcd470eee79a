"""Two-stage build: the compiler and the packager take turns on one shared workspace.
CORRECT: hand-off - events order the stages, each one has the workspace for itself over its awaits
"""

from dataclasses import dataclass, field

import anyio


@dataclass
class Workspace:
    files: list[str] = field(default_factory=list)
    size: int = 0

    def resize(self, size: int) -> None:
        self.size = size


class Turn:
    def __init__(self) -> None:
        self.sources_ready = anyio.Event()
        self.objects_ready = anyio.Event()


async def checkout(ws: Workspace, turn: Turn) -> None:
    size = ws.size
    for name in ("a.c", "b.c"):
        await anyio.sleep(0.005)
        ws.files.append(name)
    ws.resize(size + 2)
    turn.sources_ready.set()


async def compile_all(ws: Workspace, turn: Turn) -> None:
    await turn.sources_ready.wait()
    size = ws.size
    for name in ws.files:
        await anyio.sleep(0.004)
        size += len(name)
    ws.files = [name.replace(".c", ".o") for name in ws.files]
    ws.resize(size)
    turn.objects_ready.set()


async def package(ws: Workspace, turn: Turn) -> None:
    await turn.objects_ready.wait()
    size = ws.size
    await anyio.sleep(0.003)
    ws.files.append("app.tar")
    ws.resize(size + 10)


async def main():
    ws, turn = Workspace(), Turn()
    async with anyio.create_task_group() as tg:
        tg.start_soon(package, ws, turn)
        tg.start_soon(compile_all, ws, turn)
        tg.start_soon(checkout, ws, turn)
    return {"files": ws.files, "size": ws.size}


def damage(state) -> bool:
    return state != {"files": ["a.o", "b.o", "app.tar"], "size": 18}


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
