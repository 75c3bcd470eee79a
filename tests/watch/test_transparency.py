"""A program can't tell that hooks were put into it: the same results, prints and tracebacks."""

from __future__ import annotations

import contextlib
import io
import re
import sys
import traceback
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from transparency_programs import PROGRAMS, PROLOGUE
from turns import BACKENDS, run_on

from anymutex.watch.instrument import code_of
from anymutex.watch.names import names_in

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType, TracebackType


def told_by(code: CodeType, file: str, backend: str) -> str:
    """Run a program and give all that it lets be seen."""
    module = ModuleType("program")
    module.__file__ = file
    sys.modules["program"] = module
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(code, module.__dict__)
            ended = repr(run_on(BACKENDS[backend], module.main))
    except BaseException as error:
        ended = "".join(traceback.format_exception(error.with_traceback(without_ours(error))))
    finally:
        del sys.modules["program"]
    return re.sub(r"0x[0-9a-f]+", "0x", printed.getvalue() + ended)


def without_ours(error: BaseException) -> TracebackType | None:
    """The traceback without the frame of this file."""
    found = error.__traceback__
    while found is not None and found.tb_frame.f_code.co_filename == __file__:
        found = found.tb_next
    return found


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_it_can_not_be_told(name: str, backend: str, tmp_path: Path) -> None:
    """What it returns, prints and raises is what it was."""
    source = PROLOGUE + PROGRAMS[name]
    file = tmp_path / "program.py"
    file.write_text(source, encoding="utf-8")
    plain = compile(source, str(file), "exec", dont_inherit=True)
    hooked = code_of(source, str(file), names_in([source]))

    assert told_by(plain, str(file), backend) == told_by(hooked, str(file), backend)
