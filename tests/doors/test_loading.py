"""FILE[:function] becomes a program."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import anymutex
from anymutex.doors.loading import Target, loaded, target_of
from anymutex.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from anymutex.doors.program import Program

MAIN = "async def main(): return 'main'\n"


def load(
    file: Path, source: str | bytes, function: str | None = None
) -> AbstractContextManager[Program[Any]]:
    """Write `source` to `file` and load it."""
    file.write_bytes(source.encode() if isinstance(source, str) else source)
    return loaded(Target(file, function), ["x"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a name that no module has."""
    return tmp_path / "01_shop.py"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop.py", Target(Path("shop.py"))),
        ("shop.py:serve", Target(Path("shop.py"), "serve")),
        ("C:\\shop.py", Target(Path("C:\\shop.py"))),
    ],
)
def test_a_target_is_a_file_and_a_function(text: str, expected: Target) -> None:
    """A colon may also be part of a path."""
    assert expected == target_of(text)


def test_a_file_with_a_colon_wins(tmp_path: Path) -> None:
    """What exists is meant."""
    file = tmp_path / "shop:serve"
    file.touch()

    assert target_of(str(file)) == Target(file)


def test_main_is_the_program(file: Path) -> None:
    """Unless told otherwise."""
    with load(file, MAIN) as program:
        assert program.main.__name__ == "main"
        assert (program.backend, program.seconds) == (None, None)


def test_a_function_may_be_named(file: Path) -> None:
    """It wins over main, and over what the file runs."""
    source = f"import anymutex\n{MAIN}async def other(): pass\nanymutex.run(main)"
    with load(file, source, "other") as program:
        assert program.main.__name__ == "other"


def test_an_unguarded_run_is_noted(file: Path) -> None:
    """`python FILE` would run just that, and in that way."""
    source = "import anymutex\nasync def start(): pass\nanymutex.run(start, backend='trio', seconds=2)"
    with load(file, source) as program:
        assert program.main.__name__ == "start"
        assert (program.backend, program.seconds) == ("trio", 2)


def test_a_guarded_run_is_not_reached(file: Path) -> None:
    """A loaded file is not `__main__`."""
    with load(file, f"{MAIN}if __name__ == '__main__': raise SystemExit") as program:
        assert program.main.__name__ == "main"


def test_the_module_is_known(file: Path) -> None:
    """So that its classes can be pickled."""
    source = f"from dataclasses import dataclass\n{MAIN}@dataclass\nclass Item:\n    price: int\n"
    with load(file, source):
        item = sys.modules["01_shop"].Item(3)

        assert pickle.loads(pickle.dumps(item)) == item


def test_the_process_looks_as_to_a_script(file: Path) -> None:
    """`sys.argv` and `sys.path` are Python's own doing."""
    with load(file, f"import sys\nseen = list(sys.argv), sys.path[0], __file__\n{MAIN}"):
        assert sys.modules["01_shop"].seen == ([str(file), "x"], str(file.parent), str(file))


def test_nothing_is_left_behind(file: Path) -> None:
    """The next run starts afresh."""
    before = sys.argv, list(sys.path), set(sys.modules)
    with load(file, MAIN):
        pass

    assert before == (sys.argv, sys.path, set(sys.modules))
    assert [child.name for child in file.parent.iterdir()] == [file.name]


def test_a_module_that_is_there_keeps_its_name(tmp_path: Path) -> None:
    """Loading `anymutex.py` must not replace anymutex."""
    with load(tmp_path / "anymutex.py", MAIN) as program:
        assert sys.modules["anymutex"] is anymutex
        assert program.main.__module__ == "anymutex_program"


@pytest.mark.parametrize(
    ("source", "function", "message"),
    [
        ("x = 1", None, "FILE has no main: write `async def main()`, or give FILE:function"),
        (MAIN, "serve", "FILE has no serve: write `async def serve()`, or give FILE:function"),
        ("def main(): pass", None, "FILE: main is not async: write `async def`"),
        ("async def main(port): pass", None, "FILE: main needs arguments (port): a program takes none"),
        ("main = 5", None, "FILE: main is no function but of type int"),
        ("x = 1\ndef f(:\n", None, "FILE:2: invalid syntax"),
        (f"import anymutex\n{MAIN}" + "anymutex.run(main)\n" * 2, None, "FILE runs 2 programs: name one"),
    ],
)
def test_what_is_no_program_is_one_line(file: Path, source: str, function: str | None, message: str) -> None:
    """With what to do about it."""
    with pytest.raises(UsageError) as caught, load(file, source, function):
        pass
    told = str(caught.value).replace(str(file), "FILE")

    assert told.startswith(message)
    assert "\n" not in told


@pytest.mark.parametrize("source", [b"x = 1\0", b"x = '\xff'"], ids=["null byte", "not UTF-8"])
def test_what_is_no_text_is_one_line(file: Path, source: bytes) -> None:
    """Python's words for it differ from one version to the next."""
    with pytest.raises(UsageError) as caught, load(file, source):
        pass

    assert str(caught.value).startswith(str(file))
    assert "None" not in str(caught.value)


def test_a_missing_file_is_one_line(file: Path) -> None:
    """By the name that was given."""
    with pytest.raises(UsageError, match=r"^no such file: "), loaded(Target(file), []):
        pass


def test_a_directory_is_one_line(tmp_path: Path) -> None:
    """By the name that was given."""
    with pytest.raises(UsageError, match=r"is a directory, not a Python file$"), loaded(Target(tmp_path), []):
        pass


def test_what_the_file_raises_is_its_own(file: Path) -> None:
    """And still nothing is left behind."""
    with pytest.raises(ZeroDivisionError), load(file, "1 / 0"):
        pass

    assert "01_shop" not in sys.modules
