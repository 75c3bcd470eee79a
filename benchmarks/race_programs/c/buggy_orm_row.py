"""Support desk with an active-record ORM: an agent edits a ticket while a bot tags it.
RACE: read-modify-write of an ORM row - Model.fetch copies all columns, Model.save writes all of them back
"""

import anyio

TABLES: dict[str, dict[int, dict]] = {}


class Model:
    table = ""
    columns: tuple[str, ...] = ()

    def __init__(self, pk: int, **values) -> None:
        self.pk = pk
        for column in self.columns:
            setattr(self, column, values.get(column))

    @classmethod
    async def fetch(cls, pk: int):
        await anyio.sleep(0.005)
        return cls(pk, **TABLES[cls.table][pk])

    async def save(self) -> None:
        await anyio.sleep(0.005)
        TABLES[self.table][self.pk] = {c: getattr(self, c) for c in self.columns}


class Ticket(Model):
    table = "tickets"
    columns = ("title", "status", "tags")

    def close(self) -> None:
        self.status = "closed"

    def tag(self, name: str) -> None:
        self.tags = [*(self.tags or []), name]


async def agent_closes(pk: int) -> None:
    ticket = await Ticket.fetch(pk)
    await anyio.sleep(0.08)  # writes the final answer
    ticket.close()
    await ticket.save()


async def bot_tags(pk: int) -> None:
    ticket = await Ticket.fetch(pk)
    await anyio.sleep(0.01)  # language model
    ticket.tag("billing")
    await ticket.save()


async def main():
    TABLES.clear()
    TABLES["tickets"] = {1: {"title": "No invoice", "status": "open", "tags": []}}
    async with anyio.create_task_group() as tg:
        tg.start_soon(agent_closes, 1)
        tg.start_soon(bot_tags, 1)
    return dict(TABLES["tickets"][1])


def damage(state) -> bool:
    return state["status"] != "closed" or state["tags"] != ["billing"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
