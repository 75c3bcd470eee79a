"""Drafts of sites, as the analysis of one module grows them, and where in the tree they belong."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anymutex.watch.flow import Flow
    from anymutex.watch.names import Names
    from anymutex.watch.ownmethods import Methods
    from anymutex.watch.sites import Guard, Site


class Draft:
    """A site that is still growing: the analysis goes through loops twice."""

    def __init__(self, first: Site, owner: int) -> None:
        self.first = first
        self.owner = owner
        self.data: set[int] = set()
        self.control: set[int] = set()
        self.recheck: set[int] = set()
        self.checks: set[int] = set()
        self.drains: set[int] = set()
        self.aliases: set[int] = set()
        self.arguments: dict[str | int, set[int]] = {}
        self.guards: dict[Guard, None] = {}
        self.carries: set[int] = set()
        self.is_rechecked = False
        self.own_write: int | None = None
        self.is_fresh = False
        self.is_watched = False  # of a call: whether it may run code that is watched

    def finished(self) -> Site:
        """The site as plain data."""
        arguments = ((name, tuple(sorted(found))) for name, found in self.arguments.items() if found)
        return self.first._replace(
            owner=self.owner,
            data=tuple(sorted(self.data)),
            control=tuple(sorted(self.control)),
            recheck=tuple(sorted(self.recheck)) if self.data or self.control else (),
            arguments=tuple(arguments),
            guards=tuple(self.guards),
            is_fresh=self.is_fresh,
            is_rechecked=self.is_rechecked,
            carries=tuple(sorted(self.carries)),
            own_write=self.own_write,
            drains=tuple(sorted(self.drains)),
            aliases=tuple(sorted(self.aliases)),
        )


class Drafts:
    """All drafts of one module. `place` below is what tells several sites of one node apart."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.all: list[Draft] = []
        self.recorded: set[int] = set()  # reads that a function which may suspend takes down
        self.collected: set[int] = set()  # reads that a function which may not hands to its caller
        self.checked: set[int] = set()  # reads of such a function before it calls another
        self.fragile: set[int] = set()  # functions that use an item after a suspension
        self.muted: set[ast.AST] = set()  # calls whose reads don't flow to the caller
        self.flows: dict[ast.AST, Flow] = {}
        self.methods: Methods = {}
        self.names_assigned_global: frozenset[str] = frozenset()
        self._places: dict[ast.AST, dict[str, int]] = {}

    def add(self, node: ast.AST, place: str, site: Site, owner: int) -> int:
        """The index of the site of `node`; always the same for the same node and place."""
        places = self._places.setdefault(node, {})
        if place not in places:
            places[place] = len(self.all)
            self.all.append(Draft(site, owner))
        return places[place]

    def index(self, node: ast.AST, place: str) -> int | None:
        """The index of a site, or None."""
        return self._places.get(node, {}).get(place)

    def places(self, node: ast.AST) -> dict[str, int]:
        """All sites of one node, by place."""
        return self._places.get(node, {})

    def within(self, node: ast.AST) -> set[int]:
        """The sites of `node` and all below it."""
        return {index for inner in ast.walk(node) for index in self._places.get(inner, {}).values()}

    def finished(self) -> list[Site]:
        """The sites of the module."""
        return [draft.finished() for draft in self.all]
