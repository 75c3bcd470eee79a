"""Puts hooks into a tree, where the analysis found sites that matter.

Rule 1. A hook gets the *object* and gives it back; the real load, store or call stays where it was. So the
        order of evaluation, descriptors, private names, error texts and the carets of tracebacks stay.
Rule 2. A key that is more than a name is evaluated once, at its own place, and handed on by the hooks.
Rule 3. Code of modules and classes is left alone: it runs once, before there are tasks.
Rule 4. Inserted code has the position of what it stands beside; coverage and debuggers see no new lines.
Rule 5. What code that can't suspend reads for its callers is hooked, and the same stands beside it without
        hooks: a jump decides. A call that does nothing would cost ten times as much.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from anymutex.watch.blockrewriting import BlockRewriting
from anymutex.watch.callrewriting import CallRewriting
from anymutex.watch.newnodes import ACTIVATION, CELL, HOOKS, as_list, assign
from anymutex.watch.readrewriting import ReadRewriting
from anymutex.watch.rewriting import is_hooked
from anymutex.watch.spelling import declared_within, in_own_scope

if TYPE_CHECKING:
    from anymutex.watch.flow import Flow
    from anymutex.watch.spelling import AnyFunction

_RUNTIME = "anymutex.watch.hooks"


class Rewriter(ReadRewriting, CallRewriting, BlockRewriting):
    """Rewrites one module in place."""

    def module(self, tree: ast.Module) -> ast.Module:
        """Rewrite a whole module."""
        self.visit(tree)
        position = _after_docstring_and_futures(tree.body)
        table: Any = tuple(site.plain() for site in self._drafts.finished())
        prologue = ast.parse(f"from {_RUNTIME} import Hooks as hooks\nhooks = hooks(globals(), 0)").body
        for statement in prologue:
            for node in ast.walk(statement):
                _at_first_line(node)
                if isinstance(node, ast.alias):
                    node.asname = HOOKS
                if isinstance(node, ast.Name) and node.id == "hooks":
                    node.id = HOOKS
                if isinstance(node, ast.Constant):
                    node.value = table
        tree.body[position:position] = prologue
        return tree

    def _function(self, node: AnyFunction) -> AnyFunction:
        node.decorator_list = [self.visit(part) for part in node.decorator_list]
        node.args = self.visit(node.args)
        before = self._flow, self._active, self._loops
        self._flow, self._loops = self._drafts.flows.get(node), []
        self._active = self._flow is not None and self._needs_activation(self._flow)
        node.body = [statement for old in node.body for statement in as_list(self.visit(old))]
        if self._flow is not None:
            self._wrap_body(node, self._flow)
        self._flow, self._active, self._loops = before
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        before, self._flow, self._active = (self._flow, self._active), None, False
        self.generic_visit(node)
        self._flow, self._active = before
        return node

    def _needs_activation(self, flow: Flow) -> bool:
        if not flow.records or any(isinstance(inner, ast.YieldFrom) for inner in in_own_scope(flow.node)):
            return False
        drafts = self._drafts
        if flow.index in drafts.fragile:
            return True
        return any(
            index in drafts.recorded or (draft.first.kind == "call" and is_hooked(index, draft, drafts))
            for index, draft in enumerate(drafts.all[flow.index :], flow.index)
            if draft.owner == flow.index
        )

    def _wrap_body(self, node: AnyFunction, flow: Flow) -> None:
        start = int(ast.get_docstring(node, clean=False) is not None)
        cells = sorted(flow.locals & declared_within(node, ast.Nonlocal))
        prologue = [assign(CELL + name, self._call("cell", at=node), node) for name in cells]
        if self._active:
            prologue.append(assign(ACTIVATION, self._call("enter", flow.index, at=node), node))
            leave = ast.copy_location(ast.Expr(self._call("leave", self._f(node), at=node)), node)
            rest = node.body[start:] or [ast.copy_location(ast.Pass(), node)]
            node.body[start:] = [ast.copy_location(ast.Try(rest, [], [], [leave]), node)]
        node.body[start:start] = prologue


def _at_first_line(node: ast.AST) -> None:
    if isinstance(node, ast.stmt | ast.expr | ast.alias):
        node.lineno = node.end_lineno = 1
        node.col_offset = node.end_col_offset = 0


def _after_docstring_and_futures(body: list[ast.stmt]) -> int:
    position = 0
    match body:
        case [ast.Expr(ast.Constant(str())), *_]:
            position = 1
    while position < len(body):
        statement = body[position]
        if not isinstance(statement, ast.ImportFrom) or statement.module != "__future__":
            break
        position += 1
    return position
