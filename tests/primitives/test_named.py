"""How locks and maps come by their names: given, else the variable, else the place."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from turns import place

import anymutex
from anymutex import Mutex, SharedMap
from anymutex.primitives.named import Named

if TYPE_CHECKING:
    from collections.abc import Callable


class Account:
    """Has a lock and a map."""

    def __init__(self) -> None:
        self.mux = Mutex()
        self._stock: SharedMap[str, int] = SharedMap({"red": 1})


class Door(Named):
    """Something else with a name."""

    __slots__ = ()


def by_variable() -> Named:
    """Assign it to a variable."""
    my_lock = Mutex()
    return my_lock


def by_annotated_variable() -> Named:
    """With a type."""
    stock: SharedMap[str, int] = SharedMap()
    return stock


def by_module() -> Named:
    """Through the module."""
    mux = anymutex.Mutex(fast_acquire=True)
    return mux


def over_several_lines() -> Named:
    """The call begins in the line that has the name."""
    stock = SharedMap(
        {
            "red": 1,
        },
    )
    return stock


def of_another_class() -> Named:
    """The class is its own kind."""
    front = Door(None)
    return front


def given() -> Named:
    """A name that is given wins."""
    my_lock = Mutex("accounts")
    return my_lock


def without_variable() -> Named:
    """Returned at once."""
    return Mutex()


def in_a_list() -> Named:
    """One of many."""
    locks = [Mutex() for _ in range(3)]
    return locks[0]


def in_a_call() -> Named:
    """The name is that of what `list` made."""
    locks = list((Mutex(),))  # noqa: C410  # a call is what is tested
    return locks[0]


def by_setattr() -> Named:
    """No line says it."""
    account = Account()
    setattr(account, "mux", Mutex())  # noqa: B010  # so that no line says it
    return account.mux


NAMES: dict[Callable[[], Named], str | None] = {
    by_variable: "my_lock",
    by_annotated_variable: "stock",
    by_module: "mux",
    over_several_lines: "stock",
    of_another_class: "front",
    given: "accounts",
    without_variable: None,
    in_a_list: None,
    in_a_call: None,
    by_setattr: None,
}


@pytest.mark.parametrize("make", NAMES, ids=lambda make: make.__name__)
def test_the_name(make: Callable[[], Named]) -> None:
    """Only where the line leaves no doubt."""
    assert NAMES[make] == make().name


def test_attributes_are_named_without_self() -> None:
    """As one speaks of them."""
    account = Account()

    assert ("mux", "_stock") == (account.mux.name, account._stock.name)


def test_the_label_is_the_name() -> None:
    """What reports say."""
    assert ("my_lock", "accounts") == (by_variable().label, given().label)


def test_the_label_without_a_name_is_the_place() -> None:
    """Something is always said, with the kind."""
    lock = [Mutex()][0]  # made

    assert lock.label.startswith("the Mutex made at ")
    assert lock.label.endswith(place(test_the_label_without_a_name_is_the_place, "made"))


def test_where_it_was_made() -> None:
    """The line of the call, with the source."""
    lock = Mutex("mux")  # made
    made = lock.made

    assert str(made).endswith(place(test_where_it_was_made, "made"))
    assert ("test_where_it_was_made()", 'lock = Mutex("mux")  # made') == (made.function, made.text)


def test_making_one_reads_no_source() -> None:
    """Import is quick: the line is read when a report is written."""
    lock = Mutex()

    assert lock._name is None
    assert "lock" == lock.name == lock._name


def test_a_frame_is_not_kept() -> None:
    """The maker's locals are its own."""
    value: list[Any] = [object()]
    before = sys.getrefcount(value)
    lock = Mutex()

    assert before == sys.getrefcount(value)
    assert lock.name


def test_a_subclass_is_made_where_it_is_called() -> None:
    """Its `__init__` is a part of the making."""

    class Counted(Mutex):
        def __init__(self) -> None:
            super().__init__()
            self.count = 0

    my_lock = Counted()  # made

    assert str(my_lock.made).endswith(place(test_a_subclass_is_made_where_it_is_called, "made"))
    assert "my_lock" == my_lock.name


def test_a_default_factory_has_a_place_of_some_kind() -> None:
    """The `__init__` that dataclasses write is in no file."""

    @dataclass
    class Record:
        mux: Mutex = field(default_factory=Mutex)

    lock = Record().mux

    assert lock.name is None
    assert lock.label.startswith("the Mutex made at <string>:")
