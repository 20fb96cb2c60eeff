"""Replies that are JSON objects: read, written, and compared field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

Verdict: TypeAlias = str  # "agrees", "unparseable", "missing", or "differs_" and the first field that does
AGREES: Final = "agrees"
UNPARSEABLE: Final = "unparseable"
MISSING: Final = "missing"


def parsed(text: str) -> Mapping[str, Any] | None:
    """The object that a text is, white space around it allowed; None for anything else. Of a key said twice: None.

    >>> parsed(' {"action": "1"} '), parsed('{"action": '), parsed("[1]"), parsed('{"a": 1, "a": 2}')
    ({'action': '1'}, None, None, None)
    """
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError):  # not JSON; nested deeper than any reply of ours
        return None
    return found if isinstance(found, dict) else None


def compact(said: Mapping[str, Any]) -> str:
    """The object as JSON without white space between its parts."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def value(said: Mapping[str, Any] | None, field: str) -> str | None:
    """A field as text: a text trimmed, anything else as JSON; None where it is absent or null."""
    found = None if said is None else said.get(field)
    if found is None:
        return None
    return found.strip() if isinstance(found, str) else compact({"": found})[4:-1]


def compared(theirs: str, ours: str, fields: Sequence[str]) -> Verdict:
    """How `ours` stands to `theirs`, which has all fields: what is wrong first, fields in order.

    >>> compared('{"a": "1", "b": 2}', '{"b": 2, "a": " 1"}', ["a", "b"])
    'agrees'
    >>> compared('{"a": "1", "b": 2}', '{"a": "1", "b": 3}', ["a", "b"])
    'differs_b'
    """
    said, truth = parsed(ours), parsed(theirs)
    if said is None:
        return UNPARSEABLE
    values = [value(said, name) for name in fields]
    if None in values:
        return MISSING
    wanted = [value(truth, name) for name in fields]
    wrong = (differs(name) for name, one, other in zip(fields, values, wanted, strict=True) if one != other)
    return next(wrong, AGREES)


def differs(field: str) -> Verdict:
    """What is said of a reply whose first wrong field is this one."""
    return f"differs_{field}"


def whole(text: str, fields: Sequence[str]) -> bool:
    """Whether a text is an object with all these fields."""
    said = parsed(text)
    return said is not None and all(value(said, name) is not None for name in fields)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is said twice")
    return made


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
