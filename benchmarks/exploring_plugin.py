"""A plugin of pytest that explores each async test of a suite written for plain anyio.

Load it by `pytest -p anyio.pytest_plugin -p exploring_plugin`, as soak_anyio_suite.py does.

Rule 1. A test runs on the plain asyncio or trio that its parameters ask for; another loop, as uvloop or one
        with eager tasks, is not driven, and is deselected.
Rule 2. Each schedule gets fixtures of its own, as far as they are plain functions of the suite.
Rule 3. What can't be driven is skipped, and its reason says why.
Rule 4. How many schedules there were, what their verdict is, and the token of one that failed, are
        properties of the test, which `--junit-xml` writes down.
"""

from __future__ import annotations

from functools import partial
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import CodeType
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from anymutex.errors import UsageError
from anymutex.testing import explore
from anymutex.testing.outcome import leaves_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from anymutex.testing.failure import Failure

    AsyncTest: TypeAlias = Callable[..., Coroutine[Any, Any, object]]

PER_TEST = {
    "caplog": "of all schedules together",
    "capsys": "of all schedules together",
    "mocker": "counts the calls of all schedules together",
    "monkeypatch": "what it changes is for the main thread's loop",
    "pytester": "runs pytest",
    "testdir": "runs pytest",
}
"""Fixtures of pytest that belong to a test, not to one of its schedules, and why."""

OUT_OF_REACH = {
    "Thread": "starts threads itself",
    "start_blocking_portal": "starts threads itself",
    "BlockingPortalProvider": "starts threads itself",
    "main_thread": "its loop has to run in the main thread",
}
"""What a test names that can't be explored, as the documentation of `explore` has it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much to run."""
    group = parser.getgroup("exploring")
    group.addoption("--explored-schedules", type=int, default=100)
    group.addoption("--explored-seconds", type=float, default=60.0)
    group.addoption("--explored-seed", type=int, default=0)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the loops that are not driven."""
    other = [item for item in items if isinstance(item, pytest.Function) and _is_on_another_loop(item)]
    config.hook.pytest_deselected(items=other)
    items[:] = [item for item in items if item not in other]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Put the exploration in the place of the test."""
    test = pyfuncitem.obj
    pyfuncitem.obj = partial(_explored, pyfuncitem, test)
    try:
        return (yield)
    finally:
        pyfuncitem.obj = test


def _explored(item: pytest.Function, test: AsyncTest, **values: object) -> None:
    __tracebackhide__ = True
    _skip_what_is_not_driven(item, test)

    async def program() -> None:
        fixtures = Fixtures(item, values)
        await test(**{name: fixtures.value(name) for name in values})

    option = item.config.getoption
    backend = _backend_of(item)
    try:
        result = explore(
            program,
            backends=[backend],
            max_schedules=option("explored_schedules"),
            max_seconds=option("explored_seconds"),
            seed=option("explored_seed"),
        )
    except UsageError as refusal:
        pytest.skip(f"refused: {str(refusal).partition(':')[0]}")
    _let_skips_through(result.failure)
    item.user_properties.append(("schedules", result.schedules[backend]))
    item.user_properties.append(("verdict", result.verdict))
    if result.failure is not None:
        item.user_properties.append(("token", result.failure.token))
        item.user_properties.append(("kind", result.failure.kind))
    result.check()


class Fixtures:
    """The fixtures of one schedule: the suite's own plain functions are called again, the rest is shared."""

    def __init__(self, item: pytest.Function, shared: dict[str, object]) -> None:
        self._item = item
        self._values: dict[str, object] = {}
        self._shared = shared

    def value(self, name: str) -> object:
        """Of one fixture, the same each time it is asked for."""
        if name not in self._values:
            self._values[name] = self._made(name)
        return self._values[name]

    def _made(self, name: str) -> object:
        definition = _definition(self._item, name)
        if definition is None or not _is_made_anew(self._item, definition):
            return self._shared[name] if name in self._shared else self._item.funcargs[name]
        make = definition.func
        if hasattr(make, "__self__"):
            make = make.__func__.__get__(self._item.instance)
        return make(**{needed: self.value(needed) for needed in definition.argnames})


def _definition(item: pytest.Function, name: str) -> Any:
    """What pytest knows of a fixture; None for a parameter."""
    definitions = item._fixtureinfo.name2fixturedefs.get(name)
    return definitions[-1] if definitions and name not in _parameters(item) else None


def _is_made_anew(item: pytest.Function, definition: Any) -> bool:
    """Whether a fixture is a plain function of the suite's own that pytest calls for each test."""
    is_own = definition.func.__module__.partition(".")[0] == item.module.__name__.partition(".")[0]
    is_plain = not isgeneratorfunction(definition.func) and "request" not in definition.argnames
    return is_own and is_plain and definition.scope == "function"


def _skip_what_is_not_driven(item: pytest.Function, test: AsyncTest) -> None:
    __tracebackhide__ = True
    if not iscoroutinefunction(test):
        pytest.skip("no async function")
    if item.get_closest_marker("xfail"):
        pytest.skip("is expected to fail")
    for word in _names_in(test.__code__) & OUT_OF_REACH.keys():
        pytest.skip(OUT_OF_REACH[word])
    for name in item.fixturenames:
        if name in PER_TEST:
            pytest.skip(f"fixture {name}: {PER_TEST[name]}")
        definition = _definition(item, name)
        if definition and (iscoroutinefunction(definition.func) or isasyncgenfunction(definition.func)):
            pytest.skip("an async fixture")


def _names_in(code: CodeType) -> set[str]:
    """The names that a function uses, and those that are defined in it do."""
    inner = [_names_in(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*inner)


def _parameters(item: pytest.Function) -> dict[str, Any]:
    return item.callspec.params if hasattr(item, "callspec") else {}


def _backend_of(item: pytest.Function) -> str:
    """The name of the loop that the test is to run on."""
    backend = _parameters(item).get("anyio_backend", "asyncio")
    return backend if isinstance(backend, str) else backend[0]


def _is_on_another_loop(item: pytest.Function) -> bool:
    backend = _parameters(item).get("anyio_backend", "asyncio")
    options = {} if isinstance(backend, str) else backend[1]
    return not {"loop_factory", "use_uvloop"}.isdisjoint(options)


def _let_skips_through(failure: Failure | None) -> None:
    __tracebackhide__ = True
    for leaf in leaves_of(failure.error) if failure else ():
        if isinstance(leaf, pytest.skip.Exception):
            raise leaf
