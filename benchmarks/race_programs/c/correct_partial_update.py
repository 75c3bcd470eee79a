"""Support desk with an active-record ORM: an agent edits a ticket while a bot tags it.
CORRECT: partial updates - save writes the dirty columns only, and the two tasks own different columns
"""

import anyio

TABLE: dict[int, dict] = {}


class Row:
    def __init__(self, pk: int, values: dict) -> None:
        object.__setattr__(self, "pk", pk)
        object.__setattr__(self, "_values", dict(values))
        object.__setattr__(self, "_dirty", set())

    def __getattr__(self, column: str):
        try:
            return self._values[column]
        except KeyError:
            raise AttributeError(column) from None

    def __setattr__(self, column: str, value) -> None:
        self._values[column] = value
        self._dirty.add(column)

    @classmethod
    async def fetch(cls, pk: int) -> "Row":
        await anyio.sleep(0.005)
        return cls(pk, TABLE[pk])

    async def save(self) -> None:
        await anyio.sleep(0.005)
        changes = {column: self._values[column] for column in self._dirty}
        TABLE[self.pk].update(changes)
        self._dirty.clear()


async def agent_closes(pk: int) -> None:
    ticket = await Row.fetch(pk)
    await anyio.sleep(0.03)
    ticket.status = "closed"
    await ticket.save()


async def bot_tags(pk: int) -> None:
    ticket = await Row.fetch(pk)
    await anyio.sleep(0.01)
    ticket.tags = [*ticket.tags, "billing"]
    await ticket.save()


async def main():
    TABLE.clear()
    TABLE[1] = {"title": "No invoice", "status": "open", "tags": []}
    async with anyio.create_task_group() as tg:
        tg.start_soon(agent_closes, 1)
        tg.start_soon(bot_tags, 1)
    return dict(TABLE[1])


def damage(state) -> bool:
    return state["status"] != "closed" or state["tags"] != ["billing"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
