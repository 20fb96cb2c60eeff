"""Further parts of the data that a method reads: which, and what is wrong where one is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, runtime_checkable

from tutelage.core.data import Pool
from tutelage.core.errors import Fault, Refused, nearest

HELP = "data: {use: with_corpus} or {use: new_material} bring further parts"


@runtime_checkable
class NeedsParts(Protocol):
    """A method that reads the parts named here; a study without one of them is refused before it runs."""

    @property
    def needs_parts(self) -> tuple[str, ...]: ...


def all_there(where: str, names: Iterable[str], parts: Mapping[str, Pool]) -> None:
    """Refused, with every fault, where one of these parts is lacking."""
    faults = [fault for name in names if (fault := lacking(where, name, parts)) is not None]
    if faults:
        raise Refused(faults)


def lacking(where: str, name: str, parts: Mapping[str, Pool]) -> Fault | None:
    """What is wrong with reading this part: there is none, or nothing is in it.

    >>> lacking("choose.part", "corpus", {}).what
    "the data have no part called 'corpus'"
    """
    if name not in parts:
        return Fault(where, f"the data have no part called {name!r}", nearest(name, parts, HELP))
    if len(parts[name]) == 0:
        return Fault(where, f"the part {name!r} of the data is empty", HELP)
    return None
