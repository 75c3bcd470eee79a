"""Rewriting: what all parts of the rewriter share: which site is hooked, and the hooks that are put in.

What stands in a tree is changed in place; each method gives what takes the place of what it was given.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from anymutex.watch.newnodes import ACTIVATION, CELL, HOOKS, as_node, unhooked
from anymutex.watch.sites import RECEIVER, SPAWNING

if TYPE_CHECKING:
    from anymutex.watch.draft import Draft, Drafts
    from anymutex.watch.flow import Flow

_OWN = {
    "write": "write_own",
    "store": "store_own",
    "change": "change_own",
    "empty": "empty_own",
}
"""The hooks for what the function reads again later."""
_WITH_ACTIVATION = {*_OWN.values(), "write_carrying"}


class Rewriting(ast.NodeTransformer):
    """Knows the drafts of a module and the function that is being rewritten."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts
        self._flow: Flow | None = None
        self._active = False  # whether the function has an activation
        self._loops: list[tuple[int, ast.AST] | None] = []

    def _read_at(self, node: ast.AST, place: str) -> int | None:
        """The site of a read that is to be hooked here."""
        index = self._drafts.index(node, place)
        if index is None or self._flow is None:
            return None
        if self._active:
            return index if index in self._drafts.recorded else None
        return index if index in self._drafts.collected or index in self._drafts.checked else None

    def _reading(
        self, base: ast.expr, key: ast.expr | str, index: int, at: ast.expr, hook: str, glance: str
    ) -> ast.expr:
        if self._active and index in self._drafts.recorded:
            return self._call(hook, base, key, self._f(at), index, at=base)
        if index in self._drafts.checked:
            return self._call("check" if glance == "glance" else "check_item", base, key, at=base)
        return self._if_asked(glance, base, key)

    def _if_asked(self, glance: str, base: ast.expr, *key: ast.expr | str) -> ast.expr:
        """A hook that is only called while some call asks (rule 5 of `rewriter`)."""
        hooked = self._call(glance, base, *key, at=base)
        bare = unhooked(base)
        if bare is None:
            return hooked
        hooks = ast.copy_location(ast.Name(HOOKS, ast.Load()), base)
        asked = ast.copy_location(ast.Attribute(hooks, "asking", ast.Load()), base)
        return ast.copy_location(ast.IfExp(asked, hooked, bare), base)

    def _split(self, base: ast.expr, key: ast.expr, index: int, at: ast.expr) -> tuple[ast.expr, ast.expr]:
        """The hooks for a key that is evaluated after its container."""
        hold = self._call("hold", base, self._f(at), index, at=base)
        return hold, self._call("key", key, self._f(at), index, at=key)

    def _sized(self, node: ast.expr, result: ast.expr) -> ast.expr:
        index = self._read_at(node, "whole")
        if index is None or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            return result
        return self._sized_value(result, index)

    def _sized_value(self, base: ast.expr, index: int) -> ast.expr:
        if self._active and index in self._drafts.recorded:
            return self._call("size", base, self._f(base), index, at=base)
        if index in self._drafts.checked:
            return self._call("check_size", base, at=base)
        return self._if_asked("glance_size", base, self._drafts.all[index].first.how)

    def _writing(
        self, hook: str, base: ast.expr, key: ast.expr | str | None, index: int, at: ast.expr
    ) -> ast.expr:
        if hook in _OWN and self._active and index in self._drafts.recorded:
            hook = _OWN[hook]
        if hook in _WITH_ACTIVATION:
            return self._call(hook, base, key, self._f(at), index, at=base)
        return self._call(hook, base, key, index, at=base)

    def _called(self, node: ast.expr, place: str, result: ast.expr) -> ast.expr:
        index = self._drafts.index(node, place)
        if index is None or not self._active or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            return result
        raising = self._drafts.index(node, "raising")
        if not is_hooked(index, self._drafts.all[index], self._drafts, raising):
            return result
        name = "spawn" if self._drafts.all[index].first.how in SPAWNING else "call"
        token = self._call(name, self._f(node), index, at=node)
        return self._call("done", token, result, self._f(node), raising, at=node)

    def _mangled(self, name: str) -> str:
        assert self._flow is not None
        return self._flow.mangled(name)

    def _token(self, name: str, at: ast.AST) -> ast.expr | None:
        """What stands for the scope of a shared name; None for the module."""
        assert self._flow is not None
        if self._flow.scope_of(name) == "global":
            return None
        return ast.copy_location(ast.Name(CELL + name, ast.Load()), at)

    def _f(self, at: ast.AST) -> ast.expr:
        made = ast.Name(ACTIVATION, ast.Load()) if self._active else ast.Constant(None)
        return ast.copy_location(made, at)

    def _call(self, hook: str, *arguments: ast.expr | str | int | None, at: ast.AST) -> ast.expr:
        hooks = ast.copy_location(ast.Name(HOOKS, ast.Load()), at)
        function = ast.copy_location(ast.Attribute(hooks, hook, ast.Load()), at)
        parts = [as_node(argument, at) for argument in arguments]
        return ast.copy_location(ast.Call(function, parts, []), at)


def is_hooked(index: int, draft: Draft, drafts: Drafts, raising: int | None = None) -> bool:
    """Whether a call matters: its result, what it is given, or what it depends on."""
    if not draft.is_watched:
        return False
    if index in drafts.recorded or raising in drafts.recorded:
        return True
    if any(source >= 0 for source in draft.control):
        return True
    return any(
        source >= 0 or slot != RECEIVER for slot, sources in draft.arguments.items() for source in sources
    )
