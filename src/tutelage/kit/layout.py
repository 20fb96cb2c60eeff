"""Which column of a user's file is what, how the file is written, and the list of what is wrong with it."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tutelage.core.errors import Fault, Refused, nearest

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".txt": "lines",
}  # fmt: skip
FORMATS = ("csv", "tsv", "jsonl", "parquet", "lines")
SEPARATORS = {",": ",", ";": ";", "\t": "\\t", "|": "|"}  # as found: as written in a recipe


@dataclass(frozen=True)
class Layout:
    """How to read a file: everything that decides what its table holds, hence the key under which it is kept."""

    text: str | None = "text"  # None: the payload is `vector`
    vector: tuple[str, ...] = ()
    label: str | None = None
    id: str | None = None  # None: ids are the row numbers, counted from 1 below the header
    group: str | None = None
    episode: str | None = None
    task: str | None = None
    format: str | None = None  # None: by suffix
    encoding: str = "utf-8"
    separator: str | None = None  # None: a comma in CSV, a tab in TSV
    longest: int = 100_000  # characters

    def columns(self) -> dict[str, str]:
        """Setting -> column, for every single column named."""
        names = {key: getattr(self, key) for key in ("id", "group", "episode", "task", "label")}
        if not self.vector:
            names["text"] = self.text
        return {key: name for key, name in names.items() if name is not None}

    def wanted(self) -> list[str]:
        """Every column to read, once each."""
        return list(dict.fromkeys([*self.columns().values(), *self.vector]))

    def delimiter(self, format: str) -> str:
        return self.separator or ("\t" if format == "tsv" else ",")


@dataclass
class Faults:
    """What is wrong with one file; keeps the first 20 and counts all."""

    path: Path
    found: int = 0
    listed: list[Fault] = field(default_factory=list)

    def add(self, place: str, what: str, help: str = "") -> None:
        """`place` is what follows the file's name: "row 12, field label"."""
        self.found += 1
        if len(self.listed) < Refused.shown:
            self.listed.append(Fault(f"{self.path}, {place}" if place else str(self.path), what, help))

    def more(self, count: int) -> None:
        """Count faults whose sentences would no longer be shown."""
        self.found += count

    @property
    def full(self) -> bool:
        return len(self.listed) >= Refused.shown

    def refuse(self) -> None:
        """Raises Refused when anything was found."""
        if self.found:
            raise Refused(self.listed, self.found)


def format_of(path: Path, given: str | None) -> str:
    """The format by setting or suffix. Refused when the suffix says nothing or the file cannot be read at all."""
    faults = Faults(path)
    if path.is_dir():
        faults.add("", "this is a folder, not a file", "data: {use: text_folder, path: ...} reads a folder of texts")
    elif not path.exists():
        beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        faults.add("", "there is no such file", nearest(path.name, beside) if beside else "")
    elif given is None and path.suffix.lower() not in SUFFIXES:
        faults.add(
            "", f"the suffix {path.suffix!r} does not say what the file is", "set format: csv, tsv, jsonl or parquet"
        )
    elif given is not None and given not in FORMATS:
        faults.add("", f"{given!r} is not a format that can be read", nearest(given, FORMATS))
    elif path.stat().st_size == 0:
        faults.add("", "the file is empty (0 bytes)", "was it written to the end?")
    faults.refuse()
    return given or SUFFIXES[path.suffix.lower()]


def signed(encoding: str) -> str:
    """The same encoding, skipping a byte order mark at the start of the file where UTF-8 may carry one.

    >>> signed("UTF8"), signed("cp1252")
    ('utf-8-sig', 'cp1252')
    """
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def known_encoding(path: Path, encoding: str) -> None:
    """Refused when Python knows no such encoding."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        common = ("utf-8", "utf-16", "cp1252", "latin-1", "shift_jis", "gb18030", "cp1251", "big5")
        raise Refused(Fault(str(path), f"no encoding is called {encoding!r}", nearest(encoding, common))) from None


def check_columns(names: Sequence[str], layout: Layout, faults: Faults, separator: str | None = None) -> None:
    """Refused when columns that the layout names are not there; a wrong separator is told apart."""
    if separator is not None and len(names) == 1:
        held = [other for other in SEPARATORS if other != separator and other in names[0]]
        if held:
            right = max(held, key=names[0].count)
            found = f"only one column was found, called {names[0][:80]!r}"
            what = f"{found}: {SEPARATORS.get(separator, separator)!r} does not separate this file"
            faults.add("row of the header", what, f'set separator: "{SEPARATORS[right]}"')
            faults.refuse()
    listed = ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")
    settings = [*((key, name) for key, name in layout.columns().items()), *(("vector", name) for name in layout.vector)]
    for key, name in settings:
        if name not in names:
            faults.add(
                f"field {name}",
                f"there is no column {name!r}; the columns are: {listed}",
                f"setting {key}: {nearest(name, names)}",
            )
        elif list(names).count(name) > 1:
            faults.add(
                f"field {name}",
                f"the column {name!r} stands {list(names).count(name)} times in the header",
                "rename one of them",
            )
    faults.refuse()
