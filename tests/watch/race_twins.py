"""Programs with an await race, each with look-alikes that differ from it in one place and have none.

They are written as those of `race_programs` are.
"""

from __future__ import annotations

from typing import NamedTuple


class Twins(NamedTuple):
    """A racy program and its look-alikes."""

    rule: str
    race: str
    clean: dict[str, tuple[str, str]]
    """What is different, as what is replaced by what."""

    def look_alikes(self) -> dict[str, str]:
        """The programs that have no race."""
        assert all(old in self.race for old, _ in self.clean.values())
        return {name: self.race.replace(old, new) for name, (old, new) in self.clean.items()}


TWINS: dict[str, Twins] = {
    "a decision that a local name keeps": Twins(
        "check-then-act",
        """
class Coupons:
    def __init__(self, limit):
        self.limit = limit
        self.uses = {}

    def is_left(self, code):
        return self.uses.get(code, 0) < self.limit

    def redeem(self, code):
        self.uses[code] = self.uses.get(code, 0) + 1


coupons = Coupons(1)


async def order():
    discount = 0
    if coupons.is_left("c"):
        discount = 10
    await checkpoint()
    if discount:
        coupons.redeem("c")


async def main():
    await both(order, order)
""",
        {
            "and that holds still": ("Coupons(1)", "Coupons(2)"),
            "made again": (
                "    await checkpoint()\n",
                '    await checkpoint()\n    discount = 10 if coupons.is_left("c") else 0\n',
            ),
            "and the act is done in any case": (
                "        discount = 10\n",
                "        discount = 10\n    else:\n        discount = 1\n",
            ),
            "a name of another meaning after it": (
                '    if discount:\n        coupons.redeem("c")',
                '    discount = 5\n    if discount:\n        coupons.redeem("c")',
            ),
        },
    ),
    "a decision that a flag keeps, the other way round": Twins(
        "check-then-act",
        """
class Coupons:
    def __init__(self, limit):
        self.limit = limit
        self.uses = {}

    def is_left(self, code):
        return self.uses.get(code, 0) < self.limit

    def redeem(self, code):
        self.uses[code] = self.uses.get(code, 0) + 1


coupons = Coupons(1)


async def order():
    refused = True
    if coupons.is_left("c"):
        refused = False
    await checkpoint()
    if refused:
        return
    coupons.redeem("c")


async def main():
    await both(order, order)
""",
        {
            "and that holds still": ("Coupons(1)", "Coupons(2)"),
        },
    ),
    "a leave that is taken back": Twins(
        "check-then-act",
        """
class Coupons:
    def __init__(self, limit):
        self.limit = limit
        self.uses = {}

    def is_left(self, code):
        return self.uses.get(code, 0) < self.limit

    def redeem(self, code):
        self.uses[code] = self.uses.get(code, 0) + 1


coupons = Coupons(1)


async def order():
    is_allowed = True
    if not coupons.is_left("c"):
        is_allowed = False
    await checkpoint()
    if is_allowed:
        coupons.redeem("c")


async def main():
    await both(order, order)
""",
        {"and that holds still": ("Coupons(1)", "Coupons(2)")},
    ),
    "a decision that None keeps, and one test of two": Twins(
        "check-then-act",
        """
class Coupons:
    def __init__(self, limit):
        self.limit = limit
        self.uses = {}

    def is_left(self, code):
        return self.uses.get(code, 0) < self.limit

    def redeem(self, code):
        self.uses[code] = self.uses.get(code, 0) + 1


coupons = Coupons(1)


async def order():
    found = None
    if coupons.is_left("c"):
        found = "c"
    await checkpoint()
    if not (found is None or not coupons.limit):
        coupons.redeem("c")


async def main():
    await both(order, order)
""",
        {
            "and that holds still": ("Coupons(1)", "Coupons(2)"),
            "and the act is done in any case": (
                "if not (found is None or not coupons.limit):",
                "if found is not None or coupons.limit:",
            ),
        },
    ),
    "the first of a heap": Twins(
        "check-then-act",
        """
import heapq

jobs = [(2, "late")]
done = []


async def work():
    when, job = jobs[0]
    await window()
    done.append(job)
    heapq.heappop(jobs)


async def plan():
    heapq.heappush(jobs, (1, "early"))


async def main():
    await meanwhile(work, plan)
""",
        {
            "which is first still": ('(1, "early")', '(3, "later")'),
            "looked at again": (
                "    done.append(job)\n    heapq.heappop(jobs)",
                "    if jobs[0] == (when, job):\n        heapq.heappop(jobs)",
            ),
        },
    ),
    "the first of a list that is kept sorted": Twins(
        "check-then-act",
        """
import bisect

jobs = [(2, "late")]
done = []


async def work():
    when, job = jobs[0]
    await window()
    done.append(job)
    jobs.pop(0)


async def plan():
    bisect.insort(jobs, (1, "early"))


async def main():
    await meanwhile(work, plan)
""",
        {
            "which is first still": ('(1, "early")', '(3, "later")'),
        },
    ),
    "the first of a list that is shuffled": Twins(
        "check-then-act",
        """
import random

cards = [1, 2]
played = []


async def play():
    card = cards[0]
    await window()
    played.append(card)
    cards.pop(0)


async def shuffle():
    while cards[0] == 1:
        random.shuffle(cards)


async def main():
    await meanwhile(play, shuffle)
""",
        {
            "and comes to lie as before": (
                "while cards[0] == 1:\n        random.shuffle(cards)",
                "random.shuffle(cards)\n    cards.sort()",
            ),
        },
    ),
    "an answer that is waited for in its slot": Twins(
        "orphaned-wait",
        """
class Client:
    def __init__(self):
        self.answer = None

    async def call(self):
        self.patience = anyio.CancelScope()
        self.answer = anyio.Event()
        with self.patience:
            opened.set()
            await self.answer.wait()

    async def call_again(self):
        self.answer = anyio.Event()


client = Client()


async def main():
    async with anyio.create_task_group() as group:
        group.start_soon(client.call)
        await opened.wait()
        await client.call_again()
        client.patience.cancel()
""",
        {
            "which is given before another takes its place": (
                "    async def call_again(self):\n",
                "    async def call_again(self):\n        self.answer.set()\n",
            ),
        },
    ),
    "a cache filled with what is out of date": Twins(
        "stale-fill",
        """
rows = {"k": "old"}


class Cache:
    def __init__(self):
        self.entries = {}
        self.version = 0

    async def get(self, key):
        if key in self.entries:
            return self.entries[key]
        version = self.version
        value = await load(key)
        self.fill(key, value, version)
        return value

    def fill(self, key, value, version):
        self.entries[key] = value

    def forget(self, key):
        self.version += 1
        self.entries.pop(key, None)


async def load(key):
    row = rows[key]
    await window()
    return row


cache = Cache()


async def rename():
    rows["k"] = "new"
    cache.forget("k")


async def main():
    await meanwhile(lambda: cache.get("k"), rename)
""",
        {
            "unless its version has changed": (
                "        self.entries[key] = value",
                "        if version == self.version:\n            self.entries[key] = value",
            ),
            "emptied for another reason": ('rows["k"] = "new"', 'rows["other"] = "new"'),
            "emptied by somebody else for another reason": (
                '    cache.forget("k")',
                '    async def trim():\n        cache.forget("k")\n\n    await both(trim, checkpoint)',
            ),
            "a row that changes, and nobody empties it": ('    cache.forget("k")', "    cache.version += 1"),
        },
    ),
    "an attribute filled with what is out of date": Twins(
        "stale-fill",
        """
rates = {"usd": 1}


class Quotes:
    def __init__(self):
        self.rate = None

    async def get(self):
        if self.rate is None:
            rate = rates["usd"]
            await window()
            self.rate = rate
        return self.rate

    async def change(self):
        rates["usd"] = 2
        self.rate = None


quotes = Quotes()


async def main():
    await meanwhile(quotes.get, quotes.change)
""",
        {
            "emptied for another reason": ('rates["usd"] = 2', 'rates["eur"] = 2'),
            "a source that changes, and nobody empties it": (
                "        self.rate = None\n\n\nquotes",
                "\n\nquotes",
            ),
        },
    ),
    "one that waits, taken twice": Twins(
        "double-take",
        """
class Lobby:
    def __init__(self):
        self.waiting = "ann"
        self.games = []

    def clear(self):
        self.waiting = None

    async def match(self, who):
        rival = self.waiting
        if rival is None:
            return
        await checkpoint()
        self.clear()
        self.games.append((rival, who))


lobby = Lobby()


async def main():
    await both(lambda: lobby.match("bob"), lambda: lobby.match("cyd"))
""",
        {
            "taken in one step": (
                "        rival = self.waiting\n",
                "        rival, self.waiting = self.waiting, None\n",
            ),
            "and only asked to go": ("        self.games.append((rival, who))", "        rival.strip()"),
        },
    ),
    "a position that has moved": Twins(
        "call-pair",
        """
class Songs:
    def __init__(self):
        self.titles = ["a", "b", "c"]

    def find(self, title):
        return self.titles.index(title)

    def delete(self, position):
        return self.titles.pop(position)


songs = Songs()


async def remove():
    position = songs.find("b")
    await window()
    songs.delete(position)


async def change():
    songs.titles.pop(0)


async def main():
    await meanwhile(remove, change)
""",
        {
            "another comes at the end": ("songs.titles.pop(0)", 'songs.titles.append("d")'),
            "one behind it goes": ("songs.titles.pop(0)", "songs.titles.pop(2)"),
        },
    ),
    "a position that has moved, of what is deleted": Twins(
        "call-pair",
        """
class Songs:
    def __init__(self):
        self.titles = ["a", "b", "c"]

    def find(self, title):
        return self.titles.index(title)

    def delete(self, position):
        del self.titles[position]


songs = Songs()


async def remove():
    position = songs.find("b")
    await window()
    songs.delete(position)


async def change():
    songs.titles.pop(0)


async def main():
    await meanwhile(remove, change)
""",
        {
            "another comes at the end": ("songs.titles.pop(0)", 'songs.titles.append("d")'),
            "one behind it goes": ("songs.titles.pop(0)", "songs.titles.pop(2)"),
        },
    ),
    "a place that a helper has found, or raised": Twins(
        "check-then-act",
        """
class Hall:
    def __init__(self, size):
        self.size = size
        self.tickets = []

    def has_room(self):
        return len(self.tickets) < self.size


halls = {"a": Hall(1)}


def with_room(name):
    hall = halls[name]
    if not hall.has_room():
        raise LookupError(name)
    return hall


async def book(who):
    hall = with_room("a")
    await checkpoint()
    hall.tickets.append(who)


async def main():
    await both(lambda: book("ann"), lambda: book("bob"))
""",
        {
            "and there are others": ("Hall(1)", "Hall(2)"),
            "looked for again": (
                "    hall.tickets.append(who)",
                "    if hall.has_room():\n        hall.tickets.append(who)",
            ),
            "by a helper that raises for another reason": (
                "    if not hall.has_room():\n        raise",
                "    room = hall.has_room()\n    print(end='')\n    if not hall.size:\n        raise",
            ),
        },
    ),
}
