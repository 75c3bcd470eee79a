"""Programs in which the default order hides a race, each with its suspect, and look-alikes that have none.

Each program defines `async def main()`. `one_by_one` starts tasks that live at the same time, of which each
begins when the one before it is done: so no window is hit, and all of them could have been. The programs for
`anymutex explore` have no state outside of `main`, so that each run begins anew.
"""

from __future__ import annotations

PROLOGUE = """\
import anyio
from anyio.lowlevel import checkpoint


async def late(rounds, function):
    for _ in range(rounds):
        await checkpoint()
    await function()


async def one_by_one(*functions):
    async with anyio.create_task_group() as group:
        for place, function in enumerate(functions):
            group.start_soon(late, 12 * place, function)


class Account:
    def __init__(self):
        self.balance = 100
        self.seen = {}
        self.lock = anyio.Lock()

    def get(self):
        return self.balance

    async def put(self, balance):
        await checkpoint()
        self.balance = balance

    async def pay(self):
        left = self.get()
        await checkpoint()
        self.balance = left - 10

    async def refund(self):
        self.balance += 10


"""

# name -> (kind and location of the suspect, program)
HIDDEN: dict[str, tuple[tuple[str, str], str]] = {
    "the other one comes later": (
        ("lost-update", "self.balance"),
        """
async def main():
    account = Account()
    await one_by_one(account.pay, account.refund)
""",
    ),
    "the other one came earlier": (
        ("lost-update", "self.balance"),
        """
async def main():
    account = Account()
    await one_by_one(account.refund, account.pay)
""",
    ),
    "two of a kind": (
        ("lost-update", "self.balance"),
        """
async def main():
    account = Account()
    await one_by_one(account.pay, account.pay)
""",
    ),
    "the wait is in the call that writes": (
        ("call-pair", "self.balance"),
        """
async def main():
    account = Account()

    async def pay():
        await account.put(account.get() - 10)

    await one_by_one(pay, account.refund)
""",
    ),
    "a test, and a dict": (
        ("check-then-act", "seen[k]"),
        """
async def fetch(seen, k):
    if k not in seen:
        await checkpoint()
        seen[k] = object()
    return seen[k]


async def main():
    seen = Account().seen

    async def once():
        await fetch(seen, "k")

    await one_by_one(once, once)
""",
    ),
    "a name that functions share": (
        ("lost-update", "count"),
        """
async def main():
    count = 0

    async def up():
        nonlocal count
        before = count
        await checkpoint()
        count = before + 1

    await one_by_one(up, up)
""",
    ),
    "the other one does not take the lock": (
        ("lost-update", "self.balance"),
        """
async def main():
    account = Account()

    async def pay():
        async with account.lock:
            await account.pay()

    await one_by_one(pay, account.refund)
""",
    ),
    "the lock is given back in between": (
        ("lost-update", "account.balance"),
        """
async def main():
    account = Account()

    async def pay():
        async with account.lock:
            left = account.balance
        await checkpoint()
        async with account.lock:
            account.balance = left - 10

    await one_by_one(pay, pay)
""",
    ),
    "a lock for each call": (
        ("lost-update", "self.balance"),
        """
async def main():
    account = Account()

    async def pay():
        async with anyio.Lock():
            await account.pay()

    await one_by_one(pay, pay)
""",
    ),
    "a semaphore for two": (
        ("lost-update", "self.balance"),
        """
async def main():
    account, two = Account(), anyio.Semaphore(2)

    async def pay():
        async with two:
            await account.pay()

    await one_by_one(pay, pay)
""",
    ),
    "the starter goes on beside the task": (
        ("lost-update", "self.balance"),
        """
async def main():
    account = Account()
    async with anyio.create_task_group() as group:
        group.start_soon(late, 12, account.refund)
        await account.pay()
""",
    ),
}

CLEAN: dict[str, str] = {
    "nobody else writes": """
async def main():
    account = Account()
    await one_by_one(account.pay, checkpoint)
""",
    "an account each": """
async def main():
    await one_by_one(Account().pay, Account().pay)
""",
    "read again after the wait": """
async def main():
    account = Account()

    async def pay():
        left = account.get()
        await checkpoint()
        left = account.get()
        account.balance = left - 10

    await one_by_one(pay, pay)
""",
    "no wait in between": """
async def main():
    account = Account()

    async def pay():
        await checkpoint()
        account.balance = account.get() - 10
        await checkpoint()

    await one_by_one(pay, pay)
""",
    "claimed before the wait": """
async def main():
    account = Account()

    async def fetch():
        if account.seen.get("k") is None:
            account.seen["k"] = "coming"
            await checkpoint()
            account.seen["k"] = "there"

    await one_by_one(fetch, fetch)
""",
    "the starter wrote before it started the task": """
async def main():
    account = Account()
    account.balance = 50
    await one_by_one(account.pay, checkpoint)
""",
    "the starter waits for the task": """
async def main():
    account = Account()
    account.balance = 50
    await one_by_one(account.refund, checkpoint)
    await account.pay()
""",
    "a lock in the caller": """
async def main():
    account = Account()

    async def pay():
        async with account.lock:
            await account.pay()

    async def refund():
        async with account.lock:
            await account.refund()

    await one_by_one(pay, refund, pay)
""",
    "acquired and released": """
async def main():
    account = Account()

    async def pay():
        await account.lock.acquire()
        try:
            await account.pay()
        finally:
            account.lock.release()

    await one_by_one(pay, pay)
""",
    "a lock of anymutex": """
from anymutex import Mutex

async def main():
    account, mu = Account(), Mutex()

    async def pay():
        async with mu:
            await account.pay()

    await one_by_one(pay, pay)
""",
    "one side of a lock for readers and writers": """
from anymutex import RWMutex

async def main():
    account, mu = Account(), RWMutex()

    async def pay():
        async with mu.writer:
            await account.pay()

    await one_by_one(pay, pay)
""",
    "a lock for each key": """
from anymutex import KeyedMutex

async def main():
    account, locks = Account(), KeyedMutex()

    async def pay(key="ann"):
        async with locks[key]:
            await account.pay()

    await one_by_one(pay, pay)
""",
    "a lock for each key, made when it is asked for": """
from weakref import WeakValueDictionary

async def main():
    account, locks = Account(), WeakValueDictionary()

    def lock_for(key):
        lock = locks.get(key)
        if lock is None:
            locks[key] = lock = anyio.Lock()
        return lock

    async def pay():
        lock = lock_for("ann")
        async with lock:
            await account.pay()

    await one_by_one(pay, pay)
""",
    "a semaphore for one": """
async def main():
    account, one = Account(), anyio.Semaphore(1)

    async def pay():
        async with one:
            await account.pay()

    await one_by_one(pay, pay)
""",
    "taken out by whoever comes first": """
async def main():
    seen = {"k": 1}

    async def take():
        if "k" in seen:
            await checkpoint()
            seen.pop("k", None)

    await one_by_one(take, take)
""",
}
