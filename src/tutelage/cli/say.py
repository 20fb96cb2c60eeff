"""Printing: results on standard output, everything else on standard error; plain text that any terminal shows."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any


def say(text: str = "") -> None:
    """A line for the person, not part of the result."""
    print(text, file=sys.stderr, flush=True)


def result(text: str = "") -> None:
    """A line of the result."""
    print(text, flush=True)


def as_json(value: Any) -> None:
    """The result as JSON; numbers that JSON cannot write become null."""
    import json

    print(json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False), flush=True)


def plain(value: Any) -> Any:
    """Nested results as dictionaries, lists and plain values."""
    import dataclasses
    import math
    from collections.abc import Mapping
    from pathlib import Path

    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int, bool)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple) and (names := getattr(value, "_fields", None)):
        return {name: plain(item) for name, item in zip(names, value, strict=True)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if "tolist" in dir(value):  # an array or one of its numbers
        return plain(value.tolist())
    return str(value)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    """Columns padded with spaces; `right`: the columns set flush right.

    >>> print(table(["arm", "labels"], [["uniform", "8"], ["margin", "12"]], right=[1]))
    arm      labels
    uniform       8
    margin       12
    """
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    flush = set(right)
    made = (
        "  ".join(
            cell.rjust(width) if i in flush else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
    return "\n".join(line.rstrip() for line in made)


def clock(seconds: float) -> str:
    """Seconds for people.

    >>> clock(3.21), clock(75), clock(7300)
    ('3.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"
