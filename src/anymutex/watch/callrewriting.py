"""What a function calls, awaits, yields and returns."""

from __future__ import annotations

import ast
from typing import Any

from anymutex.watch import containers
from anymutex.watch.newnodes import is_simple
from anymutex.watch.rewriting import Rewriting
from anymutex.watch.sites import RECEIVER
from anymutex.watch.spelling import last_name

_NO_METHODS = containers.CHANGING_FUNCTIONS | {"__setattr__"}


class CallRewriting(Rewriting):
    """Hooks at calls, and at methods that change a container."""

    def visit_Await(self, node: ast.Await) -> ast.expr:
        call = node.value
        self.generic_visit(node)
        result = self._called(node, "call", node)
        waits = [self._drafts.index(part, "wait") for part in ast.walk(node.value)]
        waits.append(self._drafts.index(call, "waiting"))
        index = next((found for found in waits if found is not None), None)
        if index is not None and self._active:
            return self._call("waited", result, self._f(node), index, at=node)
        return result

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        self._hook_method(node)
        self._hook_function(node)
        self._hook_named_attribute(node)
        self._hook_wait(node)
        result = self._own_accesses(node, self._called(node, "call", node))
        if self._flow is not None and not self._active and node in self._drafts.muted:
            return self._call("cut", self._call("mark", at=node), result, at=node)
        index = self._read_at(node, "whole")
        if index is not None and isinstance(node.func, ast.Attribute):
            node.func.value = self._sized_value(node.func.value, index)
        return result

    def visit_Return(self, node: ast.Return) -> ast.Return:
        index = self._drafts.index(node, "return")
        if node.value is not None:
            node.value = self.visit(node.value)
        if index is None or not self._active or not self._drafts.all[index].data:
            return node
        if node.value is not None:
            node.value = self._call("returned", node.value, self._f(node), index, at=node.value)
        return node

    def visit_Yield(self, node: ast.Yield) -> ast.expr:
        self.generic_visit(node)
        if not self._active:
            return node
        value = node.value or ast.copy_location(ast.Constant(None), node)
        node.value = self._call("out", value, self._f(node), at=value)
        return self._call("back", node, self._f(node), at=node)

    def _hook_wait(self, node: ast.Call) -> None:
        index = self._drafts.index(node, "waiting")
        if index is not None and self._active and isinstance(node.func, ast.Attribute):
            node.func.value = self._call("about_to_wait", node.func.value, self._f(node), index, at=node)

    def _own_accesses(self, node: ast.Call, result: ast.expr) -> ast.expr:
        """What a method of the same object reads or writes in it."""
        if not self._active:
            return result
        for place, index in self._drafts.places(node).items():
            word, _, _ = place.partition(" ")
            if word in {"reads", "writes"} and index in self._drafts.recorded:
                me = ast.copy_location(ast.Name("self", ast.Load()), node)
                name = self._drafts.all[index].first.mangled
                if word == "reads":
                    before = self._call("read", me, name, self._f(node), index, at=node)
                    result = self._call("then", before, result, at=node)
                else:
                    result = self._call("after", result, me, name, self._f(node), index, at=node)
        return result

    def _hook_method(self, node: ast.Call) -> None:
        if not isinstance(node.func, ast.Attribute) or node.func.attr in _NO_METHODS:
            return
        change, read = self._drafts.index(node, "change"), self._read_at(node, "read")
        index = change if change is not None else read
        if index is None or self._flow is None:
            return
        function = node.func
        has_key = bool(node.args) and not isinstance(node.args[0], ast.Starred)
        keyed = has_key and (change is None or function.attr in containers.KEYED_CHANGES)
        if keyed and not is_simple(node.args[0]):
            function.value, node.args[0] = self._split(function.value, node.args[0], index, node)
            return
        key: Any = node.args[0] if keyed else None
        if change is not None:
            hook = "take" if function.attr in containers.CONSUMING else "change"
            if self._active and self._drafts.all[index].arguments.get(RECEIVER):
                function.value = self._call("change_of", function.value, key, self._f(node), index, at=node)
            else:
                function.value = self._writing(hook, function.value, key, index, node)
            if read is not None:
                function.value = self._reading(function.value, key, read, node, "item", "glance_item")
        elif function.attr in {"index", "count"} and not self._active:
            function.value = self._if_asked("glance_size", function.value, function.attr)
        else:
            function.value = self._reading(function.value, key, index, node, "item", "glance_item")

    def _hook_function(self, node: ast.Call) -> None:
        """A function that changes its first argument."""
        name, index = last_name(node.func), self._drafts.index(node, "change")
        if name in containers.CHANGING_FUNCTIONS and index is not None and self._flow is not None:
            hook = "take" if name in containers.CONSUMING else "change"
            node.args[0] = self._writing(hook, node.args[0], None, index, node)

    def _hook_named_attribute(self, node: ast.Call) -> None:
        last = node.func.attr if isinstance(node.func, ast.Attribute) else "name"
        if last not in {"name", "__setattr__"} or self._flow is None or len(node.args) < 2:
            return
        if not isinstance(node.args[1], ast.Constant) or not isinstance(node.args[1].value, str):
            return
        change, read = self._drafts.index(node, "change"), self._read_at(node, "read")
        if change is not None:
            name = node.args[1].value
            node.args[0] = self._writing("write", node.args[0], name, change, node)
        elif read is not None:
            name = node.args[1].value
            node.args[0] = self._reading(node.args[0], name, read, node, "read", "glance")
