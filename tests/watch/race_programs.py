"""Programs with an await race, by the rule that must tell it, and look-alikes that have none.

Each program defines `async def main()`. Two tasks in the same function meet in `both`; where the order
matters, `meanwhile` runs the second function while the first stands in its `window()`. So the bad order
happens on every backend, also where a loop shuffles its tasks.
"""

from __future__ import annotations

PROLOGUE = """\
import anyio
from anyio.lowlevel import checkpoint


async def both(first, second, *more):
    async with anyio.create_task_group() as group:
        for function in (first, second, *more):
            group.start_soon(function)


opened, closed = anyio.Event(), anyio.Event()


async def window():
    opened.set()
    await closed.wait()


async def meanwhile(first, second):
    async with anyio.create_task_group() as group:
        group.start_soon(first)
        await opened.wait()
        await second()
        closed.set()


"""

ACCOUNT = """
class Account:
    def __init__(self):
        self.balance = 100
        self._level = 0
        self.seen = {}

    def get(self):
        return self.balance

    def set(self, balance):
        self.balance = balance

    @property
    def level(self):
        return self._level

    @level.setter
    def level(self, level):
        self._level = level

    def covers(self, amount):
        return self.balance >= amount

    def require(self, amount):
        if self.balance < amount:
            raise ValueError(amount)

    def take(self, amount):
        self.balance -= amount

    async def read(self):
        await checkpoint()
        return self.balance

    async def store(self, balance):
        await checkpoint()
        self.balance = balance


account = Account()
"""

