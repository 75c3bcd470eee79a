"""WebSocket hub keeping the one live socket of each user; a reconnect replaces the old socket.
RACE: acting on a replaced item - Hub.disconnect verifies that the socket is the registered one (# READ), awaits the
closing handshake, then pops the user (# ACT); the socket that reconnected meanwhile is unregistered, messages are lost.
"""
import sys

import anyio


class Socket:
    def __init__(self, label):
        self.label = label
        self.open = True
        self.sent = []

    async def send(self, text):
        await anyio.sleep(0.004)
        self.sent.append(text)

    async def close(self):
        await anyio.sleep(0.08)
        self.open = False


class Hub:
    def __init__(self):
        self._sockets = {}
        self.undeliverable = []

    def connect(self, user, socket):
        self._sockets[user] = socket

    def is_current(self, user, socket):
        return self._sockets.get(user) is socket  # READ

    async def disconnect(self, user, socket):
        if not self.is_current(user, socket):
            return
        await socket.close()
        self._sockets.pop(user, None)  # ACT

    async def notify(self, user, text):
        socket = self._sockets.get(user)
        if socket is None:
            self.undeliverable.append((user, text))
        else:
            await socket.send(text)


async def session(hub, user, socket, start, stay):
    await anyio.sleep(start)
    hub.connect(user, socket)
    await anyio.sleep(stay)
    if stay < 0.2:
        await hub.disconnect(user, socket)


def damage(state) -> bool:
    hub, new = state
    return new.open and bool(hub.undeliverable)


async def main():
    hub, old, new = Hub(), Socket("old"), Socket("new")
    async with anyio.create_task_group() as tg:
        tg.start_soon(session, hub, "ann", old, 0, 0.04)  # closes during 0.04 .. 0.12
        tg.start_soon(session, hub, "ann", new, 0.08, 0.2)
        await anyio.sleep(0.2)
        await hub.notify("ann", "hello")
    print("new socket got", new.sent, "undeliverable", hub.undeliverable, "damage", damage((hub, new)))
    return hub, new


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
