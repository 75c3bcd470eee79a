"""WebSocket hub keeping the one live socket of each user; a reconnect replaces the old socket.
SAFE BECAUSE: after the closing handshake the hub removes the entry only if it still is the very socket that was closed;
a replaced socket is closed by connect() itself.
"""
import sys

import anyio


class Socket:
    def __init__(self, label):
        self.label = label
        self.open = True
        self.sent = []

    async def send(self, text):
        await anyio.sleep(0.001)
        self.sent.append(text)

    async def close(self):
        await anyio.sleep(0.02)
        self.open = False


class Hub:
    def __init__(self):
        self._sockets = {}
        self.undeliverable = []

    async def connect(self, user, socket):
        previous = self._sockets.get(user)
        self._sockets[user] = socket
        if previous is not None:
            await previous.close()

    async def disconnect(self, user, socket):
        if self._sockets.get(user) is not socket:
            return
        await socket.close()
        if self._sockets.get(user) is socket:
            self._sockets.pop(user)

    async def notify(self, user, text):
        socket = self._sockets.get(user)
        if socket is None:
            self.undeliverable.append((user, text))
        else:
            await socket.send(text)


async def session(hub, user, socket, start, stay):
    await anyio.sleep(start)
    await hub.connect(user, socket)
    if stay is not None:
        await anyio.sleep(stay)
        await hub.disconnect(user, socket)


def damage(state) -> bool:
    hub, sockets = state
    new = sockets["new"]
    return (new.open and hub._sockets.get("ann") is not new) or "bob" in hub._sockets


async def main():
    hub = Hub()
    sockets = {label: Socket(label) for label in ("old", "new", "bob")}
    async with anyio.create_task_group() as tg:
        tg.start_soon(session, hub, "ann", sockets["old"], 0, 0.01)  # closing during 0.01 .. 0.03
        tg.start_soon(session, hub, "ann", sockets["new"], 0.02, None)
        tg.start_soon(session, hub, "bob", sockets["bob"], 0, 0.005)
        await anyio.sleep(0.06)
        await hub.notify("ann", "hello")
    state = (hub, sockets)
    print({k: (s.open, s.sent) for k, s in sockets.items()}, hub.undeliverable, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