RACES: dict[str, tuple[str, str]] = {
    "in one function": (
        "lost-update",
        """
async def pay():
    balance = account.balance
    await checkpoint()
    account.balance = balance - 10


async def main():
    await both(pay, pay)
""",
    ),
    "by a getter and a setter": (
        "call-pair",
        """
async def pay():
    balance = account.get()
    await checkpoint()
    account.set(balance - 10)


async def main():
    await both(pay, pay)
""",
    ),
    "by properties": (
        "lost-update",
        """
async def up():
    level = account.level
    await checkpoint()
    account.level = level + 1


async def main():
    await both(up, up)
""",
    ),
    "by async helpers": (
        "call-pair",
        """
async def pay():
    await account.store(await account.read() - 10)


async def main():
    await both(pay, pay)
""",
    ),
    "carried by an object": (
        "lost-update",
        """
class Form:
    def __init__(self, balance):
        self.balance = balance

    async def submit(self):
        await checkpoint()
        account.balance = self.balance - 10


async def pay():
    form = Form(account.balance)
    await form.submit()


async def main():
    await both(pay, pay)
""",
    ),
    "in a context manager": (
        "lost-update",
        """
from contextlib import asynccontextmanager


@asynccontextmanager
async def without_limit():
    before = account.level
    account.level = 99
    yield
    account.level = before


async def work():
    async with without_limit():
        await checkpoint()


async def slow():
    async with without_limit():
        await window()


async def main():
    await meanwhile(slow, work)
""",
    ),
    "in a closure": (
        "lost-update",
        """
async def main():
    count = 0

    async def up():
        nonlocal count
        before = count
        await checkpoint()
        count = before + 1

    await both(up, up)
""",
    ),
    "of a name of the module": (
        "lost-update",
        """
total = 0


async def up():
    global total
    total += await account.read()


async def main():
    await both(up, up)
""",
    ),
    "a whole copy put back": (
        "lost-update",
        """
async def mark(key):
    seen = dict(account.seen)
    await window()
    seen[key] = True
    account.seen = seen


async def note():
    account.seen["b"] = True


async def main():
    await meanwhile(lambda: mark("a"), note)
""",
    ),
    "a flag taken back": (
        "lost-update",
        """
account.dirty = True


async def flush():
    if account.dirty:
        await window()
        account.dirty = False


async def change():
    account.dirty = True


async def main():
    await meanwhile(flush, change)
""",
    ),
    "a test and an act": (
        "check-then-act",
        """
async def pay():
    if account.balance >= 60:
        await checkpoint()
        account.balance -= 60


async def main():
    await both(pay, pay)
""",
    ),
    "a test in a method": (
        "check-then-act",
        """
async def pay():
    if not account.covers(60):
        return
    await checkpoint()
    account.take(60)


async def main():
    await both(pay, pay)
""",
    ),
    "a test that raises": (
        "check-then-act",
        """
async def pay():
    account.require(60)
    await checkpoint()
    account.take(60)


async def main():
    await both(pay, pay)
""",
    ),
    "a cache": (
        "check-then-act",
        """
cache = {}


async def get():
    if "k" not in cache:
        await checkpoint()
        cache["k"] = object()
    return cache["k"]


async def main():
    await both(get, get)
""",
    ),
    "the same work twice": (
        "duplicate-work",
        """
cache = {}


async def get():
    if "k" not in cache:
        await checkpoint()
        cache["k"] = [1, 2]
    return cache["k"]


async def main():
    await both(get, get)
""",
    ),
    "the first of a queue": (
        "check-then-act",
        """
from collections import deque

jobs = deque(["a", "b", "c"])


async def work():
    job = jobs[0]
    await checkpoint()
    jobs.popleft()
    return job


async def main():
    await both(work, work)
""",
    ),
    "an entry that was renewed": (
        "check-then-act",
        """
users = {"u": "old socket"}


async def leave():
    if users.get("u") == "old socket":
        await window()
        del users["u"]


async def join():
    users["u"] = "new socket"


async def main():
    await meanwhile(leave, join)
""",
    ),
    "the state of a request on what all share": (
        "write-then-read",
        """
class Controller:
    def begin(self, user):
        self.user = user

    def page(self):
        return f"page of {self.user}"

    async def handle(self, user):
        self.begin(user)
        await checkpoint()
        return self.page()


controller = Controller()


async def main():
    await both(lambda: controller.handle("a"), lambda: controller.handle("b"))
""",
    ),
    "a dict while it is gone through": (
        "iteration",
        """
rooms = {"a": 1, "b": 2}


async def tell():
    for room in rooms:
        await window()
        if room == "b":
            break


async def leave():
    rooms.pop("b")
    rooms["c"] = 3
    rooms["b"] = 4


async def main():
    try:
        await meanwhile(tell, leave)
    except BaseException:
        pass
""",
    ),
    "a buffer sent and cleared": (
        "dropped-insert",
        """
class Buffer:
    def __init__(self):
        self.lines = ["a"]

    def all(self):
        return list(self.lines)

    def reset(self):
        self.lines.clear()

    async def flush(self):
        lines = self.all()
        await self.send(lines)
        self.reset()

    async def send(self, lines):
        await window()

    async def log(self):
        self.lines.append("b")


buffer = Buffer()


async def main():
    await meanwhile(buffer.flush, buffer.log)
""",
    ),
    "a buffer copied and cleared by who has started the adder before": (
        "dropped-insert",
        """
lines = ["a"]


async def log():
    await window()
    lines.append("b")
    opened.set()


async def main():
    async with anyio.create_task_group() as group:
        group.start_soon(log)
        await checkpoint()
        sent = list(lines)
        closed.set()
        for _ in range(5):
            await checkpoint()
        lines.clear()
        return sent
""",
    ),
    "a key that another task removed": (
        "vanished",
        """
users = {"u": 1}


async def use():
    if "u" in users:
        await checkpoint()
        del users["u"]


async def main():
    try:
        await both(use, use)
    except BaseException:
        pass
""",
    ),
    "a job that another task took from the heap": (
        "vanished",
        """
import heapq

jobs = [(1, "a"), (2, "b")]


async def drop():
    job = jobs[0]
    await window()
    jobs.remove((1, "a"))


async def work():
    heapq.heappop(jobs)


async def main():
    try:
        await meanwhile(drop, work)
    except BaseException:
        pass
""",
    ),
    "a list that is in its place no more": (
        "vanished",
        """
carts = {}


async def add():
    cart = carts.setdefault("u", [])
    await window()
    cart.append("pen")


async def take():
    carts.pop("u", None)


async def main():
    await meanwhile(add, take)
""",
    ),
    "an event that was replaced": (
        "orphaned-wait",
        """
class Gate:
    def __init__(self):
        self.ready = anyio.Event()

    async def enter(self):
        ready = self.ready
        await window()
        with anyio.move_on_after(0):
            await ready.wait()

    async def restart(self):
        self.ready = anyio.Event()


gate = Gate()


async def main():
    await meanwhile(gate.enter, gate.restart)
""",
    ),
    "through a decorator": (
        "call-pair",
        """
import functools


def logged(function):
    @functools.wraps(function)
    async def wrapped(*args, **kwargs):
        await checkpoint()
        return await function(*args, **kwargs)

    return wrapped


class Level:
    def __init__(self):
        self.value = 0

    @logged
    async def get(self):
        return self.value

    @logged
    async def set(self, value):
        self.value = value


level = Level()


async def up():
    value = await level.get()
    await checkpoint()
    await level.set(value + 1)


async def main():
    await both(up, up)
""",
    ),
    "kept in a unit of work": (
        "lost-update",
        """
class UnitOfWork:
    async def load(self):
        await checkpoint()
        self.balance = account.balance

    async def commit(self):
        await checkpoint()
        account.balance = self.balance


async def pay():
    work = UnitOfWork()
    await work.load()
    work.balance -= 10
    await checkpoint()
    await work.commit()


async def main():
    await both(pay, pay)
""",
    ),
    "in the ends of an async with": (
        "lost-update",
        """
class Transaction:
    async def __aenter__(self):
        self.rows = dict(account.seen)
        await checkpoint()
        return self

    async def __aexit__(self, *_):
        await checkpoint()
        account.seen = self.rows


async def add(key):
    async with Transaction() as transaction:
        await checkpoint()
        transaction.rows[key] = 1


async def main():
    await both(lambda: add("a"), lambda: add("b"))
""",
    ),
    "a free place that was looked for": (
        "check-then-act",
        """
seats = [None] * 3


def free():
    return [number for number, who in enumerate(seats) if who is None]


async def book(who):
    places = free()
    if not places:
        return
    await checkpoint()
    seats[places[0]] = who


async def main():
    await both(lambda: book("a"), lambda: book("b"))
""",
    ),
    "sent twice": (
        "check-then-act",
        """
told = set()


async def tell(user):
    if user in told:
        return
    await checkpoint()
    told.add(user)


async def main():
    await both(lambda: tell("u"), lambda: tell("u"))
""",
    ),
    "over the limit, with a count that is right": (
        "check-then-act",
        """
class Limiter:
    def __init__(self):
        self.hits = {}

    def count(self, key):
        return self.hits.get(key, 0)

    async def allow(self, key):
        if self.count(key) >= 1:
            return False
        await checkpoint()
        self.hits[key] = self.count(key) + 1
        return True


limiter = Limiter()


async def main():
    await both(lambda: limiter.allow("k"), lambda: limiter.allow("k"))
""",
    ),
    "over the limit of a cache whose order changes": (
        "check-then-act",
        """
from collections import OrderedDict

cache = OrderedDict()


def put(key):
    cache[key] = object()
    cache.move_to_end(key)


async def load(key):
    if len(cache) < 1:
        await checkpoint()
        put(key)


async def main():
    await both(lambda: load("a"), lambda: load("b"))
""",
    ),
    "a list that is sorted while it is gone through": (
        "iteration",
        """
rows = [3, 2, 1]


async def show():
    for row in rows:
        if row == 3:
            await window()


async def sort():
    rows.sort()


async def main():
    await meanwhile(show, sort)
""",
    ),
    "the first of a ring that was turned": (
        "check-then-act",
        """
from collections import deque

hosts = deque(["down", "up"])


async def drop():
    if hosts[0] == "down":
        await window()
        hosts.popleft()


async def turn():
    hosts.rotate()


async def main():
    await meanwhile(drop, turn)
""",
    ),
    "a buffer copied and emptied by a slice": (
        "dropped-insert",
        """
lines = ["first"]


async def ship():
    chunk = lines[:]
    await window()
    del lines[:]


async def log():
    lines.append("late")


async def main():
    await meanwhile(ship, log)
""",
    ),
    "the state of a request, by inherited methods": (
        "write-then-read",
        """
class Base:
    def enter(self, user):
        self.user = user

    def rows_of(self, rows):
        return [row for row in rows if row == self.user]


class Handler(Base):
    async def handle(self, user):
        self.enter(user)
        await checkpoint()
        return self.rows_of(["ann", "bob"])


handler = Handler()


async def main():
    await both(lambda: handler.handle("ann"), lambda: handler.handle("bob"))
""",
    ),
    "a sum of all, of which another part was raised": (
        "check-then-act",
        """
spent = {"a": 0, "b": 0}


def left():
    return 100 - sum(spent.values())


async def spend(where):
    if left() >= 60:
        await checkpoint()
        spent[where] += 60


async def main():
    await both(lambda: spend("a"), lambda: spend("b"))
""",
    ),
    "a task that was at work before the test": (
        "check-then-act",
        """
stock = {"tea": 1}


async def sell():
    opened.set()
    await checkpoint()
    stock["tea"] = 0
    closed.set()


async def main():
    async with anyio.create_task_group() as group:
        group.start_soon(sell)
        if stock["tea"] > 0:
            await closed.wait()
            stock["tea"] = stock["tea"] - 1
""",
    ),
}

