"""anyio's own tests under many schedules: a failure is one of `explore`, or an assumption of the test.

Run it by `python benchmarks/soak_anyio_suite.py [--schedules N] [--folder PATH] [FILE ...]`.

Rule 1. The source distribution comes by pip, as released, into a folder with a virtual environment of its
        own, and nothing of it is changed. pytest collects the tests, with the suite's own conftest.
Rule 2. Each test that is an async function is explored on the loop it asks for, by exploring_plugin.py, with
        cancellation off. What can't be driven is counted by its reason.
Rule 3. A test that fails under some schedule is in the table below, with the reason why that is its own
        assumption; or it is told with its report.

Ends with 1 if one failed that is not in the table.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from race_transparency import environment, fetched

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
FILES = [
    "tests/test_synchronization.py",
    "tests/test_taskgroups.py",
    "tests/streams",
    "tests/test_to_thread.py",
    "tests/test_from_thread.py",
]
PLUGINS = ("anyio.pytest_plugin", "pytest_mock", "pytest_timeout", "exploring_plugin")

EXPLAINED = {
    "test_cancel_during_acquire_on_behalf_of": "has the task parked after one turn; it may be done by then",
    "test_cancel_after_release": "has the task waiting after one turn; it may not have begun",
    "test_cancelled_send_breaks_stream": "breaks the stream when its own side has shaken hands; the server's "
    "may not have",
    "test_cancel_wait_on_thread": "its worker waits for a task in real time, unseen by anyio",
    "test_thread_cancelled": "its worker waits for a task in real time, unseen by anyio",
    "test_thread_cancelled_and_abandoned": "its worker waits for a task in real time, unseen by anyio",
    "test_cancel_portal_future": "its worker waits for a task in real time, unseen by anyio",
    "test_cancel_worker_thread": "has an abandoned worker be slower than the task, by the real clock",
    "test_cancelscope_propagation_when_abandoned": "has the host go on before its cancel is delivered again",
    "test_run_corofunc_from_thread": "has the loop in the main thread; ours has one of its own",
    "test_run_sync_from_thread": "has the loop in the main thread; ours has one of its own",
    "test_run_async_from_thread_exception": "has the loop in the main thread; ours has one of its own",
    "test_run_sync_from_thread_exception": "has the loop in the main thread; ours has one of its own",
    "test_call_corofunc": "has the loop in the main thread; ours has one of its own",
    "test_call_non_corofunc": "has the loop in the main thread; ours has one of its own",
    "test_empty_taskgroup_contains_yield_point": "has the others run in one yield; it may go on first",
    "test_nested_task_group_filtering": "has two sleeps of the same length end before either's failure is "
    "dealt with",
}
"""Tests that fail under some schedule, and what they take for granted that no loop promises."""


@dataclass(frozen=True)
class Test:
    """One test on one backend, as the results have it."""

    name: str
    schedules: int
    verdict: str
    skipped: str
    failed: str

    @property
    def is_explained(self) -> bool:
        """Whether it is in the table."""
        return self.name.partition("[")[0] in EXPLAINED


def main(folder: Path, files: list[str], schedules: int, seconds: float) -> int:
    """Run them, and return the exit code."""
    python = environment(folder, ["anyio"])
    tree = fetched(python, folder, "anyio")
    tests = list(explored(python, tree, files, schedules, seconds))
    return tell(tests)


def explored(python: Path, tree: Path, files: list[str], schedules: int, seconds: float) -> Iterator[Test]:
    """Run pytest in the tree, and give what came of each test."""
    xml = tree.parent / "explored.xml"
    xml.unlink(missing_ok=True)
    arguments = ["-q", "--tb=no", "-o", "addopts=", "-o", "timeout=0", f"--junit-xml={xml}"]
    arguments += [f"--explored-schedules={schedules}", f"--explored-seconds={seconds}"]
    for plugin in ("no:cacheprovider", *PLUGINS):
        arguments += ["-p", plugin]
    settings = {"PYTHONPATH": str(HERE), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(
        [str(python), "-m", "pytest", *arguments, *files],
        cwd=tree,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if not xml.exists():
        sys.exit(f"pytest has left no results:\n{ended.stdout}")
    yield from map(test_of, ElementTree.parse(xml).iter("testcase"))


def test_of(case: ElementTree.Element) -> Test:
    """What the results have of one test."""
    told = {one.get("name"): one.get("value") or "" for one in case.iter("property")}
    skipped = case.find("skipped")
    failed = next((one for one in case if one.tag in {"failure", "error"}), None)
    return Test(
        name=case.get("name") or "",
        schedules=int(told.get("schedules", 0)),
        verdict=told.get("verdict", ""),
        skipped="" if skipped is None else skipped.get("message") or "skipped",
        failed="" if failed is None else failed.get("message") or failed.tag,
    )


def tell(tests: list[Test]) -> int:
    """Print the table, and below it what has to be looked at; return the exit code."""
    driven = [test for test in tests if test.verdict]
    explained = [test for test in tests if test.failed and test.is_explained]
    unexplained = [test for test in tests if test.failed and not test.is_explained]
    skipped = Counter(test.skipped for test in tests if test.skipped)
    print(f"tests driven            {len(driven):>7,}")
    for verdict, count in Counter(test.verdict for test in driven).most_common():
        print(f"  {verdict:<22}{count:>7,}")
    print(f"schedules               {sum(test.schedules for test in driven):>7,}")
    print(f"failures explained      {len(explained):>7,}")
    print(f"failures not explained  {len(unexplained):>7,}")
    print(f"tests not drivable      {skipped.total():>7,}")
    for reason, count in skipped.most_common():
        print(f"  {count:>5,}  {reason}")
    for test in explained:
        what = test.failed.partition("\n")[0].partition("ScheduleError: ")[2]
        print(f"\n{test.name}: {what}\n  {EXPLAINED[test.name.partition('[')[0]]}")
    for test in unexplained:
        print(f"\nNOT EXPLAINED: {test.name}\n{test.failed}")
    return 1 if unexplained or not driven else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", default=FILES)
    parser.add_argument(
        "--schedules", type=int, default=100, help="at most so many of each test on a backend"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="at most so long of each")
    parser.add_argument("--folder", type=Path, metavar="PATH", help="is kept, and taken up again")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = (chosen.folder or Path(temporary)).resolve()
        place.mkdir(exist_ok=True)
        sys.exit(main(place, chosen.files, chosen.schedules, chosen.seconds))
