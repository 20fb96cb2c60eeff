"""The catalogue: which models and data exist, where they come from, and which files inside are wanted."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tutelage.core.errors import Fault, Refused, nearest

SOURCES = ("pypi", "builtin")  # builtin: comes with a library that is always installed
FILE = Path(__file__).with_name("catalog.yaml")


@dataclass(frozen=True)
class Licence:
    """`code`: what the package states. `content`: what is known about the weights or texts inside."""

    code: str
    content: str


@dataclass(frozen=True)
class Entry:
    """One asset. Of a builtin entry only the words are filled in."""

    name: str
    what: str
    makes_possible: str
    source: str
    package: str
    licence: Licence
    version: str = ""
    archive: str = ""  # file name of the archive that the registry hands out
    sha256: str = ""  # of that archive
    size: int = 0  # bytes of that archive
    members: Mapping[str, str] = field(default_factory=dict)  # path inside the archive -> file name here

    @property
    def folder(self) -> str:
        """Name of its folder in the cache."""
        return f"{self.name}-{self.version}"


Catalogue = Mapping[str, Entry]


@functools.cache
def catalogue() -> Catalogue:
    """Every entry by name, as written in catalog.yaml."""
    return read(FILE)


def read(path: Path) -> Catalogue:
    """A catalogue file. Refused with all its faults together."""
    import yaml

    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    faults: list[Fault] = []
    made: dict[str, Entry] = {}
    for name, given in written.items():
        try:
            made[name] = _entry(name, dict(given))
        except (TypeError, ValueError) as error:
            faults.append(Fault(f"{path.name}, {name}", str(error)))
    if faults:
        raise Refused(faults)
    return made


def entry(name: str, shelf: Catalogue | None = None) -> Entry:
    """The entry of that name. Refused with the nearest name when there is none."""
    shelf = catalogue() if shelf is None else shelf
    if name not in shelf:
        raise Refused(Fault("asset", f"no asset is called {name!r}", nearest(name, shelf, "tutelage doctor")))
    return shelf[name]


def sharing(one: Entry, shelf: Catalogue | None = None) -> tuple[Entry, ...]:
    """All entries that are taken from the same archive, `one` first: it need be downloaded only once."""
    shelf = catalogue() if shelf is None else shelf
    others = tuple(other for other in shelf.values() if other.sha256 == one.sha256 and other.name != one.name)
    return (one, *others) if one.sha256 else (one,)


def _entry(name: str, given: dict[str, Any]) -> Entry:
    made = Entry(name=name, licence=Licence(**given.pop("licence")), **given)
    if made.source not in SOURCES:
        raise ValueError(f"source is {made.source!r}; known: {', '.join(SOURCES)}")
    if made.source == "builtin":
        return made
    if len(made.sha256) != 64 or not set(made.sha256) <= set("0123456789abcdef"):
        raise ValueError("sha256 is not 64 hexadecimal digits")
    if not (made.members and made.version and made.archive and made.size > 0):
        raise ValueError("a fetched asset needs version, archive, size and members")
    for target in made.members.values():
        place = PurePosixPath(target)
        if place.is_absolute() or ".." in place.parts or "\\" in target or not place.parts:
            raise ValueError(f"{target!r} would be written outside the asset's folder")
    return made
