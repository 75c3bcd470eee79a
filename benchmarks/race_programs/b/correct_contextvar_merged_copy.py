"""Structured logging: request fields are kept in a contextvar.

SAFE BECAUSE: bind() does not mutate the inherited dict, it sets a merged copy in the context
of the running task; every request task has its own context, so emit() after the
await sees its own fields.
"""
from contextvars import ContextVar

import anyio

log_fields = ContextVar("log_fields", default={})


class bind:
    def __init__(self, **fields):
        self.fields = fields
        self.token = None

    def __enter__(self):
        self.token = log_fields.set({**log_fields.get(), **self.fields})

    def __exit__(self, *exc):
        log_fields.reset(self.token)


class AuditLog:
    def __init__(self):
        self.lines = []

    def emit(self, event, **extra):
        self.lines.append({**log_fields.get(), **extra, "event": event})


class Documents:
    def __init__(self, **owners):
        self.owner = owners

    async def delete(self, doc, latency):
        await anyio.sleep(latency)
        self.owner.pop(doc, None)


async def delete_document(audit, documents, user, doc, latency):
    with bind(user=user):
        await documents.delete(doc, latency)
        audit.emit("document.deleted", doc=doc, actor_expected=user)


async def main():
    audit = AuditLog()
    documents = Documents(d1="root", d2="root")

    async def request(user, doc, delay, latency):
        await anyio.sleep(delay)
        await delete_document(audit, documents, user, doc, latency)

    with bind(service="docs"):
        async with anyio.create_task_group() as tg:
            tg.start_soon(request, "mallory", "d1", 0, 0.09)
            tg.start_soon(request, "alice", "d2", 0.04, 0.09)
        audit.emit("shutdown", actor_expected=None)
    return audit.lines


def damage(state):
    return len(state) != 3 or any(line.get("user") != line["actor_expected"] for line in state)


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
