"""The flow through statements: what decides, what loops, what leaves."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from anymutex.watch.assignments import AssignmentFlow
from anymutex.watch.ownmethods import methods_in
from anymutex.watch.sites import LOOP, NOTHING, RETURN
from anymutex.watch.spelling import (
    catches_missing_item,
    exits,
    in_own_scope,
    last_name,
    leaves_function,
    stored_names,
    suppresses_missing_item,
    suspends,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anymutex.watch.draft import Drafts
    from anymutex.watch.sites import Sources
    from anymutex.watch.spelling import AnyFunction

_VIEW_METHODS = {"keys", "values", "items", "get", "setdefault"}


class StatementFlow(AssignmentFlow):
    """A whole function. Make one, `run` it, and the drafts of the module have grown."""

    def run(self) -> None:
        """Go through the function, and the functions in it."""
        self.nested: list[StatementFlow] = []
        self._stored: dict[str, int] = {}
        for name in stored_names([self.node]):
            self._stored[name] = self._stored.get(name, 0) + 1
        self.block(self.node.body)
        self.finish()

    def block(self, body: list[ast.stmt]) -> None:
        """Statements one after the other."""
        control, guards = len(self.control), len(self.guards)
        for statement in body:
            method = getattr(self, f"_do_{type(statement).__name__}", None)
            if method:
                method(statement)
            else:
                for part in ast.iter_child_nodes(statement):
                    if isinstance(part, ast.expr):
                        self.value(part)
        del self.control[control:], self.guards[guards:]

    # -- deciding

    def _do_If(self, node: ast.If) -> None:
        control, guard = self.test(node.test), self.guard_of(node.test)
        before, constants = dict(self.env), self.decisions.constants()
        implied = {outcome: list(self.decisions.implied(node.test, outcome)) for outcome in (True, False)}
        controls = {outcome: control.union(*[one.sites for one in implied[outcome]]) for outcome in implied}
        with self.under(controls[True], guard, True, implied[True]):
            self.block(node.body)
        after, self.env = self.env, before
        with self.under(controls[False], guard, False, implied[False]):
            self.block(node.orelse)
        self._join(after, exits(node.body), exits(node.orelse))
        for body, outcome in ((node.body, True), (node.orelse, False)):
            told = guard and guard._replace(outcome=outcome)
            self.decisions.branched(stored_names(body), constants, told)
            if exits(body):
                self._went_on(controls[not outcome], body)
                self.guards += [guard._replace(outcome=not outcome)] if guard else []
                self.guards += implied[not outcome]

    def _went_on(self, control: Sources, body: list[ast.stmt]) -> None:
        """What follows runs only because `body` was not entered."""
        self.control.append(control)
        if leaves_function(body):
            self.left |= control

    def _join(self, other: dict[str, Sources], other_exits: bool, own_exits: bool) -> None:
        if own_exits and not other_exits:
            self.env = other
        elif not other_exits:
            for name, found in other.items():
                self.env[name] = self.env.get(name, NOTHING) | found

    def _do_Assert(self, node: ast.Assert) -> None:
        control = self.test(node.test)
        self.raises |= control
        self.left |= control
        guard = self.guard_of(node.test)
        if guard is not None:
            self.guards.append(guard)

    def _do_Match(self, node: ast.Match) -> None:
        control = self.value(node.subject)
        before = dict(self.env)
        for case in node.cases:
            own = dict(before)
            self.env, own = own, self.env
            for inner in ast.walk(case.pattern):
                name = getattr(inner, "name", None)
                if isinstance(name, str):
                    self.env[name] = control
            test = control | (self.test(case.guard) if case.guard else NOTHING)
            with self.under(test, None, True):
                self.block(case.body)
            self.decisions.branched(stored_names(case.body), {}, None)
            self._join(own, False, exits(case.body))

    # -- looping

    def _do_While(self, node: ast.While) -> None:
        guard = None
        for _ in range(2):
            control = self.test(node.test)
            guard = self.guard_of(node.test)
            with self.under(control, guard, True):
                self._loop_body(node.body)
        control = self.test(node.test)
        self.control.append(control)
        self.left |= control
        breaks = any(isinstance(inner, ast.Break) for inner in in_own_scope(node))
        if guard is not None and not breaks:
            self.guards.append(guard._replace(outcome=False))
        self.block(node.orelse)

    def _loop_body(self, body: list[ast.stmt]) -> None:
        before = dict(self.env)
        self.block(body)
        self._join(before, False, False)

    def _do_For(self, node: ast.For | ast.AsyncFor) -> None:
        found = self.value(node.iter) | self._iterated(node)
        if isinstance(node, ast.AsyncFor):
            found |= self._called(node.iter, "async for", node.iter, {"self": found}, inside=1, place="with")
        for _ in range(2):
            if isinstance(node, ast.AsyncFor):
                self.suspended()
            self.bind(node.target, found, None)
            self._loop_body(node.body)
        self.block(node.orelse)

    _do_AsyncFor = _do_For

    def _iterated(self, node: ast.For | ast.AsyncFor) -> Sources:
        what = node.iter
        if isinstance(node, ast.AsyncFor):
            return NOTHING
        is_reference = isinstance(what, ast.Name | ast.Attribute | ast.Subscript)
        method = (
            what.func.attr if isinstance(what, ast.Call) and isinstance(what.func, ast.Attribute) else None
        )
        if is_reference and self.records:
            self._whole(what, "for")
        if self.records and suspends(node.body) and (is_reference or method in _VIEW_METHODS):
            path = self.spelling(what.func.value if method else what)  # type: ignore[attr-defined]
            index = self.site(node, "loop", LOOP, "for", path=f"{path}[*]" if path else None)
            self.drafts.recorded.add(index)
            self.whole_reads.setdefault(path or "", set()).add(index)
        return NOTHING

    # -- entering and leaving

    def _do_With(self, node: ast.With | ast.AsyncWith) -> None:
        waits = isinstance(node, ast.AsyncWith)
        for item in node.items:
            found = self.value(item.context_expr)
            if waits:
                self.wait_on(item.context_expr)
            name = last_name(item.context_expr) or "with"
            found |= self._called(
                item.context_expr, name, None, {"self": found}, inside=int(waits), place="with"
            )
            if waits:
                self.suspended()
            if item.optional_vars is not None:
                self.bind(item.optional_vars, found, None)
        caught = suppresses_missing_item(node)
        self.caught += caught
        self.block(node.body)
        self.caught -= caught
        if waits:
            self.suspended()

    _do_AsyncWith = _do_With

    def _do_Try(self, node: ast.Try) -> None:
        before = dict(self.env)
        caught = catches_missing_item(node.handlers)
        self.caught += caught
        self.block(node.body)
        self.caught -= caught
        after = self.env
        joined = dict(after)
        for handler in node.handlers:
            self.env = dict(before)
            self._join(after, False, False)
            self.block(handler.body)
            if not exits(handler.body):
                mine, self.env = self.env, joined
                self._join(mine, False, False)
                joined = self.env
        self.env = joined
        self.block(node.orelse)
        self.block(node.finalbody)

    _do_TryStar = _do_Try

    def _do_Return(self, node: ast.Return) -> None:
        found = self.value(node.value)
        if node.value is not None and not _is_none(node.value):
            found |= self.all_control()
            index = self.site(node, "return", RETURN, "return", path=None)
            self.draft(index).data |= found
            self.returns |= found
        elif self.all_control():
            self.bare_returns.append(
                (self.site(node, "return", RETURN, "return", path=None), self.all_control())
            )

    def _do_Raise(self, node: ast.Raise) -> None:
        self.value(node.exc)
        self.raises |= NOTHING.union(*self.control)

    def _do_Expr(self, node: ast.Expr) -> None:
        self._by_itself(node.value)

    # -- scopes of their own

    def _do_FunctionDef(self, node: AnyFunction) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.value(part)
        if self.drafts.index(node, "function") is None:
            StatementFlow(self.drafts, node, self.classes, self).run()
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        self.env[node.name] = NOTHING.union(*[self.of_name(name) for name in names & self.locals])

    _do_AsyncFunctionDef = _do_FunctionDef

    def _do_ClassDef(self, node: ast.ClassDef) -> None:
        analyse_body(self.drafts, node.body, (*self.classes, node.name), self)


def analyse(tree: ast.Module, drafts: Drafts) -> Drafts:
    """Find the sites of a whole module."""
    drafts.methods = methods_in(tree)
    drafts.names_assigned_global = frozenset(
        name for inner in ast.walk(tree) if isinstance(inner, ast.Global) for name in inner.names
    )
    analyse_body(drafts, tree.body, (), None)
    return drafts


def analyse_body(
    drafts: Drafts, body: Iterable[ast.AST], classes: tuple[str, ...], outer: StatementFlow | None
) -> None:
    """Find the functions in the body of a module or a class, wherever in it they are."""
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if drafts.index(node, "function") is None:
                    StatementFlow(drafts, node, classes, outer).run()
            case ast.ClassDef():
                analyse_body(drafts, node.body, (*classes, node.name), outer)
            case ast.stmt() | ast.ExceptHandler() | ast.match_case():
                analyse_body(drafts, ast.iter_child_nodes(node), classes, outer)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
