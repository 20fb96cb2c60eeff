"""Parameters picked by their names: regular expressions that are found in them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tutelage.core.errors import Fault, Refused


def readable(pattern: str) -> str:
    """The same pattern. ValueError for what is no regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


def found(names: Sequence[str], patterns: Sequence[str]) -> set[str]:
    """The names in which at least one of the patterns is found. Refused for a pattern that is found in none.

    >>> sorted(found(["body.0.weight", "body.0.bias", "head.weight"], ["bias", "^head"]))
    ['body.0.bias', 'head.weight']
    """
    made: set[str] = set()
    for pattern in patterns:
        mine = {name for name in names if re.search(pattern, name)}
        if not mine:
            told = ", ".join([*names[:3], "...", *names[-3:]])
            what = f"no parameter has {pattern!r} in its name"
            raise Refused(Fault("learn.adapter.also", what, f"there are {told}"))
        made |= mine
    return made