CLEAN: dict[str, str] = {
    "counted under a test that can't be made again": """
count = {"n": 0}


def may_go():
    print(end="")
    return count["n"] < 5


async def go():
    if may_go():
        await checkpoint()
        count["n"] += 1


async def main():
    await both(go, go)
""",
    "one that waits, taken at once, and the slot emptied again": """
class Lobby:
    def __init__(self):
        self.waiting = "ann"
        self.games = []

    async def match(self):
        rival = self.waiting
        self.waiting = None
        await window()
        self.waiting = None
        self.games.append(rival)

    async def close(self):
        self.waiting = "bob"
        self.waiting = None


lobby = Lobby()


async def main():
    await meanwhile(lobby.match, lobby.close)
""",
    "nobody waits, and all empty the slot": """
class Lobby:
    def __init__(self):
        self.waiting = None
        self.games = []

    async def match(self):
        rival = self.waiting
        await window()
        self.waiting = None
        self.games.append(rival)

    async def close(self):
        self.waiting = None


lobby = Lobby()


async def main():
    await meanwhile(lobby.match, lobby.close)
""",
    "two children of the one who looked": """
cache = {}


async def put(key):
    await checkpoint()
    cache[key] = key


async def main():
    if len(cache) == 0:
        await both(lambda: put(1), lambda: put(2))
""",
    "a child that changes what its parent has looked at, and clears up": """
scope = {"limit": [5]}


async def child():
    await checkpoint()
    scope["limit"] = [3]


async def main():
    if "limit" in scope:
        await both(child, child)
        scope.pop("limit", None)
""",
    "cleared of what its own children have put there": """
kept = {"x": 0}


async def put():
    await checkpoint()
    kept["a"] = 1


def look(size):
    if list(kept) != size:
        raise AssertionError


async def main():
    look(["x"])
    await both(put, put)
    kept.clear()
""",
    "only its size was asked for, before it was cleared twice": """
kept = {"x": 0}


async def put():
    kept["a"] = 1


async def serve():
    if len(kept) != 1:
        return
    kept.clear()
    await window()
    kept.clear()


async def main():
    await meanwhile(serve, put)
""",
    "read again by a helper before it is reset": """
class Request:
    def __init__(self):
        self.connection = None
        self.changed = anyio.Event()

    async def wait(self):
        await self.changed.wait()
        return self.connection


request = Request()


async def use():
    free = request.connection
    connection = await request.wait()
    if connection == "closed":
        request.connection = None
    return free


async def assign():
    await checkpoint()
    request.connection = "closed"
    request.changed.set()


async def main():
    await both(use, assign)
""",
    "a lock around it": """
lock = anyio.Lock()


async def pay():
    async with lock:
        balance = account.get()
        await checkpoint()
        account.set(balance - 10)


async def main():
    await both(pay, pay)
""",
    "read again after the await": """
async def pay():
    if account.balance >= 60:
        await checkpoint()
        if account.balance >= 60:
            account.balance -= 60


async def pay_by_method():
    if account.covers(60):
        await checkpoint()
        if account.covers(60):
            account.take(60)


async def main():
    await both(pay, pay, pay_by_method, pay_by_method)
""",
    "enough for all": """
async def pay():
    account.require(10)
    if account.covers(10) and account.balance > 5:
        await checkpoint()
        account.take(10)


async def main():
    await both(pay, pay)
""",
    "compare and swap": """
async def pay():
    while True:
        before = account.balance
        after = before - 10
        await checkpoint()
        if account.balance == before:
            account.balance = after
            return


async def main():
    await both(pay, pay)
""",
    "one step": """
async def up():
    await checkpoint()
    account.level += 1
    account.set(account.get() + 1)
    await checkpoint()


async def main():
    await both(up, up)
""",
    "reserved before the await": """
tasks = {}
limit = 1


async def get(key):
    if key in tasks:
        return
    tasks[key] = None
    await checkpoint()
    tasks[key] = "done"


async def enter():
    if account.level < limit:
        account.level += 1
        try:
            await checkpoint()
        finally:
            account.level -= 1


async def main():
    await both(lambda: get("a"), lambda: get("a"), enter, enter)
""",
    "swapped out before the await": """
class Buffer:
    def __init__(self):
        self.lines = ["a"]

    async def flush(self):
        lines, self.lines = self.lines, []
        await checkpoint()
        return lines

    async def log(self):
        self.lines.append("b")


buffer = Buffer()


async def main():
    await both(buffer.flush, buffer.log)
""",
    "a copy is gone through": """
rooms = {"a": 1, "b": 2}


async def tell():
    for room in list(rooms):
        await checkpoint()
        rooms.pop(room, None)


async def leave():
    rooms.pop("b")
    rooms["c"] = 3


async def main():
    await both(tell, leave)
""",
    "appended while it is gone through": """
lines = ["a", "b"]


async def tell():
    for _line in lines:
        await checkpoint()


async def log():
    lines.append("c")


async def main():
    await both(tell, log)
""",
    "the largest stays": """
async def note(value):
    await checkpoint()
    account.level = max(account.level, value)


async def main():
    await both(lambda: note(2), lambda: note(1))
""",
    "consumers that look first": """
from collections import deque

jobs = deque("abc")


async def work():
    while jobs:
        job = jobs.popleft()
        await checkpoint()
        account.seen[job] = True


async def main():
    await both(work, work)
""",
    "taken back when it fails": """
async def order():
    account.require(10)
    account.take(10)
    try:
        await checkpoint()
        raise ValueError
    except ValueError:
        account.take(-10)


async def main():
    await both(order, order)
""",
    "one writer": """
async def write():
    for _ in range(3):
        level = account.level
        await checkpoint()
        account.level = level + 1


async def read():
    for _ in range(3):
        if account.level < 2:
            await checkpoint()


async def main():
    await both(write, read)
""",
    "closed by both": """
class Connection:
    def __init__(self):
        self.transport = object()

    async def close(self):
        if self.transport is not None:
            await checkpoint()
            self.transport = None


connection = Connection()


async def main():
    await both(connection.close, connection.close)
""",
    "a missing key that is expected": """
users = {"u": 1}


async def use():
    if "u" in users:
        await checkpoint()
        try:
            del users["u"]
        except KeyError:
            pass


async def main():
    await both(use, use)
""",
    "state of a request in a context variable": """
from contextvars import ContextVar

current = ContextVar("current")


class Controller:
    @property
    def user(self):
        return current.get()

    @user.setter
    def user(self, user):
        current.set(user)

    async def handle(self, user):
        self.user = user
        await checkpoint()
        return self.user


controller = Controller()


async def main():
    await both(lambda: controller.handle("a"), lambda: controller.handle("b"))
""",
    "tripped by both": """
class Breaker:
    def __init__(self):
        self.failures = 0
        self.is_open = False

    async def call(self):
        if self.is_open:
            return
        try:
            await checkpoint()
            raise OSError
        except OSError:
            self.failures += 1
            if self.failures >= 2:
                self.is_open = True


breaker = Breaker()


async def main():
    await both(breaker.call, breaker.call, breaker.call)
""",
    "a count that both raise": """
hits = {"n": 0}


async def hit():
    hits["n"] += 1
    await checkpoint()
    return hits["n"]


async def main():
    await both(hit, hit)
""",
    "read by others meanwhile, which changes the order alone": """
from collections import OrderedDict


class LRU(OrderedDict):
    def __getitem__(self, key):
        value = super().__getitem__(key)
        self.move_to_end(key)
        return value

    def touch(self, key):
        self.move_to_end(key)


lru = LRU(a=1)


async def bump():
    old = lru.get("a")
    await window()
    lru["a"] = (old or 0) + 1


async def take():
    if "a" in lru and lru.get("a") is not None and len(lru) > 0:
        await checkpoint()
        lru.pop("a")


async def copy():
    before = dict(lru)
    await checkpoint()
    lru.update(before)


async def read():
    lru["a"]
    lru.touch("a")


async def main():
    await meanwhile(bump, read)
    await both(copy, read)
    await both(take, read)
""",
    "sorted meanwhile": """
names = ["b", "a"]


def is_known(name):
    return name in names and bool(str(name))


async def add(name):
    if not is_known(name) and len(names) < 9 and "x" not in names:
        await window()
        names.append(name)


async def sort():
    names.sort()
    names.reverse()


async def main():
    await meanwhile(lambda: add("c"), sort)
""",
    "a place reserved in a count beside": """
items, opening = [], {"n": 0}


def has_room():
    return len(items) + opening["n"] < 2


async def enter():
    if has_room():
        opening["n"] += 1
        try:
            await checkpoint()
            items.append("new")
        finally:
            opening["n"] -= 1


async def enter_inline():
    if len(items) + opening["n"] < 4:
        opening["n"] += 1
        await checkpoint()
        items.append("new")
        opening["n"] -= 1


async def main():
    await both(enter, enter, enter)
    await both(enter_inline, enter_inline, enter_inline)
""",
    "only what was sent is taken out, by a slice": """
lines = ["first"]


async def ship():
    chunk = lines[:]
    await window()
    del lines[: len(chunk)]


async def log():
    lines.append("late")


async def main():
    await meanwhile(ship, log)
""",
    "the user is handed to an inherited method": """
class Base:
    def enter(self, user):
        self.user = user

    def rows_of(self, rows, user):
        return [row for row in rows if row == user]


class Handler(Base):
    async def handle(self, user):
        self.enter(user)
        await checkpoint()
        return self.rows_of(["ann", "bob"], user)


handler = Handler()


async def main():
    await both(lambda: handler.handle("ann"), lambda: handler.handle("bob"))
""",
    "a sum of all, with the own part reserved": """
spent, counts = {"a": 0, "b": 0}, {"a": 0, "b": 0}


async def spend(where):
    if sum(spent.values()) < 120:
        spent[where] += 60
        await checkpoint()
        spent[where] += 5


async def count(where):
    if sum(counts.values()) < 100:
        await checkpoint()
        counts[where] += 1


async def main():
    await both(lambda: spend("a"), lambda: spend("b"))
    await both(lambda: count("a"), lambda: count("b"))
""",
}

