"""Modules that pytest's assertion rewriter owns, test files and conftests, with hooks in them too.

Rule 1. We analyse the source as it is written, then the rewriter does its work, then hooks are put in. So
        what it tells of a failed `assert` has no hooks in it; what an `assert` itself reads is not watched.
Rule 2. Whoever asks must find the module rewritten: pytest warns of one that was not, by its loader's class.
"""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook, rewrite_asserts

from anymutex.watch import findings
from anymutex.watch.draft import Drafts
from anymutex.watch.instrument import InstrumentingFinder, InstrumentingLoader
from anymutex.watch.names import Names
from anymutex.watch.rewriter import Rewriter
from anymutex.watch.statements import analyse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType


class TestFinder(InstrumentingFinder):
    """Finds what lies beneath the roots, tests included."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the next finder says, with our loader in place of Python's own and of pytest's."""
        spec = super().find_spec(name, path, target)
        if spec is None or spec.origin is None or not self.roots.covers(spec.origin):
            return spec
        if type(spec.loader) is AssertionRewritingHook:
            spec.loader = TestLoader(name, spec.origin, self.roots.names, spec.loader.config)
        return spec


class TestLoader(InstrumentingLoader, AssertionRewritingHook):  # type: ignore[misc]  # rule 2
    """Loads a source file with its asserts rewritten, and with hooks in it."""

    def __init__(self, name: str, path: str, names: Names, config: pytest.Config) -> None:
        InstrumentingLoader.__init__(self, name, path, _NamesOfTests(*names))
        self.config = config

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        """Rewrite, then put hooks in; what we can't do that to is rewritten alone."""
        file = os.fsdecode(path)
        tree = ast.parse(data, file)
        try:
            drafts = analyse(tree, Drafts(self._names))
            rewrite_asserts(tree, data, file, self.config)
            Rewriter(drafts).module(tree)
        except Exception as error:  # the program goes before its watcher
            findings.complain(error)
            tree = ast.parse(data, file)
            rewrite_asserts(tree, data, file, self.config)
        code: CodeType = compile(tree, file, "exec", dont_inherit=True, optimize=_optimize)
        return code


class _NamesOfTests(Names):
    """The same names, under which no code is cached but what this pytest has rewritten."""

    __slots__ = ()

    @property
    def digest(self) -> str:
        return f"{super().digest}-pytest-{pytest.__version__}"
