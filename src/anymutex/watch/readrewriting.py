"""What a function reads: names, attributes, items, membership."""

from __future__ import annotations

import ast

from anymutex.watch.newnodes import is_simple
from anymutex.watch.rewriting import Rewriting


class ReadRewriting(Rewriting):
    """Hooks at reads."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        index = self._read_at(node, "read")
        result: ast.expr = node
        if index is not None and isinstance(node.ctx, ast.Load):
            assert self._flow is not None
            token = self._token(node.id, node)
            if self._active and index in self._drafts.recorded:
                result = self._call("name", node, token, node.id, self._f(node), index, at=node)
            else:
                result = self._call("glance_name", node, token, node.id, at=node)
        return self._sized(node, self._waited(node, result))

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        node.value = self.visit(node.value)
        index = self._read_at(node, "read")
        if index is not None and isinstance(node.ctx, ast.Load):
            node.value = self._reading(node.value, self._mangled(node.attr), index, node, "read", "glance")
        return self._sized(node, self._waited(node, self._called(node, "call", node)))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        node.value, node.slice = self.visit(node.value), self.visit(node.slice)
        index = self._read_at(node, "read")
        if index is not None and isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Slice):
            if is_simple(node.slice):
                node.value = self._reading(node.value, node.slice, index, node, "item", "glance_item")
            else:
                node.value, node.slice = self._split(node.value, node.slice, index, node)
        return self._sized(node, self._waited(node, self._called(node, "call", node)))

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        index = self._read_at(node, "read")
        if index is not None:
            container = node.comparators[0]
            if is_simple(node.left):
                container = self._reading(container, node.left, index, node, "item", "glance_member")
            else:
                node.left = self._call("key_first", node.left, self._f(node), index, at=node.left)
                container = self._call("member_of", container, self._f(node), index, at=container)
            node.comparators[0] = container
        return self._called(node, "call", node)

    def _waited(self, node: ast.expr, result: ast.expr) -> ast.expr:
        index = self._drafts.index(node, "wait")
        if index is None or not self._active:
            return result
        return self._call("waiting", result, self._f(node), index, at=node)
