"""Puts hooks into a tree, where the analysis found sites that matter.

Rule 1. A hook gets the *object* and gives it back; the real load, store or call stays where it was. So the
        order of evaluation, descriptors, private names, error texts and the carets of tracebacks stay.
Rule 2. A key that is more than a name is evaluated once, at its own place, and handed on by the hooks.
Rule 3. Our names can't be spelled in Python, don't begin with two underscores (classes would mangle them) and
        begin with one (`import *` leaves them alone): `_@am`, the hooks of the module; `_@f`, the activation.
Rule 4. Code of modules and classes is left alone: it runs once, before there are tasks.
Rule 5. Inserted code has the position of what it stands beside; coverage and debuggers see no new lines.
Rule 6. What code that can't suspend reads for its callers is hooked, and the same stands beside it without
        hooks: a jump decides. A call that does nothing would cost ten times as much.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from anymutex.watch import containers
from anymutex.watch.sites import RECEIVER, SPAWNING
from anymutex.watch.spelling import declared_within, in_own_scope, is_full_slice

if TYPE_CHECKING:
    from anymutex.watch.draft import Draft, Drafts
    from anymutex.watch.flow import Flow
    from anymutex.watch.spelling import AnyFunction

_OWN = {
    "write": "write_own",
    "store": "store_own",
    "change": "change_own",
    "take": "take_own",
    "remove": "remove_own",
    "empty": "empty_own",
}
HOOKS = "_@am"
ACTIVATION = "_@f"
CELL = "_@cell_"
_RUNTIME = "anymutex.watch.hooks"


class Rewriter(ast.NodeTransformer):
    """Rewrites one module in place."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts
        self._flow: Flow | None = None
        self._active = False  # whether the function has an activation
        self._loops: list[tuple[int, ast.AST] | None] = []

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

    # -- functions

    def _function(self, node: AnyFunction) -> AnyFunction:
        node.decorator_list = [self.visit(part) for part in node.decorator_list]
        node.args = self.visit(node.args)
        before = self._flow, self._active, self._loops
        self._flow, self._loops = self._drafts.flows.get(node), []
        self._active = self._flow is not None and self._needs_activation(self._flow)
        node.body = [statement for old in node.body for statement in _as_list(self.visit(old))]
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
            index in drafts.recorded or (draft.first.kind == "call" and _is_hooked(index, draft, drafts))
            for index, draft in enumerate(drafts.all[flow.index :], flow.index)
            if draft.owner == flow.index
        )

    def _wrap_body(self, node: AnyFunction, flow: Flow) -> None:
        start = int(ast.get_docstring(node, clean=False) is not None)
        cells = sorted(flow.locals & declared_within(node, ast.Nonlocal))
        prologue = [_assign(CELL + name, self._call("cell", at=node), node) for name in cells]
        if self._active:
            prologue.append(_assign(ACTIVATION, self._call("enter", flow.index, at=node), node))
            leave = ast.copy_location(ast.Expr(self._call("leave", self._f(node), at=node)), node)
            rest = node.body[start:] or [ast.copy_location(ast.Pass(), node)]
            node.body[start:] = [ast.copy_location(ast.Try(rest, [], [], [leave]), node)]
        node.body[start:start] = prologue

    # -- reads

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
        return self._sized(node, self._called(node, "call", node))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        node.value, node.slice = self.visit(node.value), self.visit(node.slice)
        index = self._read_at(node, "read")
        if index is not None and isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Slice):
            if _is_simple(node.slice):
                node.value = self._reading(node.value, node.slice, index, node, "item", "glance_item")
            else:
                node.value, node.slice = self._split(node.value, node.slice, index, node)
        return self._sized(node, self._called(node, "call", node))

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        index = self._read_at(node, "read")
        if index is not None:
            container = node.comparators[0]
            if _is_simple(node.left):
                container = self._reading(container, node.left, index, node, "member", "glance_member")
            else:
                node.left = self._call("key_first", node.left, self._f(node), index, at=node.left)
                container = self._call("member_of", container, self._f(node), index, at=container)
            node.comparators[0] = container
        return self._called(node, "call", node)

    def _reading(
        self, base: ast.expr, key: ast.expr | str, index: int, at: ast.expr, hook: str, glance: str
    ) -> ast.expr:
        if self._active and index in self._drafts.recorded:
            return self._call(hook, base, key, self._f(at), index, at=base)
        if index in self._drafts.checked:
            glance = "check" if glance == "glance" else "check_item"
        return self._if_asked(glance, base, key)

    def _if_asked(self, glance: str, base: ast.expr, *key: ast.expr | str) -> ast.expr:
        """A hook that is only called while some call asks: most code runs when none does (rule 6)."""
        hooked = self._call(glance, base, *key, at=base)
        bare = _bare(base)
        if bare is None or not glance.startswith("glance"):
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
        if self._active and index in self._drafts.recorded:
            return self._call("size", result, self._f(node), index, at=node)
        return self._if_asked(self._size_glance(index), result)

    def _waited(self, node: ast.Name, result: ast.expr) -> ast.expr:
        index = self._drafts.index(node, "wait")
        if index is None or not self._active:
            return result
        return self._call("waiting", result, self._f(node), index, at=node)

    def _read_at(self, node: ast.AST, place: str) -> int | None:
        """The site of a read that is to be hooked here."""
        index = self._drafts.index(node, place)
        if index is None or self._flow is None:
            return None
        if self._active:
            return index if index in self._drafts.recorded else None
        return index if index in self._drafts.collected or index in self._drafts.checked else None

    # -- calls

    def visit_Await(self, node: ast.Await) -> ast.expr:
        call = node.value
        self.generic_visit(node)
        result = self._called(node, "call", node)
        names = [inner for inner in ast.walk(node.value) if isinstance(inner, ast.Name)]
        waits = [self._drafts.index(name, "wait") for name in names]
        waits.append(self._drafts.index(call, "waiting"))
        index = next((found for found in waits if found is not None), None)
        if index is not None and self._active:
            return self._call("waited", result, self._f(node), index, at=node)
        return result

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        self._hook_method(node)
        self._hook_named_attribute(node)
        self._hook_wait(node)
        result = self._own_accesses(node, self._called(node, "call", node))
        if self._flow is not None and not self._active and node in self._drafts.muted:
            return self._call("cut", self._call("mark", at=node), result, at=node)
        index = self._read_at(node, "whole")
        if index is not None and isinstance(node.func, ast.Attribute):
            node.func.value = self._sized_value(node.func.value, index, node)
        return result

    def _sized_value(self, base: ast.expr, index: int, at: ast.expr) -> ast.expr:
        if self._active and index in self._drafts.recorded:
            return self._call("size", base, self._f(at), index, at=base)
        return self._if_asked(self._size_glance(index), base)

    def _size_glance(self, index: int) -> str:
        if index in self._drafts.checked:
            return "check_size"
        how = self._drafts.all[index].first.how
        return {"len": "glance_size", "truth": "glance_truth"}.get(how, "glance_whole")

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
        if not isinstance(node.func, ast.Attribute) or node.func.attr == "__setattr__":
            return
        change, read = self._drafts.index(node, "change"), self._read_at(node, "read")
        index = change if change is not None else read
        if index is None or self._flow is None:
            return
        function = node.func
        has_key = bool(node.args) and not isinstance(node.args[0], ast.Starred)
        keyed = has_key and (change is None or function.attr in containers.KEYED_CHANGES)
        if keyed and not _is_simple(node.args[0]):
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
        else:
            function.value = self._reading(function.value, key, index, node, "item", "glance_item")

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

    def _called(self, node: ast.expr, place: str, result: ast.expr) -> ast.expr:
        index = self._drafts.index(node, place)
        if index is None or not self._active or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            return result
        if not _is_hooked(index, self._drafts.all[index], self._drafts, self._drafts.index(node, "raising")):
            return result
        raising = self._drafts.index(node, "raising")
        name = "spawn" if self._drafts.all[index].first.how in SPAWNING else "call"
        token = self._call(name, self._f(node), index, at=node)
        return self._call("done", token, result, self._f(node), raising, at=node)

    # -- writes

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
                    if _is_simple(node.slice):
                        hook = "remove" if isinstance(node.ctx, ast.Del) else "store"
                        node.value = self._writing(hook, node.value, node.slice, index, node)
                    else:
                        node.value, node.slice = self._split(node.value, node.slice, index, node)
        return node

    def _writing(
        self, hook: str, base: ast.expr, key: ast.expr | str | None, index: int, at: ast.expr
    ) -> ast.expr:
        if hook == "write_carrying" or (self._active and index in self._drafts.recorded):
            return self._call(_OWN.get(hook, hook), base, key, self._f(at), index, at=base)
        return self._call(hook, base, key, index, at=base)

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
        if _is_simple(target.slice):
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
        if not _is_hooked(index, self._drafts.all[index], self._drafts):
            return node
        begin = _statement(self._call("call", self._f(node), index, at=node), node)
        return [begin, node, _statement(self._call("settle", self._f(node), at=node), node)]

    def visit_Delete(self, node: ast.Delete) -> ast.Delete:
        node.targets = [self._target(target) for target in node.targets]
        return node

    # -- blocks

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
            self._active and _is_hooked(entered, self._drafts.all[entered], self._drafts)
        ):
            entered = None
        if entered is not None:
            node.iter = self._call("entering", at, self._f(at), entered, at=at)
        self._loops.append((index, node.iter) if hooked and index is not None else None)
        node.body = [statement for old in node.body for statement in _as_list(self.visit(old))]
        self._loops.pop()
        if entered is not None:
            node.body.insert(0, _statement(self._call("entered", self._f(at), at=at), at))
            node.body.append(_statement(self._call("call", self._f(at), entered, at=at), at))
        if hooked:
            node.body.append(_statement(self._call("turn", self._f(node), index, at=node.iter), node.iter))
        node.orelse = [statement for old in node.orelse for statement in _as_list(self.visit(old))]
        if entered is not None:
            return [node, _statement(self._call("settle", self._f(at), at=at), at)]
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
        return [_statement(self._call("turn", self._f(node), loop[0], at=node), node), node]

    def _with(self, node: ast.With | ast.AsyncWith) -> Any:
        indexes = [(item, self._drafts.index(item.context_expr, "with")) for item in node.items]
        hooked = [
            (item, index)
            for item, index in indexes
            if index is not None and self._active and _is_hooked(index, self._drafts.all[index], self._drafts)
        ]
        for item in node.items:
            item.context_expr = self.visit(item.context_expr)
            if item.optional_vars is not None:
                item.optional_vars = self._target(item.optional_vars)
        waits = self._wait_in(node)
        node.body = [statement for old in node.body for statement in _as_list(self.visit(old))]
        if waits is not None:
            node.body.insert(0, _statement(self._call("waited", None, self._f(node), waits, at=node), node))
        if not hooked:
            return (
                [node, _statement(self._call("settle", self._f(node), at=node), node)]
                if self._active
                else node
            )
        at = node.items[0].context_expr
        for item, index in hooked:
            item.context_expr = self._call(
                "entering", item.context_expr, self._f(at), index, at=item.context_expr
            )
        last = hooked[-1][1]
        node.body.insert(0, _statement(self._call("entered", self._f(at), at=at), at))
        node.body.append(_statement(self._call("call", self._f(at), last, at=at), at))
        return [node, _statement(self._call("settle", self._f(node), at=node), node)]

    visit_With = visit_AsyncWith = _with

    def _wait_in(self, node: ast.With | ast.AsyncWith) -> int | None:
        names = (inner for item in node.items for inner in ast.walk(item.context_expr))
        found = (self._drafts.index(name, "wait") for name in names if isinstance(name, ast.Name))
        return next((index for index in found if index is not None), None) if self._active else None

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        self.generic_visit(node)
        if self._active:
            at = node.body[0]
            node.body.insert(0, _statement(self._call("settle", self._f(at), at=at), at))
        return node

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

    # -- making nodes

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
        parts = [_as_node(argument, at) for argument in arguments]
        return ast.copy_location(ast.Call(function, parts, []), at)


