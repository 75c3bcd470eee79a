"""Programs for `test_transparency`: each is run as it is and with hooks, and must not be able to tell.

Each has an `async def main()`. What it returns, prints and raises is compared, the traceback included.
The prologue is put before each, so that a program can suspend and can note in which order things happen.
"""

from __future__ import annotations

PROLOGUE = """\
import anyio
from anyio.lowlevel import checkpoint

SEEN = []


def note(value, *more):
    SEEN.append(value)
    return value


class Box:
    def __init__(self, **values):
        self.__dict__.update(values)


"""

PROGRAMS: dict[str, str] = {
    "order of evaluation": """
class Logged(dict):
    def __getitem__(self, key):
        note(("get", key))
        return dict.__getitem__(self, key)

    def __setitem__(self, key, value):
        note(("set", key, value))
        dict.__setitem__(self, key, value)


async def main():
    one, two = Logged(a=1), Box(x=Logged(b=2))
    kept = one[note("a")]
    await checkpoint()
    note(two).x[note("b", note("c"))] = note(kept) + one[note("a")]
    one[note("a")], two.x[note("b")] = note(3), note(4)
    await checkpoint()
    one[note("a") + ""] += note(5)
    del one[note("a")], two.x[note("b") + ""]
    return str(SEEN).replace(repr(two), "two")
""",
    "private names": """
class Safe:
    __limit = 3

    def __init__(self):
        self.__count = 0

    async def add(self):
        if self.__count < self.__limit:
            count = self.__count
            await checkpoint()
            self.__count = count + 1
        return vars(self), getattr(self, "_Safe__count")


class _Under(Safe):
    async def more(self):
        self.__own = await self.add()
        return sorted(vars(self))


async def main():
    return await Safe().add(), await _Under().more()
""",
    "descriptors and slots": """
class Twice:
    def __get__(self, owner, kind):
        return 2 * owner._value

    def __set__(self, owner, value):
        note(("set", value))
        owner._value = value


class Slim:
    __slots__ = ("_value", "left")
    twice = Twice()

    def __init__(self):
        self.left = self._value = 1

    @property
    def full(self):
        return note(self.left) > 2

    @full.setter
    def full(self, value):
        self.left = 3 if value else 0


async def main():
    slim = Slim()
    old = slim.twice
    full = slim.full
    await checkpoint()
    slim.twice = old + 1
    if not full:
        slim.full = True
    missing = None
    try:
        slim.nothing = old
    except AttributeError as error:
        missing = str(error)
    return slim.twice, slim.full, missing, SEEN
""",
    "comprehensions, lambdas, f-strings, walrus": """
async def numbers(upto):
    for number in range(upto):
        yield number
        await checkpoint()


async def main():
    box = Box(items={"a": 1, "b": 2}, n=3)
    first = [box.items[key] for key in box.items if box.n]
    second = [number async for number in numbers(box.n) if number in box.items.values()]
    third = {key: (await one(value)) for key, value in box.items.items()}
    pick = lambda key="a": box.items[key] + box.n
    if (size := len(box.items)) > 1:
        await checkpoint()
        box.n = size
    text = f"{box.n!r:>4} {box.items['a']} {pick():{box.n}} {size=}"
    total = sum(box.items[key] for key in list(box.items))
    await checkpoint()
    box.total = total
    return first, second, third, text, vars(box)["total"]


async def one(value):
    await checkpoint()
    return value
""",
    "match": """
async def kind(thing, box):
    match thing:
        case {"a": value, **rest} if value > box.limit:
            await checkpoint()
            box.limit = value
            return value, rest
        case [first, *others]:
            box.limit += first
            return others
        case Box(x=x):
            return x
        case str() as text:
            return text
    return None


async def main():
    box = Box(limit=1)
    things = [{"a": 3, "b": 4}, {"a": 0}, [1, 2, 3], Box(x=5), "s"]
    return [await kind(thing, box) for thing in things], box.limit
""",
    "global and nonlocal": """
total = 0


def counter():
    count = 0

    async def up(by=1):
        nonlocal count
        global total
        before, all_before = count, total
        await checkpoint()
        count = before + by
        total = all_before + by
        count += await one(by)
        total += await one(by)
        return count

    def value():
        return count

    return up, value


async def one(by):
    await checkpoint()
    return by


async def main():
    up, value = counter()
    await up()
    return await up(2), value(), total, up.__code__.co_varnames[0]
""",
    "generators and context managers": """
from contextlib import asynccontextmanager, contextmanager, suppress


@contextmanager
def noted(box):
    before = box.n
    try:
        yield before
    finally:
        note(("left", box.n))
        box.n = before


@asynccontextmanager
async def anoted(box):
    before = box.n
    await checkpoint()
    try:
        yield box
    except KeyError as error:
        note(str(error))
    box.n = before + 1


async def steps(box):
    while box.n < 6:
        got = yield box.n
        note(got)
        await checkpoint()
        box.n = box.n + 1


def delegating(box):
    yield from (box.n, box.n + 1)
    return box.n


async def main():
    box = Box(n=1)
    with noted(box) as before, suppress(ZeroDivisionError):
        box.n = 5
        await checkpoint()
        1 / 0
    async with anoted(box) as same:
        raise KeyError("k")
    seen = [n async for n in steps(box)]
    stepping = steps(Box(n=4))
    sent = [await stepping.asend(None), await stepping.asend("hello")]
    await stepping.aclose()
    return before, same is box, box.n, seen, sent, list(delegating(box)), SEEN
""",
    "try, finally, return": """
async def leave(box, how):
    for turn in range(3):
        try:
            kept = box.n
            await checkpoint()
            box.n = kept + 1
            if how == "return":
                return box.n
            if how == "break":
                break
            if how == "continue":
                continue
            raise ValueError(how)
        except* TypeError:
            note("never")
        finally:
            note((turn, box.n))
            box.last = how
    else:
        return "else"
    return "end"


async def main():
    box = Box(n=0)
    found = [await leave(box, how) for how in ("return", "break", "continue")]
    try:
        await leave(box, "raise")
    except ExceptionGroup as group:
        found.append(str(group))
    except ValueError as error:
        found.append(str(error))
    return found, SEEN, box.n
""",
    "dict and list subclasses": """
from collections import Counter, OrderedDict, defaultdict, deque


class Fading(dict):
    def __contains__(self, key):
        self.pop("old", None)
        return super().__contains__(key)

    def __len__(self):
        note("len")
        return super().__len__()


async def main():
    fading = Fading(a=1, old=2)
    there = "old" in fading
    grouped, order, counts, line = defaultdict(list), OrderedDict(a=1, b=2), Counter("aab"), deque([1, 2], 3)
    size = len(fading)
    if not grouped:
        await checkpoint()
        grouped["x"].append(size)
    before = counts["a"]
    if "zz" not in grouped and line:
        await checkpoint()
        grouped.setdefault("zz", []).append(before)
        counts["a"] = before + 1
        order.move_to_end("a")
        line.append(line.popleft())
    return there, dict(grouped), list(order), dict(counts), list(line), size, SEEN
""",
    "static getattr and setattr": """
async def main():
    box = Box(x=1)
    old = getattr(box, "x")
    none = getattr(box, "y", None)
    await checkpoint()
    setattr(box, "x", old + 1)
    setattr(box, "y" + "z", none)
    delattr(box, "x")
    return vars(box)
""",
    "names of locals": """
async def main():
    box = Box(x=1)
    kept = box.x
    await checkpoint()
    box.x = kept + 1
    return sorted(locals()), main.__code__.co_argcount, main.__name__, main.__doc__, main.__kwdefaults__
""",
    "docstrings, defaults and annotations": '''
from dataclasses import dataclass, field
import inspect


@dataclass
class Job:
    """A job."""

    name: str = "x"
    tags: list[str] = field(default_factory=list)

    async def done(self, *args: int, flag: bool = True, **kwargs: str) -> "Job":
        """Say it is done."""
        if not self.tags:
            await checkpoint()
            self.tags.append(self.name)
        return self


async def main():
    job = await Job().done(1, b="c")
    return job, Job.done.__doc__, str(inspect.signature(Job.done)), inspect.iscoroutinefunction(Job.done)
''',
    "starred, chained, unpacked": """
async def main():
    box = Box(a=1, b=[1, 2, 3], c={})
    first, *rest = box.b
    await checkpoint()
    box.a = box.d = first
    (box.a, [box.c["k"], *box.b]) = (9, (8, *rest))
    box.a, box.d = box.d, box.a
    for box.c["i"], box.e in enumerate(box.b):
        await checkpoint()
    async with anyio.Lock() as box.lock, anyio.CancelScope(shield=True) as box.c["scope"]:
        pass
    return box.a, box.b, sorted(box.c), box.d, box.e
""",
    "an attribute that is not there": """
async def main():
    box = Box(inner=Box(x=1))
    old = box.inner.x
    await checkpoint()
    box.inner.x = old + box.inner.nothing
""",
    "a key that is not there": """
async def main():
    box = Box(items={"a": {}})
    old = box.items["a"]
    await checkpoint()
    box.items["b"] = box.items["a"]["missing" + str(len(old))]
""",
    "an operator that does not fit": """
async def main():
    box = Box(count=1, name="n")
    count = box.count
    await checkpoint()
    box.count = (count + 1) * 2 + box.name
""",
    "an error within calls and a with": """
class Shop:
    def price(self, item):
        return {"tea": 1}[item]

    async def buy(self, item, many):
        if item not in self.__dict__:
            async with anyio.create_task_group():
                await checkpoint()
                self.total = self.price(item) * many
        return self.total


async def main():
    shop = Shop()
    await shop.buy("tea", 2)
    with anyio.CancelScope():
        shop.bought = [await shop.buy(item, 1) for item in ("tea", "coffee")]
""",
    "an error with a cause, raised in a handler": """
async def main():
    box = Box(x=1)
    try:
        old = box.x
        await checkpoint()
        box.x = old.upper()
    except AttributeError as error:
        box.failed = True
        raise RuntimeError("no") from error
    finally:
        await checkpoint()
        box.x = 0
""",
    "a name that is not there": """
async def main():
    box = Box(x={})
    if "a" not in box.x:
        await checkpoint()
        box.x[missing] = 1
""",
    "unhashable and odd keys": """
class Matrix:
    def __getitem__(self, key):
        return note(key)

    def __setitem__(self, key, value):
        note((key, value))


async def main():
    matrix, rows = Matrix(), [[1, 2], [3, 4], [5, 6]]
    old = matrix[1:2, ..., ::3]
    row = rows[1:]
    await checkpoint()
    matrix[1:2, 0] = old
    matrix[[1]] = matrix[{}]
    rows[:1] = row
    rows[-1][0] = row[0][1]
    del rows[0:1]
    try:
        {}[[]] = rows
    except TypeError as error:
        note(str(error))
    return SEEN, rows
""",
    "nested functions and classes": """
def made(box):
    def outer(function):
        async def wrapped(*args, **kwargs):
            before = box.calls
            try:
                return await function(*args, **kwargs)
            finally:
                box.calls = before + 1

        return wrapped

    return outer


async def main():
    box = Box(calls=0)

    class Inner:
        names = [name for name in ("a", "b")]
        size = len(names)

        @made(box)
        async def go(self, by):
            super().__init__()
            await checkpoint()
            return by, __class__.__name__, self.size

    return await Inner().go(3), box.calls, made(box)(main).__closure__ is not None
""",
    "an await in odd places": """
async def get(value):
    await checkpoint()
    return value


async def main():
    box = Box(items={"a": 1}, n=1)
    box.items[await get("b")] = await get(box.n)
    box.items[await get("a")] += await get(box.items["b"])
    box.n += (await get(box.n)) if await get(box.n) else 0
    assert await get(box.n) == 2, await get("never")
    text = f"{await get(box.n)}"
    both = await get(box.n) and await get(box.items) or None
    while (n := await get(box.n)) < 4:
        box.n = n + 1
    return [await get(x) for x in box.items], text, both, box.n, box.items[await get("a")]
""",
    "exhausted and thrown into": """
def ticking(box):
    while True:
        try:
            box.n = (yield box.n) or box.n + 1
        except ValueError as error:
            box.n = 0
            yield str(error)


async def main():
    tick = ticking(Box(n=1))
    found = [next(tick), tick.send(7), tick.throw(ValueError("v")), next(tick)]
    tick.close()
    coroutine = main()
    coroutine.close()
    return found, list(tick)
""",
    "a task group that fails": """
async def fail(box, key):
    before = box.items.get(key)
    await checkpoint()
    box.items[key] = before + 1


async def main():
    box = Box(items={"a": 1})
    async with anyio.create_task_group() as group:
        group.start_soon(fail, box, "a")
        group.start_soon(fail, box, "b")
""",
}
