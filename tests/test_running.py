"""`run`, called from code: anyio.run with manners. Its ways as a script's last line are in test_signals and
test_examples, those of the command in test_main.
"""

from __future__ import annotations

import functools
import signal
import sys

import anyio
import pytest
import trio
from anyio.lowlevel import checkpoint

from anymutex import tasks
from anymutex.doors import backends
from anymutex.doors.program import Program
from anymutex.errors import ConflictError, UsageError
from anymutex.primitives.mutex import Mutex
from anymutex.primitives.sharedmap import SharedMap
from anymutex.running import noting, run

NAMES = [backend.name for backend in backends.KNOWN]
every_backend = pytest.mark.parametrize("backend", NAMES)


async def conflict() -> None:
    """Write to a map while another task iterates over it."""
    m = SharedMap({1: 1, 2: 2}, name="m")

    async def write() -> None:
        m[1] = 3

    async with anyio.create_task_group() as group:
        for _ in m:
            group.start_soon(write)
            await anyio.wait_all_tasks_blocked()


async def deadlock() -> None:
    """Take a mutex twice."""
    mux = Mutex("mux")
    async with mux, mux:
        pass


@every_backend
def test_returns_what_main_returns(backend: str) -> None:
    """As anyio.run."""

    async def main() -> tuple[str, str]:
        run_object, task = tasks.here()
        return tasks.backend_of(run_object), tasks.name_of(task)

    shown = {"uvloop": "asyncio+uvloop"}.get(backend, backend)

    assert run(main, backend=backend) == (shown, "main")


@every_backend
def test_the_first_task_bears_the_name_of_a_function_in_a_partial(backend: str) -> None:
    """Nobody knows a task called `hosted`."""

    async def serve(port: int) -> str:
        return tasks.name_of(tasks.current())

    assert run(functools.partial(serve, 80), backend=backend) == "serve"


def test_asyncio_is_the_default() -> None:
    """As anyio.run."""

    async def main() -> str:
        return tasks.backend_of(tasks.current_run())

    assert run(main) == "asyncio"


@every_backend
def test_seconds_end_a_program_that_never_ends(backend: str) -> None:
    """It is cancelled, and nothing is returned."""
    assert run(anyio.sleep_forever, backend=backend, seconds=0.01) is None


@every_backend
def test_seconds_do_not_matter_to_a_program_that_ends(backend: str) -> None:
    """The value comes out all the same."""

    async def main() -> int:
        return 5

    assert run(main, backend=backend, seconds=60) == 5