def _as_node(argument: ast.expr | str | int | None, at: ast.AST) -> ast.expr:
    if isinstance(argument, ast.Name):  # a key: the node itself stays in its own place
        return ast.copy_location(ast.Name(argument.id, ast.Load()), argument)
    if isinstance(argument, ast.Constant):
        return ast.copy_location(ast.Constant(argument.value), argument)
    return argument if isinstance(argument, ast.expr) else ast.copy_location(ast.Constant(argument), at)


def _is_hooked(index: int, draft: Draft, drafts: Drafts, raising: int | None = None) -> bool:
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


def _is_simple(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Constant)


def _bare(node: ast.expr) -> ast.expr | None:
    """A name, or attributes of one, without hooks in it; None for all that is more."""
    match node:
        case ast.IfExp(test=ast.Attribute(value=ast.Name(id=name))) if name == HOOKS:
            return _bare(node.orelse)
        case ast.Name():
            return ast.copy_location(ast.Name(node.id, ast.Load()), node)
        case ast.Attribute() if (base := _bare(node.value)) is not None:
            return ast.copy_location(ast.Attribute(base, node.attr, ast.Load()), node)
    return None


def _statement(value: ast.expr, at: ast.AST) -> ast.stmt:
    return ast.copy_location(ast.Expr(value), at)


def _assign(name: str, value: ast.expr, at: ast.AST) -> ast.stmt:
    target = ast.copy_location(ast.Name(name, ast.Store()), at)
    return ast.copy_location(ast.Assign([target], value), at)


def _as_list(result: Any) -> list[Any]:
    return result if isinstance(result, list) else [result]


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
