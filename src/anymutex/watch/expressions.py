"""The flow through expressions: each one gives the sources of its value, in order of evaluation."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from anymutex.watch.flow import Flow
from anymutex.watch.sites import CALL, NOTHING, RECEIVER, RETURNING_OR_RAISING, SPAWNING, WAIT
from anymutex.watch.spelling import is_full_slice, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.watch.sites import Sources
    from anymutex.watch.spelling import Comprehension

# What stands behind these may be anything.
_ANY = frozenset({"await", "async for", "with", "__getitem__", "__contains__", "__setitem__"})
REFERENCES = (ast.Name, ast.Attribute, ast.Subscript)


class ExpressionFlow(Flow):
    """What reads: names, attributes, items, tests."""

    def value(self, node: ast.expr | None) -> Sources:
        """The sources of the value of an expression."""
        if node is None:
            return NOTHING
        method = getattr(self, f"_of_{type(node).__name__}", None)
        found: Sources = method(node) if method else self._of_parts(node)
        return found

    def truth(self, node: ast.expr) -> Sources:
        """The sources of a test: a container by itself asks whether it is empty."""
        match node:
            case ast.UnaryOp(op=ast.Not()):
                return self.truth(node.operand)
            case ast.BoolOp():
                return NOTHING.union(*[self.truth(part) for part in node.values])
        found = self.value(node)
        return found | self._whole(node, "truth") if isinstance(node, REFERENCES) else found

    def test(self, node: ast.expr) -> Sources:
        """The same, where the outcome decides what runs next."""
        self.in_test += 1
        found = self.truth(node)
        self.in_test -= 1
        return found

    def wait_on(self, node: ast.expr) -> None:
        """An expression that is going to be awaited: does something in it stand for a shared slot?

        A local name may; so may an attribute or an item, if it is waited on itself, by a method of it or by a
        function that is given it.
        """
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and self.slots.get(inner.id):
                index = self.site(inner, "wait", WAIT, "slot", path=inner.id)
                self.draft(index).aliases |= self.slots[inner.id]
                return
        for part in _waited_on(node):
            read = self.drafts.index(part, "read")
            if read is not None and self.records:
                index = self.site(part, "wait", WAIT, "slot", path=self.spelling(part))
                self.draft(index).aliases.add(read)
                return

    # -- references

    def _of_parts(self, node: ast.expr) -> Sources:
        parts = (part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
        return NOTHING.union(*[self.value(part) for part in parts])

    def _of_Name(self, node: ast.Name) -> Sources:
        found = self.of_name(node.id)
        if self.scope_of(node.id):
            found |= self.read(node, "read", "name", node.id)
        return found

    def _of_Attribute(self, node: ast.Attribute) -> Sources:
        found = self.value(node.value)
        path = self.spelling(node)
        if node.attr not in self.drafts.names.written:
            own = NOTHING
        else:
            own = self.read(node, "read", "attribute", path)
        self._after_own_write(path, own)
        if node.attr in self.drafts.names.properties:
            own |= self._called(node, node.attr, node.value, {RECEIVER: found})
        return found | own | self.env.get(path_of(node) or "", NOTHING)

    def _of_Subscript(self, node: ast.Subscript) -> Sources:
        found = self.value(node.value)
        found |= self.value(node.slice)
        path = self.spelling(node)
        own = self.read(node, "read", "[]", path)
        self._after_own_write(path, own)
        if is_full_slice(node.slice) and isinstance(node.value, REFERENCES):
            own |= self._whole(node.value, "copy")
        if "__getitem__" in self.drafts.names.operators:
            own |= self._called(node, "__getitem__", node.value, {RECEIVER: found})
        return found | own | self.env.get(path_of(node) or "", NOTHING)

    def _after_own_write(self, path: str | None, own: Sources) -> None:
        if path in self.own_writes and not self.in_test:
            write, count = self.own_writes[path]
            if count < self.count:
                for index in own:
                    self.draft(index).own_write = write
                    self.drafts.recorded.update((index, write))

    def _whole(self, node: ast.expr, how: str, of: ast.expr | None = None) -> Sources:
        path = self.spelling(of or node)
        found = self.read(node, "whole", how, f"{path}[*]" if path else None)
        if path:
            self.whole_reads.setdefault(path, set()).update(found)
        return found

    # -- tests and choices

    def _of_Compare(self, node: ast.Compare) -> Sources:
        found = NOTHING.union(*[self.value(part) for part in (node.left, *node.comparators)])
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            container = self.spelling(node.comparators[0])
            key = ast.unparse(node.left)
            own = self.read(node, "read", "in", f"{container}[{key}]" if container else None)
            if "__contains__" in self.drafts.names.operators:
                own |= self._called(node, "__contains__", node.comparators[0], {RECEIVER: found})
            return found | own
        return found

    def _of_IfExp(self, node: ast.IfExp) -> Sources:
        test = self.test(node.test)
        return test | self.value(node.body) | self.value(node.orelse)

    def _of_BoolOp(self, node: ast.BoolOp) -> Sources:
        return NOTHING.union(*[self.truth(part) for part in node.values])

    def _of_NamedExpr(self, node: ast.NamedExpr) -> Sources:
        found = self.value(node.value)
        self.env[node.target.id] = found
        return found

    # -- scopes of their own

    def _of_Lambda(self, node: ast.Lambda) -> Sources:
        own = {argument.arg for argument in node.args.args}
        names = (inner.id for inner in ast.walk(node.body) if isinstance(inner, ast.Name))
        return NOTHING.union(*[self.of_name(name) for name in names if name not in own])

    def _of_Dict(self, node: ast.Dict) -> Sources:
        found = NOTHING
        for key, value in zip(node.keys, node.values, strict=True):
            found |= self.value(key) | self.value(value)
            if key is None and isinstance(value, REFERENCES):
                found |= self._whole(value, "unpacking")
        return found

    def _of_Starred(self, node: ast.Starred) -> Sources:
        found = self.value(node.value)
        return found | self._whole(node.value, "unpacking") if isinstance(node.value, REFERENCES) else found

    def _of_comprehension(self, node: Comprehension) -> Sources:
        before = dict(self.env)
        found = NOTHING
        for position, part in enumerate(node.generators):
            found |= self.value(part.iter)
            if position == 0 and isinstance(part.iter, REFERENCES) and not part.is_async:
                found |= self._whole(part.iter, "comprehension")
            self.multiply += 1
            if part.is_async:
                self.suspended()
            for inner in ast.walk(part.target):
                if isinstance(inner, ast.Name):
                    self.env[inner.id] = found
            found = found.union(*[self.test(test) for test in part.ifs])
            self.multiply -= 1
        self.multiply += 1
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        found = found.union(*[self.value(part) for part in parts])
        self.multiply -= 1
        self.env = before
        return found

    _of_ListComp = _of_SetComp = _of_DictComp = _of_GeneratorExp = _of_comprehension

    # -- calls of any kind

    def _called(
        self,
        node: ast.expr,
        name: str,
        receiver: ast.expr | None,
        arguments: dict[str | int, Sources],
        *,
        inside: int = 0,
        place: str = "call",
    ) -> Sources:
        """A call whose inside is not seen here: what it is given goes in, what it reads comes out."""
        path = self.spelling(receiver) if receiver is not None else None
        index = self.site(node, place, CALL, name, path=path)
        draft = self.draft(index)
        if self._runs_what_is_watched(node, name):
            draft.is_watched = True
        for slot, sources in arguments.items():
            draft.arguments.setdefault(slot, set()).update(self.older(sources, inside))
        self.sink(index, NOTHING, inside=inside)
        self.at[index] = self.count
        if node is self.statement_call and draft.is_watched:
            how = RETURNING_OR_RAISING if self.is_value_used else name
            raising = self.site(node, "raising", CALL, how, path=None)
            self.at[raising] = self.count
            self.left |= {raising}
        return frozenset({index})

    def _runs_what_is_watched(self, node: ast.expr, name: str) -> bool:
        call = node.value if isinstance(node, ast.Await) else node
        is_variable = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        is_variable = is_variable and (name in self.env or self.captured(name))
        return is_variable or name in self.drafts.names.functions or name in SPAWNING or name in _ANY


def _waited_on(node: ast.expr) -> Iterator[ast.Attribute | ast.Subscript]:
    parts = [node]
    if isinstance(node, ast.Call):
        parts = [node.func.value if isinstance(node.func, ast.Attribute) else node.func, *node.args]
    for part in parts:
        match part:
            case ast.Attribute() | ast.Subscript():
                yield part
            case ast.Call() if part is not node:
                yield from _waited_on(part)