@every_backend
def test_a_conflict_is_fatal(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Go's sentence and the report are all there is on stderr; groups are unwrapped."""
    with pytest.raises(SystemExit) as caught:
        run(conflict, backend=backend)
    report = capsys.readouterr().err

    assert caught.value.code == 2
    assert report.startswith("fatal error: concurrent map iteration and map write\n")
    assert report.count("fatal error") == 1
    assert "Traceback" not in report
    assert 'by task "conflict"' in report


@every_backend
def test_a_deadlock_is_fatal(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As a conflict."""
    with pytest.raises(SystemExit) as caught:
        run(deadlock, backend=backend)

    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("fatal error: a task waits for itself - deadlock!")


@every_backend
def test_a_conflict_that_the_program_catches_is_not_fatal(backend: str) -> None:
    """Its own business."""

    async def main() -> str:
        caught = "nothing"
        try:
            await conflict()
        except* ConflictError as group:
            caught = type(group.exceptions[0]).__name__
        return caught

    assert run(main, backend=backend) == "ConflictError"


@every_backend
def test_other_exceptions_come_out_as_from_anyio(backend: str) -> None:
    """With the groups they came in."""

    async def fail() -> None:
        raise ValueError("x")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(fail)

    with pytest.raises(ExceptionGroup) as caught:
        run(main, backend=backend)

    assert [str(leaf) for leaf in caught.value.exceptions] == ["x"]


@every_backend
def test_ctrl_c_comes_out_bare(backend: str) -> None:
    """trio wraps it in a group, which no `except KeyboardInterrupt` would catch."""

    async def interrupt() -> None:
        raise KeyboardInterrupt

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(interrupt)

    with pytest.raises(KeyboardInterrupt):
        run(main, backend=backend)


@every_backend
def test_sigterm_unwinds(backend: str) -> None:
    """The `finally` blocks run, await in a shielded scope, and the second signal would kill."""
    seen: list[object] = []

    async def worker() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            seen.append(signal.getsignal(signal.SIGTERM))
            with anyio.CancelScope(shield=True):
                await checkpoint()
                seen.append("unwound")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(worker)
            await anyio.wait_all_tasks_blocked()
            assert callable(signal.getsignal(signal.SIGTERM))  # else the next line ends pytest
            signal.raise_signal(signal.SIGTERM)
            await anyio.sleep_forever()

    with pytest.raises(SystemExit) as caught:
        run(main, backend=backend)

    assert caught.value.code == 143
    assert seen == [signal.SIG_DFL, "unwound"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@every_backend
def test_a_handler_of_the_program_stays(backend: str) -> None:
    """Whoever handles SIGTERM already knows what to do."""

    def handler(signum: int, frame: object) -> None:
        """Do nothing."""

    async def main() -> object:
        return signal.getsignal(signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, handler)
    try:
        assert run(main, backend=backend) is handler
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)


@every_backend
def test_a_handler_set_during_the_run_stays(backend: str) -> None:
    """Only our own handler is taken away."""

    def handler(signum: int, frame: object) -> None:
        """Do nothing."""

    async def main() -> None:
        signal.signal(signal.SIGTERM, handler)

    try:
        run(main, backend=backend)

        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_an_unknown_backend_is_one_line() -> None:
    """With the names that there are."""
    with pytest.raises(UsageError, match=r"^unknown backend 'curio': there are asyncio, uvloop, trio$"):
        run(anyio.sleep_forever, backend="curio")


@pytest.mark.parametrize("name", ["uvloop", "trio"])
def test_a_backend_that_is_not_installed_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it, and never another backend instead."""
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=f"^{name} is not installed: pip install -U "):
        run(anyio.sleep_forever, backend=name)


def test_a_backend_that_is_too_old_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fail somewhere in the middle, and nobody would know why."""
    monkeypatch.setattr(backends, "version", lambda package: "0.22.2")
    with pytest.raises(UsageError, match=r"^trio 0\.22\.2 is too old: pip install "):
        run(anyio.sleep_forever, backend="trio")


@pytest.mark.parametrize(
    ("main", "reason"),
    [
        (lambda: None, "is not async"),
        (anyio.sleep, "needs arguments"),
        (5, "is no function but of type int"),
        (trio, "is no function but of type module"),
    ],
)
def test_what_is_no_program_is_refused(main: object, reason: str) -> None:
    """Before any loop is started."""
    with pytest.raises(TypeError, match=reason):
        run(main)  # type: ignore[arg-type]


def test_a_coroutine_is_refused() -> None:
    """The usual slip, `run(main())`, is told without a warning that it was never awaited."""
    with pytest.raises(TypeError, match="give the function itself"):
        run(anyio.sleep_forever())  # type: ignore[arg-type]


def test_the_command_line_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to whoever calls."""
    argv = ["pytest", "--backend", "curio", "--", "x"]
    monkeypatch.setattr(sys, "argv", argv)
    run(anyio.sleep_forever, seconds=0.01)

    assert argv == ["pytest", "--backend", "curio", "--", "x"]


def test_a_module_being_loaded_only_notes() -> None:
    """The command runs it afterwards, in its own way."""
    namespace = {"__name__": "noted", "run": run, "main": anyio.sleep_forever}
    with noting("noted") as programs:
        exec(compile("run(main, backend='trio', seconds=3)", "noted.py", "exec"), namespace)

    assert programs == [Program(anyio.sleep_forever, "trio", 3)]


def test_a_module_that_the_loaded_one_imports_runs() -> None:
    """Only the file that the command was given is noted."""
    namespace = {"__name__": "other", "run": run, "main": anyio.sleep_forever}
    with noting("noted") as programs:
        exec(compile("value = run(main, seconds=0.01)", "other.py", "exec"), namespace)

    assert programs == []
    assert namespace["value"] is None


def test_a_running_loop_is_refused() -> None:
    """As anyio.run does."""

    async def main() -> None:
        run(anyio.sleep_forever)

    with pytest.raises(RuntimeError, match="Already running asyncio in this thread"):
        anyio.run(main)
