"""What flows where in one function: from the reads that a value or a decision comes from, to what is written.

Rule 1. The function is gone through in the order in which it runs, loops twice, branches side by side.
Rule 2. A source counts for a write or a call only if a suspension may lie between: otherwise nobody can have
        come in between. What was read in the same step is kept beside it, for it makes the write fresh.
Rule 3. A local name comes from what was last assigned to it, and an object also from what was put into it.
Rule 4. A local name that got its value in a branch rests on the test of it: see `decisions`.
Rule 5. What follows an `if` that leaves (return, raise, continue, break) depends on its test.
Rule 6. A call may return anything that it was given or has read, and may raise because of what it read.

The prototype of this kind of analysis is Weiser, Program slicing (1981); this one is flow-sensitive,
field-sensitive for local names, and leaves what happens inside calls to the run time.
"""

from __future__ import annotations

import ast
from contextlib import contextmanager
from typing import TYPE_CHECKING

from anymutex.watch.decisions import Decisions
from anymutex.watch.sites import CLOSURE, FUNCTION, NOTHING, RETURN, Guard, Site, parameter
from anymutex.watch.spelling import (
    arguments_of,
    bound_names,
    declared,
    declared_within,
    in_own_scope,
    last_name,
    path_of,
    suspends,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

    from anymutex.watch.draft import Draft, Drafts
    from anymutex.watch.sites import Sources
    from anymutex.watch.spelling import AnyFunction

# They show or change local names behind our back, or would show ours.
_LOOKS_AT_LOCALS = {"locals", "vars", "dir", "eval", "exec"}
_UNFIT_FOR_GUARDS = (
    ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.Lambda,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


class Flow:
    """The state of the analysis of one function; what the halves that walk the tree have in common."""

    def __init__(
        self, drafts: Drafts, node: AnyFunction, classes: tuple[str, ...], outer: Self | None
    ) -> None:
        self.drafts = drafts
        self.node = node
        self.classes = classes
        self.outer = outer
        looks = any(
            isinstance(inner, ast.Call) and not inner.args and last_name(inner.func) in _LOOKS_AT_LOCALS
            for inner in in_own_scope(node)
        )
        self.suspends = suspends(node.body)
        self.records = self.suspends and not looks
        self.is_async = isinstance(node, ast.AsyncFunctionDef)
        self.locals = bound_names(node)
        self.cells = self.locals & declared_within(node, ast.Nonlocal)
        self.declared_global = declared(node, ast.Global)
        self.declared_nonlocal = declared(node, ast.Nonlocal)
        self.parameters = [argument.arg for argument in arguments_of(node)]
        self.env: dict[str, Sources] = {
            name: frozenset({parameter(position)}) for position, name in enumerate(self.parameters)
        }
        self.decisions = Decisions()
        self.spelled: dict[str, str] = {}  # a local name -> the path it was assigned from
        self.defined: dict[str, ast.expr] = {}  # a local name -> the one expression it was assigned
        self.waited: Sources = NOTHING  # what awaits were given, or depended on
        self.count = 0  # suspensions so far
        self.at: dict[int, int] = {}  # a source -> `count` when it was read
        self.control: list[Sources] = []  # of the tests around
        self.left: Sources = NOTHING  # of tests that have left the function otherwise
        self.guards: list[Guard] = []
        self.returns: Sources = NOTHING
        self.raises: Sources = NOTHING
        self.caught = 0
        self.in_test = 0
        self.own_writes: dict[str, tuple[int, int]] = {}  # a path -> its write, and `count` then
        self.whole_reads: dict[str, set[int]] = {}  # a path -> reads of the whole container
        self.drains: list[tuple[int, str]] = []
        self.slots: dict[str, frozenset[int]] = {}  # a local name -> the slots that it came from or went to
        self.multiply = 0  # comprehensions around
        self.statement_call: ast.expr | None = None  # a call that may raise, and stands for itself
        self.is_value_used = False  # of that call
        self.bare_returns: list[tuple[int, Sources]] = []
        self.index = self.site(node, "function", FUNCTION, node.name, path=None)

    # -- sites

    def site(self, node: ast.AST, place: str, kind: str, how: str, *, path: str | None) -> int:
        """The site of `node`, made when it is first come by."""
        known = self.drafts.index(node, place)
        if known is not None:
            return known
        text = "" if kind == FUNCTION else _one_line(node)
        site = Site(
            kind=kind,
            how=how,
            line=getattr(node, "lineno", 1),
            function=self.node.name,
            text=text,
            path=path,
            is_multiple=bool(self.multiply),
            in_test=bool(self.in_test),
            column=getattr(node, "col_offset", -1),
            is_caught=bool(self.caught),
            parameters=tuple(self.parameters) if kind == FUNCTION else (),
            mangled=self.mangled(how) if how else how,
        )
        container, key = self._parts_of(node)
        site = site._replace(container=container, key=key)
        return self.drafts.add(node, place, site, getattr(self, "index", len(self.drafts.all)))

    def _parts_of(self, node: ast.AST) -> tuple[str | None, str | None]:
        """The container and the key that a failing expression is about."""
        container: ast.expr
        if isinstance(node, ast.Subscript):
            container, key = node.value, node.slice
        elif isinstance(node, ast.Call) and _needs_presence(node) and isinstance(node.func, ast.Attribute):
            container, key = node.func.value, node.args[0]
        else:
            return None, None
        if self.count and self.records:
            self.drafts.fragile.add(self.index)
        found, _ = _Substituted(self).of(container)
        return ast.unparse(found), ast.unparse(key)

    def draft(self, index: int) -> Draft:
        """The draft at `index`."""
        return self.drafts.all[index]

    def read(self, node: ast.AST, place: str, how: str, path: str | None) -> Sources:
        """A read, as a source."""
        index = self.site(node, place, "read", how, path=path)
        self.at[index] = self.count
        return frozenset({index})

    def sink(self, index: int, data: Sources, *, inside: int = 0) -> None:
        """Something is written, or a call is made, at the site `index`, from `data` and under all tests.

        Args:
            index: The site.
            data: Where the value comes from.
            inside: 1 if the access may come after a suspension inside.
        """
        draft = self.draft(index)
        control = self.all_control()
        draft.data |= self.older(data, inside)
        draft.control |= self.older(control, inside)
        now = {source for source in data | control if source >= 0 and self.at.get(source) == self.count}
        draft.recheck |= now
        draft.is_rechecked = any(self.at.get(source) == self.count for source in control if source >= 0)
        draft.checks |= {source for source in control if source >= 0}
        spelled = draft.first.path
        draft.is_fresh = spelled is not None and any(self._spells_same(source, spelled) for source in now)
        draft.guards.update(dict.fromkeys(self.guards))

    def older(self, sources: Sources, inside: int = 0) -> set[int]:
        """Those of `sources` with a suspension since (rule 2)."""
        return {source for source in sources if source < 0 or self.at.get(source, -1) < self.count + inside}

    def all_control(self) -> Sources:
        """All that decides whether the code here runs."""
        return self.left.union(*self.control)

    def suspended(self) -> None:
        """Control may be given up here."""
        self.count += 1

    def _spells_same(self, source: int, path: str) -> bool:
        other = self.draft(source).first.path
        return other is not None and other.removesuffix("[*]") == path.removesuffix("[*]")

    # -- names

    def mangled(self, name: str) -> str:
        """A private name, as the class it is in makes it."""
        if not self.classes or not name.startswith("__") or name.endswith("__"):
            return name
        own = self.classes[-1].lstrip("_")
        return f"_{own}{name}" if own else name

    def spelling(self, node: ast.AST) -> str | None:
        """The path of `node`, with a local name replaced by what it stands for."""
        path = path_of(node)
        if path is None:
            return None
        head = path.split(".")[0].split("[")[0]
        return self.spelled.get(head, head) + path[len(head) :]

    def scope_of(self, name: str) -> str | None:
        """`global` or `cell` for a name that functions share and assign anew; None for all others."""
        if name in self.declared_global:
            return "global"
        flow: Flow | None = self
        while flow is not None:
            if name in flow.locals:
                return "cell" if name in flow.cells else None
            flow = flow.outer
        return "global" if name in self.drafts.names_assigned_global else None

    def captured(self, name: str) -> bool:
        """Whether `name` is a local of a function around this one."""
        flow = self.outer
        while flow is not None and name not in self.locals:
            if name in flow.locals:
                return True
            flow = flow.outer
        return False

    def of_name(self, name: str) -> Sources:
        """Where the value of a name comes from."""
        if name in self.env:
            return self.env[name]
        return frozenset({CLOSURE}) if self.captured(name) else NOTHING

    # -- guards

    def guard_of(self, test: ast.expr) -> Guard | None:
        """`test` as a guard with the outcome True; None if evaluating it again is out of the question."""
        if any(isinstance(inner, _UNFIT_FOR_GUARDS) for inner in ast.walk(test)):
            return None
        inner, sites = _Substituted(self).of(test)
        return Guard(tuple(sorted(sites)), ast.unparse(inner), True)

    @contextmanager
    def under(
        self, control: Sources, guard: Guard | None, outcome: bool, implied: Iterable[Guard] = ()
    ) -> Iterator[None]:
        """What runs in the block depends on a test, and on what its outcome implies."""
        length = len(self.guards)
        self.control.append(control)
        if guard is not None:
            self.guards.append(guard._replace(outcome=outcome))
        self.guards += implied
        yield
        self.control.pop()
        del self.guards[length:]

    # -- the end

    def finish(self) -> None:
        """Note what must be hooked in this function."""
        drafts = self.drafts
        drafts.flows[self.node] = self
        if self.returns:
            for index, found in self.bare_returns:
                self.draft(index).data |= found
                self.returns |= found
        leaving = {source for source in self.returns | self.raises if source >= 0}
        if not self.records:
            drafts.collected |= leaving
            for draft in drafts.all[self.index :]:
                if draft.owner == self.index and draft.first.kind == "call":
                    drafts.checked |= {source for source in draft.checks if source not in leaving}
            if leaving:
                drafts.muted |= self._discarded_calls()
            return
        drafts.recorded |= leaving
        self.draft(self.index).control |= {source for source in self.raises if source >= 0}
        for index, path in self.drains:
            self.draft(index).drains |= self.whole_reads.get(path, set())
            drafts.recorded |= self.draft(index).drains
        for draft in drafts.all[self.index :]:
            if draft.owner == self.index and draft.first.kind != RETURN:
                drafts.recorded |= _used_by(draft)

    def _discarded_calls(self) -> set[ast.AST]:
        return {
            inner.value
            for inner in in_own_scope(self.node)
            if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call)
        }


class _Substituted(ast.NodeTransformer):
    """Put for each local name the one expression that it was assigned, names of attributes mangled."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._sites: set[int] = set()

    def of(self, test: ast.expr) -> tuple[ast.AST, set[int]]:
        self._sites |= self._flow.drafts.within(test)
        tree: ast.AST = self.visit(ast.parse(ast.unparse(test), mode="eval").body)
        return tree, self._sites

    def visit_Name(self, node: ast.Name) -> ast.AST:
        defined = self._flow.defined.get(node.id)
        if defined is None:
            return node
        self._sites |= self._flow.drafts.within(defined)
        return ast.parse(ast.unparse(defined), mode="eval").body

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        node.attr = self._flow.mangled(node.attr)
        return node


def _needs_presence(node: ast.Call) -> bool:
    """Whether a call fails if there is no such key or element."""
    return last_name(node.func) in {"pop", "remove", "move_to_end", "index"} and bool(node.args)


def _used_by(draft: Draft) -> set[int]:
    used = draft.data | draft.control | draft.drains | draft.aliases | draft.carries
    used.update(*draft.arguments.values())
    if draft.data or draft.control:
        used |= draft.recheck
    return {source for source in used if source >= 0}


def _one_line(node: ast.AST) -> str:
    try:
        text = ast.unparse(node)
    except Exception:  # a node that is no expression
        return ""
    return text if len(text) <= 60 else text[:57] + "..."
