"""Loops, context managers and handlers."""

from __future__ import annotations

import ast
from typing import Any

from anymutex.watch.newnodes import as_list, statement
from anymutex.watch.rewriting import is_hooked
from anymutex.watch.storerewriting import StoreRewriting


class BlockRewriting(StoreRewriting):
    """Hooks at blocks."""

    def _loop(self, node: ast.For | ast.AsyncFor) -> Any:
        index, entered = self._drafts.index(node, "loop"), self._drafts.index(node.iter, "with")
        node.target = self._target(node.target)
        node.iter = self.visit(node.iter)
        hooked = index is not None and self._active
        if hooked:
            assert index is not None
            node.iter = self._call("loop", node.iter, self._f(node), index, at=node.iter)
        at = node.iter
        if entered is not None and not (
            self._active and is_hooked(entered, self._drafts.all[entered], self._drafts)
        ):
            entered = None
        if entered is not None:
            node.iter = self._call("entering", at, self._f(at), entered, at=at)
        self._loops.append((index, node.iter) if hooked and index is not None else None)
        node.body = [statement for old in node.body for statement in as_list(self.visit(old))]
        self._loops.pop()
        if entered is not None:
            node.body.insert(0, statement(self._call("entered", self._f(at), at=at), at))
            node.body.append(statement(self._call("call", self._f(at), entered, at=at), at))
        if hooked:
            node.body.append(statement(self._call("turn", self._f(node), index, at=node.iter), node.iter))
        node.orelse = [statement for old in node.orelse for statement in as_list(self.visit(old))]
        if entered is not None:
            return [node, statement(self._call("settle", self._f(at), at=at), at)]
        return node

    visit_For = visit_AsyncFor = _loop

    def visit_While(self, node: ast.While) -> Any:
        self._loops.append(None)
        self.generic_visit(node)
        self._loops.pop()
        return node

    def visit_Continue(self, node: ast.Continue) -> Any:
        loop = self._loops[-1] if self._loops else None
        if loop is None:
            return node
        return [statement(self._call("turn", self._f(node), loop[0], at=node), node), node]

    def _with(self, node: ast.With | ast.AsyncWith) -> Any:
        indexes = [(item, self._drafts.index(item.context_expr, "with")) for item in node.items]
        hooked = [
            (item, index)
            for item, index in indexes
            if index is not None and self._active and is_hooked(index, self._drafts.all[index], self._drafts)
        ]
        for item in node.items:
            item.context_expr = self.visit(item.context_expr)
            if item.optional_vars is not None:
                item.optional_vars = self._target(item.optional_vars)
        waits = self._wait_in(node)
        node.body = [statement for old in node.body for statement in as_list(self.visit(old))]
        if waits is not None:
            node.body.insert(0, statement(self._call("waited", None, self._f(node), waits, at=node), node))
        if not hooked:
            return (
                [node, statement(self._call("settle", self._f(node), at=node), node)]
                if self._active
                else node
            )
        at = node.items[0].context_expr
        for item, index in hooked:
            item.context_expr = self._call(
                "entering", item.context_expr, self._f(at), index, at=item.context_expr
            )
        last = hooked[-1][1]
        node.body.insert(0, statement(self._call("entered", self._f(at), at=at), at))
        node.body.append(statement(self._call("call", self._f(at), last, at=at), at))
        return [node, statement(self._call("settle", self._f(node), at=node), node)]

    visit_With = visit_AsyncWith = _with

    def _wait_in(self, node: ast.With | ast.AsyncWith) -> int | None:
        parts = (inner for item in node.items for inner in ast.walk(item.context_expr))
        found = (self._drafts.index(part, "wait") for part in parts)
        return next((index for index in found if index is not None), None) if self._active else None

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        self.generic_visit(node)
        if self._active:
            at = node.body[0]
            node.body.insert(0, statement(self._call("settle", self._f(at), at=at), at))
        return node
