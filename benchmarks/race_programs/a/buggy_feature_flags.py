"""Feature-flag client: periodic sync with the server, plus local overrides by an operator.
RACE: lost update - FlagClient.sync copies `self.flags` (# READ), awaits the server's delta, then publishes the merged
copy (# ACT); an override set by the operator during the fetch disappears.
"""
import sys

import anyio


class FlagServer:
    def __init__(self, delta):
        self.delta = delta

    async def fetch(self, since):
        await anyio.sleep(0.08)
        return dict(self.delta), since + 1


class FlagClient:
    def __init__(self, server, defaults):
        self.server = server
        self.flags = dict(defaults)
        self.cursor = 0

    def enabled(self, name):
        return self.flags.get(name, False)

    def override(self, name, value):
        self.flags[name] = value

    async def sync(self):
        merged = {**self.flags}  # READ
        delta, cursor = await self.server.fetch(self.cursor)
        merged |= delta
        self.flags = merged  # ACT
        self.cursor = cursor


class Operator:
    def __init__(self, client):
        self.client = client
        self.actions = []

    async def kill_switch(self, name, after):
        await anyio.sleep(after)
        self.client.override(name, False)
        self.actions.append(("off", name))


class CheckoutView:
    def __init__(self, client):
        self.client = client

    def variant(self):
        return "new" if self.client.enabled("new_checkout") else "classic"


def damage(view) -> bool:
    return view.variant() != "classic"


async def main():
    client = FlagClient(FlagServer({"beta_search": True}), {"new_checkout": True})
    operator, view = Operator(client), CheckoutView(client)
    async with anyio.create_task_group() as tg:
        tg.start_soon(client.sync)
        tg.start_soon(operator.kill_switch, "new_checkout", 0.04)
    print(operator.actions, client.flags, view.variant(), "damage", damage(view))
    return view


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
