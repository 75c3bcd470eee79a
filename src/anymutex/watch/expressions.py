"""The flow through expressions: each one gives the sources of its value, in order of evaluation."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from anymutex.watch import containers
from anymutex.watch.flow import Flow
from anymutex.watch.sites import CALL, NOTHING, READ, RECEIVER, REST, SPAWNING, WAIT, WRITE
from anymutex.watch.spelling import is_full_slice, last_name, path_of, root_of

if TYPE_CHECKING:
    from anymutex.watch.sites import Sources
    from anymutex.watch.spelling import Comprehension

# Calls that can't touch what tasks share, whatever they are given.
_HARMLESS = frozenset(
    {
        "abs", "bool", "bytes", "callable", "chr", "divmod", "float", "format", "hash", "hex", "id", "int",
        "isinstance",
        "issubclass", "len", "ord", "pow", "print", "range", "repr", "round", "str", "super", "type", "zip",
    }
)  # fmt: skip
_LOGGING = frozenset(
    {"debug", "info", "warning", "error", "exception", "critical", "format", "join", "split", "strip"}
)
# What stands behind these may be anything.
_ANY = frozenset({"await", "async for", "with", "__getitem__", "__contains__", "__setitem__"})
_REFERENCES = (ast.Name, ast.Attribute, ast.Subscript)


class ExpressionFlow(Flow):
    """What reads: names, attributes, items, tests, calls."""

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
        return found | self._whole(node, "truth") if isinstance(node, _REFERENCES) else found

    def test(self, node: ast.expr) -> Sources:
        """The same, where the outcome decides what runs next."""
        self.in_test += 1
        found = self.truth(node)
        self.in_test -= 1
        return found

    def wait_on(self, node: ast.expr) -> None:
        """An expression that is going to be awaited: does a local name in it stand for a shared slot?"""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and self.slots.get(inner.id):
                index = self.site(inner, "wait", WAIT, inner.id, path=inner.id)
                self.draft(index).aliases |= self.slots[inner.id]
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
        if is_full_slice(node.slice) and isinstance(node.value, _REFERENCES):
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

    # -- suspensions

    def _of_Await(self, node: ast.Await) -> Sources:
        self.wait_on(node.value)
        self.waited |= NOTHING.union(*self.control)
        if isinstance(node.value, ast.Call):
            found = self._of_call(node.value, node)
            self._wait_under_test(node.value)
        else:
            found = self.value(node.value)
            found |= self._called(node, "await", None, {RECEIVER: found}, inside=1)
        self.suspended()
        return found

    def _wait_under_test(self, call: ast.Call) -> None:
        """`await x.wait()`, because of a test that may be out of date by now."""
        is_wait = isinstance(call.func, ast.Attribute) and call.func.attr == "wait" and not call.args
        if is_wait and self.records and self.older(self.all_control()):
            index = self.site(call, "waiting", WAIT, "wait", path=None)
            self.sink(index, NOTHING)

    def _of_Yield(self, node: ast.Yield) -> Sources:
        found = self.value(node.value)
        self.suspended()
        return found

    def _of_YieldFrom(self, node: ast.YieldFrom) -> Sources:
        found = self.value(node.value)
        self.suspended()
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
            if key is None and isinstance(value, _REFERENCES):
                found |= self._whole(value, "unpacking")
        return found

    def _of_Starred(self, node: ast.Starred) -> Sources:
        found = self.value(node.value)
        return found | self._whole(node.value, "unpacking") if isinstance(node.value, _REFERENCES) else found

    def _of_comprehension(self, node: Comprehension) -> Sources:
        before = dict(self.env)
        found = NOTHING
        for position, part in enumerate(node.generators):
            found |= self.value(part.iter)
            if position == 0 and isinstance(part.iter, _REFERENCES) and not part.is_async:
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

    # -- calls

    def _of_Call(self, node: ast.Call) -> Sources:
        return self._of_call(node, node)

    def _of_call(self, node: ast.Call, whole: ast.expr) -> Sources:
        """A call; `whole` is the `await` around it, or the call itself."""
        function = node.func
        is_method = isinstance(function, ast.Attribute)
        receiver = self.value(function.value) if isinstance(function, ast.Attribute) else self.value(function)
        arguments = self._arguments(node)
        arguments[RECEIVER] = receiver
        self._read_whole(node)
        given = NOTHING.union(*arguments.values())
        if isinstance(whole, ast.Await):
            self.waited |= given
        name = last_name(function) or ""
        if isinstance(function, ast.Attribute) and name == "__setattr__" and _names_attribute(node):
            given |= self._by_name(node, "setattr", arguments)
        elif isinstance(function, ast.Attribute):
            given |= self._method(node, function, arguments)
            given |= self.env.get(path_of(function) or "", NOTHING)
        elif name == "len" and len(node.args) == 1 and isinstance(node.args[0], _REFERENCES):
            return given | self._whole(node.args[0], "len")
        elif name in containers.WHOLE_BUILTINS and node.args and isinstance(node.args[0], _REFERENCES):
            return given | self._whole(node.args[0], name)
        elif name in {"getattr", "setattr", "delattr"} and _names_attribute(node):
            given |= self._by_name(node, name, arguments)
        if name in (_LOGGING if is_method else _HARMLESS | containers.WHOLE_BUILTINS):
            return given
        owner = function.value if isinstance(function, ast.Attribute) else None
        if isinstance(owner, ast.Name) and owner.id == "self" and self.records:
            self._own_method(node, name)
        is_inside = isinstance(whole, ast.Await)
        return given | self._called(whole, name, owner, arguments, inside=int(is_inside))

    def _read_whole(self, node: ast.Call) -> None:
        """Whoever is given a container may read all of it: said only for those that are emptied later."""
        for argument in node.args:
            if isinstance(argument, ast.Attribute) and self.records:
                self._whole(argument, "argument")

    def _own_method(self, node: ast.Call, name: str) -> None:
        """A method of the same class that writes or reads attributes of `self` (rule 4 of the rules)."""
        method = self.drafts.methods.get((self.classes, name))
        if method is None:
            return
        for attribute, line in method.writes.items():
            index = self.site(node, f"writes {attribute}", WRITE, "in call", path=None)
            draft = self.draft(index)
            draft.first = draft.first._replace(line=line, mangled=self.mangled(attribute))
            self.own_writes[f"self.{attribute}"] = index, self.count
        for attribute in sorted(method.reads - method.writes.keys()):
            path = f"self.{attribute}"
            if path in self.own_writes and self.own_writes[path][1] < self.count and not self.in_test:
                index = self.site(node, f"reads {attribute}", READ, "in call", path=None)
                draft = self.draft(index)
                draft.first = draft.first._replace(mangled=self.mangled(attribute))
                self._after_own_write(path, frozenset({index}))

    def _arguments(self, node: ast.Call) -> dict[str | int, Sources]:
        found: dict[str | int, Sources] = {}
        for position, argument in enumerate(node.args):
            slot: str | int = REST if isinstance(argument, ast.Starred) or REST in found else position
            found[slot] = found.get(slot, NOTHING) | self.value(argument)
        for keyword in node.keywords:
            slot = keyword.arg or REST
            found[slot] = found.get(slot, NOTHING) | self.value(keyword.value)
        return found

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
            raising = self.site(node, "raising", CALL, name, path=None)
            self.at[raising] = self.count
            self.left |= {raising}
        return frozenset({index})

    def _runs_what_is_watched(self, node: ast.expr, name: str) -> bool:
        call = node.value if isinstance(node, ast.Await) else node
        is_variable = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        is_variable = is_variable and (name in self.env or self.captured(name))
        return is_variable or name in self.drafts.names.functions or name in SPAWNING or name in _ANY

    def _method(
        self, node: ast.Call, function: ast.Attribute, arguments: dict[str | int, Sources]
    ) -> Sources:
        name = function.attr
        if name in containers.CHANGING:
            return self._changed(node, function, arguments)
        path = self.spelling(function.value)
        if name in containers.KEYED_READS:
            key = ast.unparse(node.args[0]) if node.args else ""
            return self.read(node, "read", name, f"{path}[{key}]" if path and key else None)
        if name in containers.WHOLE_READS:
            return self._whole(node, name, function.value)
        return NOTHING

    def _changed(
        self, node: ast.Call, function: ast.Attribute, arguments: dict[str | int, Sources]
    ) -> Sources:
        name, path = function.attr, self.spelling(function.value)
        peeked = self._peeked(path) if name in {"pop", "popleft"} else NOTHING
        keyed = bool(node.args) and name in containers.KEYED_CHANGES
        spelled = path and (f"{path}[{ast.unparse(node.args[0])}]" if keyed else f"{path}[*]")
        index = self.site(node, "change", WRITE, name, path=spelled)
        given = NOTHING.union(*[found for slot, found in arguments.items() if slot != RECEIVER])
        self.sink(index, given | peeked)
        if name == "clear" and path:
            self._note_drain(index, path)
        root = root_of(function.value)
        if root and root != "self" and root in self.env and name in containers.ADDING:
            self.env[root] |= NOTHING.union(*arguments.values())
        self.at[index] = self.count
        came_from = self.older(arguments[RECEIVER])
        if name in containers.ADDING and any(source >= 0 for source in came_from):
            self.draft(index).arguments.setdefault(RECEIVER, set()).update(came_from)
        if name == "setdefault" and keyed:
            return self.read(node, "read", name, spelled)
        return NOTHING

    def _note_drain(self, index: int, path: str) -> None:
        """The write empties the container at `path`."""
        self.drains.append((index, path))
        draft = self.draft(index)
        draft.first = draft.first._replace(is_drain=True)

    def _peeked(self, path: str | None) -> Sources:
        """Looks at either end of a list or deque, before an element is taken from there."""
        ends = {f"{path}[0]", f"{path}[-1]"} if path else set()
        return frozenset(index for index in self.at if self.draft(index).first.path in ends)

    def _by_name(self, node: ast.Call, name: str, arguments: dict[str | int, Sources]) -> Sources:
        """`getattr(x, "name")` and its kin, with the name written out."""
        base, attribute = self.spelling(node.args[0]), node.args[1].value  # type: ignore[attr-defined]
        path = f"{base}.{attribute}" if base else None
        if name == "getattr":
            return self.read(node, "read", "getattr", path)
        index = self.site(node, "change", WRITE, name, path=path)
        self.sink(index, arguments.get(2, NOTHING))
        return NOTHING


def _names_attribute(node: ast.Call) -> bool:
    return (
        len(node.args) >= 2 and isinstance(node.args[1], ast.Constant) and isinstance(node.args[1].value, str)
    )
