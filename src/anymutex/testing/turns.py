"""From the diary of a run to its turns, for the table of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex import tasks
from anymutex.testing.blocked import ring_in
from anymutex.testing.choices import shown_id
from anymutex.testing.outcome import leaves_of
from anymutex.testing.steps import LAST, Remark, Steps, Turn

if TYPE_CHECKING:
    from anymutex.testing.choices import Deviation, TaskId
    from anymutex.testing.diary import Diary, Entry
    from anymutex.testing.outcome import Outcome

ROUND_AND_ROUND = 4  # lines shown of the end of a run that goes on for ever
MOST_DEEDS = 12  # of one turn


def steps_of(outcome: Outcome, diary: Diary) -> Steps:
    """The table of the run that `outcome` came of, as far as the diary goes."""
    named = outcome.names | diary.names
    names = {shown_id(task): tasks.shortened(name) for task, name in named.items()}
    endings = _endings(outcome, diary)
    remarks = remarks_of(outcome, diary, names)
    breaks = {remark.before for remark in remarks}
    turns: list[Turn] = []
    for step, (task, overtaken, entry) in enumerate(
        zip(outcome.trace, outcome.overtaken, diary.entries, strict=False)
    ):
        turn = _turn(step, task, overtaken, entry, endings, names)
        if turns and step not in breaks and _goes_on(turns[-1], turn):
            turn = _joined(turns.pop(), turn)
        turns.append(turn)
    stuck = ring_in(outcome.blocked) or outcome.blocked
    important = (*endings, *(one.task for one in stuck))
    last = ROUND_AND_ROUND if outcome.kind in ("livelock", "hang") else LAST
    return Steps(tuple(turns), names, remarks, important, last)


def remarks_of(outcome: Outcome, diary: Diary, names: dict[str, str]) -> tuple[Remark, ...]:
    """What the schedule did besides choosing steps."""
    found = []
    for deviation in outcome.schedule.deviations:
        if deviation.act == "cancel":
            met = _met(outcome, diary, deviation)
            name = f'task "{names[shown_id(deviation.task)]}" {shown_id(deviation.task)}'
            found.append(Remark(deviation.step, "!", f"the tool cancels {name}{met}"))
        elif deviation.act == "timer":
            found.append(Remark(deviation.step, "~", "the clock goes on to the next timer early"))
    return tuple(found)


def _met(outcome: Outcome, diary: Diary, cancel: Deviation) -> str:
    """Where a cancel met its task, as the steps of that before and after it tell."""
    steps = enumerate(zip(outcome.trace, diary.entries, strict=False))
    own = [(step, entry.place) for step, (task, entry) in steps if task == cancel.task]
    begun = [diary.eager[cancel.task]] if cancel.task in diary.eager else []
    before = [*begun, *(place for step, place in own if step < cancel.step)]
    if before:
        return f" at {before[-1]}" if before[-1] else ""
    first_await = own[0][1] if own else None
    return " before its first step" + (f", so at its first await, {first_await}" if first_await else "")


def _endings(outcome: Outcome, diary: Diary) -> dict[TaskId, str]:
    """With what each of the tasks ended in which the exceptions of the run were raised."""
    found: dict[TaskId, str] = {}
    for leaf in leaves_of(outcome.error):
        found.setdefault(diary.raiser_of(leaf) or (0,), f"raises {type(leaf).__name__}")
    for complaint in outcome.complaints:
        culprit = complaint.culprit(outcome.names, diary.names)
        if culprit is not None and complaint.raised:
            found.setdefault(culprit, f"raises {complaint.raised[0].error}")
    return found


def _turn(
    step: int,
    task: TaskId,
    overtaken: TaskId | None,
    entry: Entry,
    endings: dict[TaskId, str],
    names: dict[str, str],
) -> Turn:
    deeds = entry.deeds[:MOST_DEEDS]
    if len(entry.deeds) > MOST_DEEDS:
        deeds = (*deeds, f"... and {len(entry.deeds) - MOST_DEEDS} more such things")
    if entry.held_by is not None:
        holder = f'task "{names[shown_id(entry.held_by)]}" {shown_id(entry.held_by)}'
        deeds = (*deeds, f"waits for {entry.waits_for}, held by {holder}")
    ending = endings.get(task, "ends") if entry.has_ended else ""
    return Turn(step, step, task, overtaken, entry.place, ending, deeds)


def _goes_on(first: Turn, then: Turn) -> bool:
    """Whether both are one turn. That a task went on although it was another's turn is worth a line."""
    return first.task == then.task and (first.overtaken is not None or then.overtaken is None)


def _joined(first: Turn, then: Turn) -> Turn:
    return Turn(
        first.first,
        then.last,
        then.task,
        first.overtaken,
        then.place,
        then.ending,
        (*first.deeds, *then.deeds)[:MOST_DEEDS],
    )
