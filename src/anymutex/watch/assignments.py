"""The flow through assignments: what is stored where, and what it comes from."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from anymutex.watch.calls import CallFlow
from anymutex.watch.sites import CALL, NOTHING, WRITE
from anymutex.watch.spelling import (
    is_empty,
    is_full_slice,
    last_name,
    path_of,
    root_of,
    suspends,
)

if TYPE_CHECKING:
    from anymutex.watch.sites import Sources


class AssignmentFlow(CallFlow):
    """What assigns, binds and deletes."""

    _stored: dict[str, int]
    """How often each local name is assigned."""

    def _do_Assign(self, node: ast.Assign) -> None:
        may_raise = last_name(node.value) in self.drafts.names.raisers
        found = self._by_itself(node.value, is_value_used=True) if may_raise else self.value(node.value)
        for target in node.targets:
            self.bind(target, found, node.value)
        self._note_slots(node)

    def _do_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.bind(node.target, self.value(node.value), node.value)

    def _do_AugAssign(self, node: ast.AugAssign) -> None:
        target = node.target
        old = NOTHING
        if isinstance(target, ast.Name):
            old = self.of_name(target.id)
        else:
            self._base_of(target)
        waits = suspends([node.value])
        if waits and (not isinstance(target, ast.Name) or self.scope_of(target.id)):
            old = self.read(target, "augmented", "augmented", self.spelling(target))
        found = self.value(node.value)
        if isinstance(target, ast.Name):
            self.env[target.id] = old | found
            if self.scope_of(target.id):
                self._written(target, "name", found | (old if waits else NOTHING), None, augmented=not waits)
            return
        how = "attribute" if isinstance(target, ast.Attribute) else "[]"
        self._written(target, how, found | old, None, augmented=not waits)

    def bind(self, target: ast.expr, found: Sources, value: ast.expr | None) -> None:
        """Assign what comes from `found` to a target."""
        match target:
            case ast.Tuple() | ast.List():
                self._unpack(target.elts, found, value)
            case ast.Starred():
                self.bind(target.value, found, None)
            case ast.Name():
                self._bind_name(target, found, value)
            case ast.Attribute() | ast.Subscript():
                self._base_of(target)
                how = "attribute" if isinstance(target, ast.Attribute) else "[]"
                self._written(target, how, found, value)

    def _unpack(self, targets: list[ast.expr], found: Sources, value: ast.expr | None) -> None:
        values: list[ast.expr | None] = [None] * len(targets)
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(targets):
            values = [*value.elts]
        for target, part in zip(targets, values, strict=True):
            # Each part was evaluated before; asking again finds the same sites.
            self.bind(target, found if part is None else self.value(part), part)

    def _bind_name(self, target: ast.Name, found: Sources, value: ast.expr | None) -> None:
        name = target.id
        self.env[name] = found
        self.decisions.assigned(name, value)
        self.slots.pop(name, None)
        for path in [path for path in self.env if path.startswith((f"{name}.", f"{name}["))]:
            del self.env[path]
        once = self._stored.get(name) == 1 and name not in self.parameters
        if once and value is not None and self.spelling(value):
            self.spelled[name] = self.spelling(value) or name
        if once and value is not None and not self.multiply:
            self.defined[name] = value
        if self.scope_of(name):
            self._written(target, "name", found, value)

    def _base_of(self, target: ast.Attribute | ast.Subscript) -> None:
        self.value(target.value)
        if isinstance(target, ast.Subscript):
            self.value(target.slice)

    def _written(
        self,
        target: ast.expr,
        how: str,
        found: Sources,
        value: ast.expr | None,
        *,
        augmented: bool = False,
    ) -> None:
        path = self.spelling(target)
        index = self.site(target, "write", WRITE, "augmented" if augmented else how, path=path)
        self._describe_value(index, value)
        self.sink(index, found)
        if isinstance(target, ast.Subscript):  # which one it is was decided earlier
            self.draft(index).control |= self.older(self.value(target.slice))
        if isinstance(target, ast.Attribute) and self.records and not augmented:
            self.draft(index).carries |= {source for source in found if source >= 0}
        self._note_waited(index, path, value)
        self.at[index] = self.count
        self._note_call_of_setter(target, found)
        if path is None:
            return
        if value is not None and is_empty(value):
            self._note_drain(index, path)
        if augmented:  # a count is nobody's own
            self.own_writes.pop(path, None)
        else:
            self.own_writes[path] = index, self.count
        self.env[path_of(target) or path] = found
        root = root_of(target)
        if root and root != "self" and root in self.env and not isinstance(target, ast.Name):
            self.env[root] |= found

    def _note_waited(self, index: int, path: str | None, value: ast.expr | None) -> None:
        """Something else takes the place of what was waited for: that is an act that depends on it."""
        if path is None or path in self.own_writes or value is None or isinstance(value, ast.Constant):
            return
        draft = self.draft(index)
        waited = {
            source
            for source in self.older(self.waited)
            if source >= 0 and self.draft(source).first.path == path
        }
        draft.control |= waited

    def _describe_value(self, index: int, value: ast.expr | None) -> None:
        draft = self.draft(index)
        if isinstance(value, ast.Constant | ast.Name):
            draft.first = draft.first._replace(
                value=ast.unparse(value), is_literal=isinstance(value, ast.Constant)
            )

    def _note_call_of_setter(self, target: ast.expr, found: Sources) -> None:
        names = self.drafts.names
        is_setter = isinstance(target, ast.Attribute) and target.attr in names.setters
        is_item = isinstance(target, ast.Subscript) and "__setitem__" in names.operators
        if is_setter or is_item:
            position = 1 if is_item else 0
            receiver = target.value  # type: ignore[attr-defined]
            how = "__setitem__" if is_item else target.attr  # type: ignore[attr-defined]
            index = self.site(target, "setter", CALL, how, path=self.spelling(receiver))
            self.draft(index).arguments.setdefault(position, set()).update(self.older(found))
            self.draft(index).is_watched = True
            self.sink(index, NOTHING)

    def _note_slots(self, node: ast.Assign) -> None:
        """Which local names now stand for a shared slot, because they come from it or were put there."""
        targets = [target for target in node.targets if isinstance(target, ast.Name)]
        shared = [target for target in node.targets if isinstance(target, ast.Attribute | ast.Subscript)]
        writes = {self.drafts.index(target, "write") for target in shared} - {None}
        slots = frozenset(index for index in writes if index is not None) | self._slot_read(node.value)
        for target in targets:
            if slots:
                self.slots[target.id] = slots
        if isinstance(node.value, ast.Name) and writes and node.value.id not in self.parameters:
            self.slots[node.value.id] = self.slots.get(node.value.id, frozenset()) | slots

    def _slot_read(self, value: ast.expr) -> frozenset[int]:
        place = "change" if isinstance(value, ast.Call) and last_name(value.func) == "setdefault" else "read"
        index = self.drafts.index(value, place)
        return frozenset() if index is None else frozenset({index})

    def _do_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Attribute | ast.Subscript):
                self._base_of(target)
                is_all = isinstance(target, ast.Subscript) and is_full_slice(target.slice)
                how = "clear" if is_all else "del"
                index = self.site(target, "write", WRITE, how, path=self.spelling(target))
                self.sink(index, self.value(target.slice) if isinstance(target, ast.Subscript) else NOTHING)
                path = self.spelling(target.value)
                if is_all and path:
                    self._note_drain(index, path)
