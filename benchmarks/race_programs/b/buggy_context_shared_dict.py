"""Structured logging: request fields are kept in a contextvar.

RACE: request state shared - bind() mutates the one dict held by the contextvar (the
tasks inherit the same object); emit() after the await reads fields that another
request's bind() overwrote, and the audit line names the wrong user.
"""
from contextvars import ContextVar

import anyio

log_fields = ContextVar("log_fields")


def bind(**fields):
    log_fields.get().update(fields)


class AuditLog:
    def __init__(self):
        self.lines = []

    def emit(self, event, **extra):
        self.lines.append({**log_fields.get(), **extra, "event": event})


class Documents:
    def __init__(self):
        self.owner = {}

    async def delete(self, doc, latency):
        await anyio.sleep(latency)
        self.owner.pop(doc, None)


async def delete_document(audit, documents, user, doc, latency):
    bind(user=user)
    await documents.delete(doc, latency)
    audit.emit("document.deleted", doc=doc, actor_expected=user)


async def main():
    log_fields.set({"service": "docs"})
    audit = AuditLog()
    documents = Documents()
    documents.owner.update(d1="root", d2="root")

    async def request(user, doc, delay, latency):
        await anyio.sleep(delay)
        await delete_document(audit, documents, user, doc, latency)

    async with anyio.create_task_group() as tg:
        tg.start_soon(request, "mallory", "d1", 0, 0.09)
        tg.start_soon(request, "alice", "d2", 0.04, 0.09)
    return audit.lines


def damage(state):
    return any(line["user"] != line["actor_expected"] for line in state)


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
