"""What a function assigns and deletes."""

from __future__ import annotations

import ast
from typing import Any

from anymutex.watch.newnodes import is_simple, statement
from anymutex.watch.rewriting import Rewriting, is_hooked
from anymutex.watch.spelling import is_full_slice


class StoreRewriting(Rewriting):
    """Hooks at stores."""

    def _target(self, node: ast.expr) -> ast.expr:
        """Rewrite what is assigned to, or deleted."""
        index = self._drafts.index(node, "write")
        match node:
            case ast.Tuple() | ast.List():
                node.elts = [self._target(part) for part in node.elts]
            case ast.Starred():
                node.value = self._target(node.value)
            case ast.Attribute():
                node.value = self.visit(node.value)
                if index is not None and self._flow is not None and not self._initialises(node):
                    hook = "empty" if self._drafts.all[index].first.is_drain else "write"
                    if self._active and self._drafts.all[index].carries:
                        hook = "write_carrying"
                    node.value = self._writing(hook, node.value, self._mangled(node.attr), index, node)
            case ast.Subscript():
                node.value, node.slice = self.visit(node.value), self.visit(node.slice)
                if index is None or self._flow is None:
                    return node
                if isinstance(node.ctx, ast.Del) and is_full_slice(node.slice):
                    node.value = self._writing("take", node.value, None, index, node)
                elif not isinstance(node.slice, ast.Slice):
                    if is_simple(node.slice):
                        hook = "remove" if isinstance(node.ctx, ast.Del) else "store"
                        node.value = self._writing(hook, node.value, node.slice, index, node)
                    else:
                        node.value, node.slice = self._split(node.value, node.slice, index, node)
        return node

    def _initialises(self, node: ast.Attribute) -> bool:
        assert self._flow is not None
        is_maker = self._flow.node.name in {"__init__", "__new__", "__post_init__"}
        return is_maker and isinstance(node.value, ast.Name) and node.value.id in self._flow.parameters[:1]

    def visit_Assign(self, node: ast.Assign) -> Any:
        node.value = self._new_value(node.targets, self.visit(node.value))
        node.targets = [self._target(target) for target in node.targets]
        return self._after_setters(node, node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is not None:
            node.value = self._new_value([node.target], self.visit(node.value))
            node.target = self._target(node.target)  # type: ignore[assignment]
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        target = node.target
        node.value = self.visit(node.value)
        old, index = self._read_at(target, "augmented"), self._drafts.index(target, "write")
        if index is None or self._flow is None:
            return node
        if isinstance(target, ast.Name):
            if old is not None:
                assert self._active
                before = self._call(
                    "old_name", self._token(target.id, node), target.id, self._f(node), old, at=node
                )
                node.value = self._call("then", before, node.value, at=node.value)
            node.value = self._name_written(target, node.value, index)
        elif old is None:
            node.target = self._target(target)  # type: ignore[assignment]
        else:
            self._read_old(target, old)
            node.value = self._call("augmented", node.value, self._f(node), old, index, at=node.value)
        return node

    def _read_old(self, target: ast.Attribute | ast.Subscript, old: int) -> None:
        """The old value is loaded before the new one is waited for."""
        target.value = self.visit(target.value)
        if isinstance(target, ast.Attribute):
            target.value = self._call(
                "read", target.value, self._mangled(target.attr), self._f(target), old, at=target.value
            )
            return
        target.slice = self.visit(target.slice)
        if isinstance(target.slice, ast.Slice):
            return
        if is_simple(target.slice):
            target.value = self._call(
                "item", target.value, target.slice, self._f(target), old, at=target.value
            )
        else:
            target.value, target.slice = self._split(target.value, target.slice, old, target)

    def _new_value(self, targets: list[ast.expr], value: ast.expr) -> ast.expr:
        if self._flow is None:
            return value
        for target in targets:
            index = self._drafts.index(target, "write")
            if index is None:
                continue
            if isinstance(target, ast.Name):
                value = self._name_written(target, value, index)
            elif self._drafts.all[index].first.value is None and self._may_be_checked(index):
                return self._call("value", value, at=value)
        return value

    def _may_be_checked(self, index: int) -> bool:
        draft = self._drafts.all[index]
        assert self._flow is not None
        if self._flow.node.name in {"__init__", "__new__", "__post_init__"}:
            return False
        return not self._flow.suspends or bool(draft.data or draft.control)

    def _name_written(self, target: ast.Name, value: ast.expr, index: int) -> ast.expr:
        return self._call("name_written", value, self._token(target.id, target), target.id, index, at=value)

    def _after_setters(self, node: ast.stmt, targets: list[ast.expr]) -> Any:
        indexes = [self._drafts.index(target, "setter") for target in targets]
        index = next((found for found in indexes if found is not None), None)
        if index is None or not self._active:
            return node
        if not is_hooked(index, self._drafts.all[index], self._drafts):
            return node
        begin = statement(self._call("call", self._f(node), index, at=node), node)
        return [begin, node, statement(self._call("settle", self._f(node), at=node), node)]

    def visit_Delete(self, node: ast.Delete) -> ast.Delete:
        node.targets = [self._target(target) for target in node.targets]
        return node