CALLBACKS: dict[str, tuple[set[str], str]] = {
    "a future in its slot is replaced while it is waited for": (
        {"orphaned-wait"},
        """
class Client:
    async def call(self):
        self.reply = asyncio.get_running_loop().create_future()
        opened.set()
        try:
            return await asyncio.wait_for(self.reply, 0.01)
        except TimeoutError:
            return None

    async def call_again(self):
        await opened.wait()
        self.reply = asyncio.get_running_loop().create_future()


client = Client()


async def main():
    await both(client.call, client.call_again)
""",
    ),
    "a done callback misses what a task removed": (
        {"vanished"},
        """
class Loader:
    def __init__(self):
        self.loading = set()

    def clear(self):
        self.loading.clear()

    def loaded(self, task):
        self.loading.remove(task)

    async def load(self):
        task = asyncio.get_running_loop().create_task(asyncio.sleep(0.01))
        self.loading.add(task)
        task.add_done_callback(self.loaded)
        await task


loader = Loader()


async def main():
    task = asyncio.create_task(loader.load())
    await asyncio.sleep(0)
    loader.clear()
    await task
""",
    ),
    "a timer looks up what a task removed": (
        {"vanished"},
        """
sessions = {"s": 1}


def expire(name):
    print(sessions[name], end="")


async def leave():
    sessions.pop("s")


async def main():
    asyncio.get_running_loop().call_later(0.001, expire, "s")
    await leave()
    await asyncio.sleep(0.002)
""",
    ),
    "a done callback writes meanwhile": (
        {"lost-update"},
        """
def refund(_):
    account.balance += 5


async def main():
    balance = account.balance
    task = asyncio.create_task(asyncio.sleep(0))
    task.add_done_callback(refund)
    await task
    await asyncio.sleep(0)
    account.balance = balance - 10
""",
    ),
    "call_soon writes meanwhile": (
        {"check-then-act"},
        """
def reserve():
    account.seen["seat"] = "callback"


async def main():
    asyncio.get_running_loop().call_soon(reserve)
    if "seat" not in account.seen:
        await asyncio.sleep(0)
        account.seen["seat"] = "main"
""",
    ),
    "a callback catches it": (
        set(),
        """
sessions = {"s": 1}


def drop(name):
    del sessions[name]


def expire(name):
    try:
        drop(name)
    except KeyError:
        pass


async def main():
    asyncio.get_running_loop().call_soon(expire, "s")
    sessions.pop("s")
    await asyncio.sleep(0)
""",
    ),
    "it was never there": (
        set(),
        """
sessions = {"s": 1}


def expire(name):
    del sessions[name]


async def main():
    asyncio.get_running_loop().call_soon(expire, "t")
    sessions.pop("s")
    await asyncio.sleep(0)
""",
    ),
    "one callback removes it twice": (
        set(),
        """
sessions = {"s": 1}


def expire(name):
    del sessions[name]
    del sessions[name]


async def main():
    asyncio.get_running_loop().call_soon(expire, "s")
    await asyncio.sleep(0)
""",
    ),
    "read after the callback": (
        set(),
        """
def refund(_):
    account.balance += 5


async def main():
    task = asyncio.create_task(asyncio.sleep(0))
    task.add_done_callback(refund)
    await task
    await asyncio.sleep(0)
    account.balance = account.balance - 10
""",
    ),
}
"""Of asyncio alone, with the rules that are broken."""
