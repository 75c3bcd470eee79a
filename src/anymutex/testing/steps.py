"""Steps: a run as a table, with a column for each task and a line for each turn of a task.

Rule 1. Steps of one task with no other task's between them are one turn, and one line: `3-5`. A step that is
        a deviation begins a line of its own, unless the one before it is one too.
Rule 2. Of many lines the first ones, the last ones and those around deviations are shown. Of many tasks those
        are shown that may have to do with the failure (`_matter`). What is left out is counted.
Rule 3. What is no step, as a cancel by the tool, is a remark: a line without columns, above the step that it
        came before.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from anymutex.report import line_of
from anymutex.testing.choices import shown_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from anymutex.stacks import Place
    from anymutex.testing.choices import TaskId

FIRST, LAST = 14, 26  # lines that are always shown
AROUND = 2  # lines before and after a deviation
COLUMNS = 8  # so many tasks are shown, whoever they are
FEWEST = 4  # so many of more tasks are shown in any case
WIDEST = 10  # characters of a name that may stand above a column


@dataclass(frozen=True)
class Turn:
    """Some steps in a row of one task."""

    first: int
    last: int
    task: TaskId
    overtaken: TaskId | None
    """Whose turn it was, if this is a deviation."""
    place: Place | None
    """Where the task then stands."""
    ending: str
    """`ends` or `raises KeyError`; empty if the task goes on later."""
    deeds: tuple[str, ...]


@dataclass(frozen=True)
class Remark:
    """Something that is no step: `!` and `the tool cancels task "worker" 0.2`."""

    before: int
    """The step that came next."""
    mark: str
    text: str


@dataclass(frozen=True)
class Steps:
    """The whole run."""

    turns: tuple[Turn, ...]
    names: dict[str, str]
    """What each task is called, by its id."""
    remarks: tuple[Remark, ...] = ()
    """In their order; a turn ends where one stands."""
    important: tuple[TaskId, ...] = ()
    """Tasks that are not hidden, however many there are."""
    last: int = LAST
    """So many lines at the end are always shown."""

    def lines(self) -> Iterator[str]:
        """The table."""
        shown_tasks = self._matter()
        heads = self._heads(shown_tasks)
        widths = [max(len(head), 3) for head in heads]
        turns = [turn for turn in self.turns if turn.task in shown_tasks]
        numbers = max([4, *(len(_numbers(turn)) for turn in turns)])
        files = max([24, *(len(str(turn.place)) + 1 for turn in turns if not turn.ending)])
        yield from self._legend(shown_tasks, heads)
        yield f"{'step':<{numbers}}  {_row(heads, widths)}  goes on to"
        remarks = deque(self.remarks)
        for is_shown, group in groupby(turns, self._is_shown(turns).__contains__):
            if not is_shown:
                yield f"{'...':<{numbers}}  {_counted(list(group))}"
                continue
            for turn in group:
                while remarks and remarks[0].before <= turn.first:
                    yield _remark_line(remarks.popleft(), numbers)
                yield from self._turn_lines(turn, shown_tasks, widths, (numbers, files))
        yield from (_remark_line(remark, numbers) for remark in remarks)
        yield from self._hidden(shown_tasks)

    def who(self, task: TaskId) -> str:
        """`task "worker" 0.1`"""
        return f'task "{self.names[shown_id(task)]}" {shown_id(task)}'

    def _turn_lines(
        self, turn: Turn, columns: Sequence[TaskId], widths: list[int], sides: tuple[int, int]
    ) -> Iterator[str]:
        numbers, files = sides
        mark = "o" if turn.overtaken is None else "*"
        cells = _row((mark if column == turn.task else "." for column in columns), widths)
        text = turn.ending or (line_of(turn.place, files) if turn.place else "where it waits")
        yield f"{_numbers(turn):<{numbers}}  {cells}  {text}".rstrip()
        indent = " " * (numbers + len(cells) + 6)
        if turn.overtaken is not None:
            yield f"{indent}out of turn: {self.who(turn.overtaken)} came first in the queue"
        for deed in _without_repeats(turn.deeds):
            yield f"{indent}{deed}"

    def _matter(self) -> list[TaskId]:
        """The tasks that have a column."""
        taking_part = sorted({turn.task for turn in self.turns})
        if len(taking_part) <= COLUMNS:
            return taking_part
        noted = self._noted()
        noted.update(self._alike(noted)[: COLUMNS - len(noted)] if len(noted) < COLUMNS else ())
        others = [task for task in taking_part if task not in noted]
        return sorted({*noted.intersection(taking_part), *others[: max(FEWEST - len(noted), 0)]})

    def _noted(self) -> set[TaskId]:
        """The program, and who overtook, was overtaken, failed, is stuck or was seen to share things."""
        noted = {(0,), *self.important}
        for turn in self.turns:
            if turn.overtaken is not None:
                noted |= {turn.task, turn.overtaken}
            if turn.deeds or turn.ending.startswith("raises"):
                noted.add(turn.task)
        return noted

    def _alike(self, noted: set[TaskId]) -> list[TaskId]:
        """Tasks that stop at the same lines as those that are noted: what they do, these may have spoilt."""
        lines = {turn.place for turn in self.turns if turn.task in noted and turn.task != (0,) and turn.place}
        alike = dict.fromkeys(turn.task for turn in self.turns if turn.place in lines)
        return [task for task in alike if task not in noted]

    def _heads(self, columns: list[TaskId]) -> list[str]:
        """A short name that only one task has stands above its column, else its id."""
        names = list(self.names.values())
        return [
            name if names.count(name) == 1 and len(name) <= WIDEST else shown_id(task)
            for task in columns
            for name in (self.names[shown_id(task)],)
        ]

    def _legend(self, columns: list[TaskId], heads: list[str]) -> Iterator[str]:
        alike: dict[str, list[str]] = {}
        for task, head in zip(columns, heads, strict=True):
            if head == shown_id(task):
                alike.setdefault(self.names[head], []).append(head)
        if alike:
            yield f"tasks: {'; '.join(map(_named, alike.items()))}"

    def _is_shown(self, turns: list[Turn]) -> set[Turn]:
        if len(turns) <= FIRST + self.last + 2:
            return set(turns)
        wanted = {*range(FIRST), *range(len(turns) - self.last, len(turns))}
        for index, turn in enumerate(turns):
            if turn.overtaken is not None or self._has_remark(turn):
                wanted |= set(range(index - AROUND, index + AROUND + 1))
        return {turn for index, turn in enumerate(turns) if index in wanted}

    def _has_remark(self, turn: Turn) -> bool:
        return any(turn.first <= remark.before <= turn.last for remark in self.remarks)

    def _hidden(self, columns: list[TaskId]) -> Iterator[str]:
        hidden = [turn for turn in self.turns if turn.task not in columns]
        if hidden:
            count = len({turn.task for turn in hidden})
            yield f"not shown: {count} more tasks, none of which overtook, was overtaken, failed or got stuck"


def _row(cells: Iterable[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))


def _remark_line(remark: Remark, numbers: int) -> str:
    return f"{'':<{numbers}}  {remark.mark} {remark.text}"


def _numbers(turn: Turn) -> str:
    return str(turn.first) if turn.first == turn.last else f"{turn.first}-{turn.last}"


def _counted(turns: list[Turn]) -> str:
    steps = sum(turn.last - turn.first + 1 for turn in turns)
    tasks = len({turn.task for turn in turns})
    return f"{steps:,} more steps, of {tasks} {'task' if tasks == 1 else 'tasks'}, all in turn"


def _named(item: tuple[str, list[str]]) -> str:
    name, ids = item
    return f'{", ".join(ids)} {"is" if len(ids) == 1 else "are"} "{name}"'


def _without_repeats(deeds: tuple[str, ...]) -> Iterator[str]:
    for deed, same in groupby(deeds):
        count = sum(1 for _ in same)
        yield f"{deed}  ({count} times)" if count > 1 else deed
