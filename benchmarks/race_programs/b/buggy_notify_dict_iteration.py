"""Alert fan-out: an alert goes to all subscriptions of a topic.

RACE: iteration - `for sub_id, channel in topic.items()` in fan_out() iterates the live dict
across `await channel.push()`; subscribe() adds a key, the iteration raises RuntimeError,
the supervisor swallows it and the remaining subscribers never get the alert.
"""
import anyio


class Channel:
    def __init__(self, latency):
        self.latency = latency
        self.alerts = []

    async def push(self, alert):
        await anyio.sleep(self.latency)
        self.alerts.append(alert)


class Alerts:
    def __init__(self):
        self.topics = {}
        self.errors = []

    def subscribe(self, topic, sub_id, channel):
        self.topics.setdefault(topic, {})[sub_id] = channel

    async def fan_out(self, topic_name, alert):
        topic = self.topics.get(topic_name, {})
        sent = 0
        for sub_id, channel in topic.items():
            await channel.push(alert)
            sent += 1
        return sent


async def supervised(alerts, func, *args):
    try:
        await func(*args)
    except Exception as exc:
        alerts.errors.append(f"{type(exc).__name__}: {exc}")


async def main():
    alerts = Alerts()
    early = {f"s{n}": Channel(0.06) for n in range(3)}
    for sub_id, channel in early.items():
        alerts.subscribe("disk-full", sub_id, channel)

    async def newcomer():
        await anyio.sleep(0.03)
        alerts.subscribe("disk-full", "s9", Channel(0.01))

    async with anyio.create_task_group() as tg:
        tg.start_soon(supervised, alerts, alerts.fan_out, "disk-full", "db1 95%")
        tg.start_soon(newcomer)
    return {"errors": alerts.errors, "received": {s: len(c.alerts) for s, c in early.items()}}


def damage(state):
    return any(n == 0 for n in state["received"].values())


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
