"""Which labels were taken for which: the pairs, and the square map of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tutelage.study.summary import ArmOf

LARGEST_MAP = 100  # labels on a side of the confusion map
SHADES = (0.02, 0.05, 0.1, 0.25)  # shares of the right label's items at which the map grows darker


class Mistake(NamedTuple):
    """`said` where `truth` is right: how often, of how many exam items whose label is `truth`, over all seeds."""

    truth: str
    said: str
    times: int
    of: int


class Cell(NamedTuple):
    """One square of the map; x: said, y: truth."""

    x: int
    y: int
    shade: int
    mistake: Mistake


class Map(NamedTuple):
    """Mistakes as a square: truth from top to bottom, what was said from left to right."""

    labels: tuple[str, ...]
    cells: tuple[Cell, ...]
    right: tuple[Mistake, ...]  # the diagonal, in the order of the labels
    left_out: int  # labels without room, those with the fewest mistakes


def mistakes(arm: ArmOf) -> tuple[Mistake, ...]:
    """Wrong answers, most frequent first, each with how many exam items carry its right label."""
    of: Counter[str] = Counter()
    for one in arm.confused:
        of[one.truth] += one.times
    return tuple(
        Mistake(one.truth, one.said, one.times, of[one.truth]) for one in arm.confused if one.truth != one.said
    )


def confusion_map(arm: ArmOf, labels: Sequence[str]) -> Map | None:
    """The map of an arm's mistakes; with too many labels, of those that take part in most mistakes."""
    wrong = mistakes(arm)
    if not wrong:
        return None
    total: Counter[str] = Counter()
    for one in wrong:
        total[one.truth] += one.times
        total[one.said] += one.times
    held = {one.truth: one for one in arm.confused if one.truth == one.said}
    of = {one.truth: one.of for one in wrong} | {name: one.times for name, one in held.items() if name not in total}
    order = [*labels, *sorted(set(total) - set(labels))]
    busiest = set(sorted(order, key=lambda label: -total[label])[:LARGEST_MAP])
    kept = [label for label in order if label in busiest]
    place = {label: k for k, label in enumerate(kept)}
    cells = [Cell(place[one.said], place[one.truth], sum(one.times / one.of > edge for edge in SHADES), one)
             for one in wrong if one.truth in place and one.said in place]  # fmt: skip
    right = tuple(Mistake(name, name, held[name].times if name in held else 0, of.get(name, 0)) for name in kept)
    return Map(tuple(kept), tuple(cells), right, len(order) - len(kept))
