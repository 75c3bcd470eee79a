"""The table of steps: what is put together, marked, hidden and cut out."""

from __future__ import annotations

from anymutex.stacks import Place
from anymutex.testing.steps import FIRST, LAST, Remark, Steps, Turn

MAIN, A, B = (0,), (0, 0), (0, 1)
LINE = Place("shop.py", 7, "buy()", "await pay()")


def turn(step: int, task: tuple[int, ...], **others: object) -> Turn:
    """Make a turn of one step."""
    facts = {"last": step, "overtaken": None, "place": LINE, "ending": "", "deeds": (), **others}
    return Turn(first=step, task=task, **facts)  # type: ignore[arg-type]


def names(count: int) -> dict[str, str]:
    """Give names for the program and so many tasks."""
    return {"0": "main"} | {f"0.{number}": f"buyer {number}" for number in range(count)}


def test_a_table() -> None:
    """A column for each task, a line for each turn; what was done stands below, with a mark at deviations."""
    table = Steps(
        (
            turn(0, MAIN, last=2),
            turn(3, B, overtaken=A, deeds=("takes mu", "takes mu", "releases mu")),
            turn(4, A, place=None),
            turn(5, B, ending="raises KeyError"),
        ),
        {"0": "main", "0.0": "ann", "0.1": "somebody with a long name"},
    )

    assert list(table.lines()) == [
        'tasks: 0.1 is "somebody with a long name"',
        "step  main  ann  0.1  goes on to",
        "0-2   o     .    .    shop.py:7                await pay()",
        "3     .     .    *    shop.py:7                await pay()",
        '                        out of turn: task "ann" 0.0 came first in the queue',
        "                        takes mu  (2 times)",
        "                        releases mu",
        "4     .     o    .    where it waits",
        "5     .     .    o    raises KeyError",
    ]


def test_remarks() -> None:
    """What the tool does between two steps stands above the later one, without columns."""
    table = Steps(
        (turn(0, MAIN), turn(1, A, last=2), turn(3, A, last=4), turn(5, MAIN, ending="ends")),
        {"0": "main", "0.0": "ann"},
        remarks=(
            Remark(0, "!", "the tool cancels task X"),
            Remark(3, "~", "the clock goes on 0.5 s early"),
            Remark(3, "!", "and this too"),
            Remark(6, "~", "after the last step"),
        ),
    )

    assert [line[:40].rstrip() for line in table.lines()][1:] == [
        "      ! the tool cancels task X",
        "0     o     .    shop.py:7",
        "1-2   .     o    shop.py:7",
        "      ~ the clock goes on 0.5 s early",
        "      ! and this too",
        "3-4   .     o    shop.py:7",
        "5     o     .    ends",
        "      ~ after the last step",
    ]


def test_many_lines() -> None:
    """The middle is cut out and counted, but for what stands around deviations and remarks."""
    turns = [turn(step, (MAIN, A)[step % 2], overtaken=MAIN if step == 61 else None) for step in range(200)]
    table = Steps(tuple(turns), names(1), remarks=(Remark(100, "!", "the tool cancels task X"),))
    lines = [line for line in table.lines() if line[:1].strip()][1:]
    shown = [int(line.split()[0]) for line in lines if line[0] != "."]

    assert shown == [*range(FIRST), *range(59, 64), *range(98, 103), *range(200 - LAST, 200)]
    assert [line for line in lines if line[0] == "."] == [
        "...   45 more steps, of 2 tasks, all in turn",
        "...   34 more steps, of 2 tasks, all in turn",
        "...   71 more steps, of 2 tasks, all in turn",
    ]


def test_many_tasks() -> None:
    """Shown are who deviates, fails, is stuck or shares things, and who does the same as they."""
    other = Place("shop.py", 9, "look()", "await look()")
    turns = [turn(step, (0, step), place=other) for step in range(30)]
    turns[7] = turn(7, (0, 7), overtaken=(0, 9))
    turns[9] = turn(9, (0, 9), place=None)
    turns[11] = turn(11, (0, 11), deeds=("takes mu",), place=None)
    turns[12] = turn(12, (0, 12), ending="raises KeyError", place=None)
    turns[13] = turn(13, (0, 13))
    turns[20] = turn(20, (0, 20), place=None)
    table = Steps((turn(30, MAIN), *turns), names(30), important=((0, 20),))
    head, *_, last = [line for line in table.lines() if not line.startswith("tasks")]

    assert [number for number in range(30) if f"buyer {number}" in head.split("  ")] == [7, 9, 11, 12, 13, 20]
    assert last.startswith("not shown: 24 more tasks")
