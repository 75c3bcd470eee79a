"""The flow through calls and suspensions: what is read and changed by methods, what a call is given."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from anymutex.watch import containers
from anymutex.watch.expressions import REFERENCES, ExpressionFlow
from anymutex.watch.sites import NOTHING, READ, RECEIVER, REST, WAIT, WRITE
from anymutex.watch.spelling import last_name, path_of, root_of

if TYPE_CHECKING:
    from anymutex.watch.sites import Sources

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

_TAKING_FROM_AN_END = containers.FROM_THE_FRONT | {"pop"}


class CallFlow(ExpressionFlow):
    """What calls, awaits and yields."""

    # -- suspensions

    def _of_Await(self, node: ast.Await) -> Sources:
        self.waited |= NOTHING.union(*self.control)
        if isinstance(node.value, ast.Call):
            found = self._of_call(node.value, node)
            self._wait_under_test(node.value)
        else:
            found = self.value(node.value)
            found |= self._called(node, "await", None, {RECEIVER: found}, inside=1)
        self.wait_on(node.value)
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
        elif name in containers.CHANGING_FUNCTIONS:
            if node.args and isinstance(node.args[0], REFERENCES):
                given |= self._changed(node, node.args[0], name, arguments)
        elif isinstance(function, ast.Attribute):
            given |= self._method(node, function, arguments)
            given |= self.env.get(path_of(function) or "", NOTHING)
        elif name == "len" and len(node.args) == 1 and isinstance(node.args[0], REFERENCES):
            return given | self._whole(node.args[0], "len")
        elif name in containers.WHOLE_BUILTINS and node.args and isinstance(node.args[0], REFERENCES):
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

    def _by_itself(self, node: ast.expr, *, is_value_used: bool = False) -> Sources:
        """A call that stands for itself: what follows rests on it, for it may have raised."""
        if self.records:
            self.statement_call, self.is_value_used = node, is_value_used
        found = self.value(node)
        self.statement_call = None
        raising = self.drafts.index(node, "raising")
        guard = None if raising is None else self.guard_of(node)
        if guard is not None and raising is not None:
            self.guards.append(guard._replace(sites=(*guard.sites, raising), outcome=None))
        return found

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

    def _method(
        self, node: ast.Call, function: ast.Attribute, arguments: dict[str | int, Sources]
    ) -> Sources:
        name = function.attr
        if name in containers.CHANGING:
            return self._changed(node, function.value, name, arguments)
        path = self.spelling(function.value)
        if name in containers.KEYED_READS:
            key = ast.unparse(node.args[0]) if node.args else ""
            return self.read(node, "read", name, f"{path}[{key}]" if path and key else None)
        if name in containers.WHOLE_READS:
            return self._whole(node, name, function.value)
        return NOTHING

    def _changed(
        self, node: ast.Call, container: ast.expr, name: str, arguments: dict[str | int, Sources]
    ) -> Sources:
        path = self.spelling(container)
        peeked = self._peeked(path) if name in _TAKING_FROM_AN_END else NOTHING
        keyed = bool(node.args) and name in containers.KEYED_CHANGES
        spelled = path and (f"{path}[{ast.unparse(node.args[0])}]" if keyed else f"{path}[*]")
        index = self.site(node, "change", WRITE, name, path=spelled)
        given = NOTHING.union(*[found for slot, found in arguments.items() if slot != RECEIVER])
        self.sink(index, given | peeked)
        if name == "clear" and path:
            self._note_drain(index, path)
        root = root_of(container)
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
