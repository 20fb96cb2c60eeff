"""The forgetting ledger for the page: each ability of each arm before and after, with its change drawn on a line."""

from __future__ import annotations

import math
from typing import NamedTuple

from tutelage.report.axes import between
from tutelage.report.tables import Strip
from tutelage.report.words import factor, places, score_name, shown
from tutelage.study.abilities import Ability
from tutelage.study.summary import Summary

WORDS = {"gained": "better", "lost": "worse", "unclear": "unclear"}  # as verdicts are coloured


class Entry(NamedTuple):
    """One ability of one arm."""

    arm: str
    before: str
    after: str
    gained: str
    interval: str
    forgotten: str
    word: str  # gained, lost, unclear
    badge: str  # better, worse, unclear
    strip: Strip
    rounds: tuple[tuple[str, str], ...]  # a round and the value after it


class Account(NamedTuple):
    """One ability through all arms, on one scale. how: what its intervals are over; "" without one."""

    title: str
    lower: bool  # whether less of the score is better
    how: str
    items: int
    entries: tuple[Entry, ...]


def ledger(told: Summary) -> tuple[Account, ...]:
    """Every ability in the order of the first arm's; empty where the pool comes in no episodes."""
    keys = dict.fromkeys((one.name, one.task) for arm in told.arms for one in arm.abilities)
    made = []
    for name, task in keys:
        mine = [(arm.name, one) for arm in told.arms for one in arm.abilities if (one.name, one.task) == (name, task)]
        values = [v for _, one in mine for v in one.gained[:3] if math.isfinite(v)]
        low, high = min([0.0, *values]), max([0.0, *values])
        room = (high - low) * 0.08 or 1.0
        entries = tuple(_entry(arm, one, low - room, high + room) for arm, one in mine)
        title = score_name(name) + (f", task {task}" if task else "")
        first = mine[0][1]
        made.append(Account(title, not first.higher_is_better, first.gained.how, first.items, entries))
    return tuple(made)


def _entry(arm: str, one: Ability, low: float, high: float) -> Entry:
    by, digits = factor(one.name), places(one.name)

    def at(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    def signed(value: float) -> str:
        return f"{value * by:+.{digits}f}".replace("-", "−")

    gained = one.gained
    strip = Strip(at(0.0), at(gained.value), at(gained.low), at(gained.high), (), (signed(low), "0", signed(high)))
    rounds = tuple(
        ("before" if number < 0 else f"{number + 1}", shown(one.name, value))
        for number, value in zip(one.rounds, one.values, strict=True)
    )
    return Entry(arm, shown(one.name, one.values[0]), shown(one.name, one.values[-1]), signed(gained.value),
                 between(gained.low * by, gained.high * by, digits) or "–", shown(one.name, one.forgotten.value),
                 one.change, WORDS[one.change], strip, rounds)  # fmt: skip
