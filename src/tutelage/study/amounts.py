"""Amounts of a plan: a number, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

Sure: TypeAlias = Literal["exact", "at most", "estimated", "unknown"]
ORDER: tuple[Sure, ...] = ("exact", "at most", "estimated", "unknown")


class Amount(NamedTuple):
    """value: None where it is unknown. why: what an estimate rests on, or why there is none."""

    value: float | None
    sure: Sure = "exact"
    why: str = ""


def total(amounts: Iterable[Amount]) -> Amount:
    """The sum, as sure as the least sure of them; unknown when any is.

    >>> total([Amount(308.0), Amount(100.0, "at most", "a person may not know")])
    Amount(value=408.0, sure='at most', why='a person may not know')
    """
    several = list(amounts)
    sure = ORDER[max((ORDER.index(one.sure) for one in several), default=0)]
    whys = (piece for one in several if one.why and one.sure == sure for piece in one.why.split("; "))
    why = "; ".join(dict.fromkeys(whys))
    values = [one.value for one in several]
    if any(value is None for value in values):
        return Amount(None, "unknown", why)
    return Amount(float(sum(value for value in values if value is not None)), sure, why)
