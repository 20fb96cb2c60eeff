"""The answer inside a reply: the whole of it, its last number, or what a pattern finds; spelt one way."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, TypeAlias

from pydantic import AfterValidator

NUMBER = re.compile(r"[-+\u2212]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
LONGEST = 10_000  # decimal places and powers of ten beyond this are no answer


def _known(extract: str) -> str:
    if extract in {"whole", "number"}:
        return extract
    try:
        found = re.compile(extract)
    except re.error as error:
        raise ValueError(
            f"`extract` is whole, number or a regular expression; this one cannot be read: {error}"
        ) from error
    if found.groups > 1:
        raise ValueError(f"`extract`: one group at most says which part is the answer; found {found.groups}")
    return extract


Extract: TypeAlias = Annotated[str, AfterValidator(_known)]  # whole, number, or a regular expression


def extractor(extract: str) -> Callable[[str], str | None]:
    r"""How to read replies; None where a reply holds no answer. Of several matches the last counts, of it the group.

    >>> extractor("number")("3 and 4 make 1,007.50."), extractor(r"answer is (\w+)")("So the answer is  YES")
    ('1007.5', None)
    """
    if extract == "whole":
        return lambda reply: spelt(reply) or None
    if extract == "number":
        return _number
    pattern = re.compile(extract)

    def matched(reply: str) -> str | None:
        found = [match.group(pattern.groups) for match in pattern.finditer(reply)]
        return (spelt(found[-1] or "") or None) if found else None

    return matched


def spelt(text: str) -> str:
    r"""Without white space and full stops around it, one space inside, small letters.

    >>> spelt("  The\n Answer. ")
    'the answer'
    """
    return " ".join(text.split()).strip(" .").casefold()


def _number(reply: str) -> str | None:
    found = NUMBER.findall(reply)
    if not found:
        return None
    value = Decimal(found[-1].replace(",", "").replace("\u2212", "-"))
    if abs(value.adjusted()) > LONGEST:
        return None
    return format(value.normalize() + 0, "f")  # + 0: minus nought is nought
