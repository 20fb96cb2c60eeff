"""What something cost, as people say it: 308 labels, 2.1 GFLOP, 3 min 20 s."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tutelage.core.ledger import WORK
from tutelage.report.axes import number
from tutelage.study.summary import ArmOf, Summary

UNCOUNTED = frozenset({"flop", "seconds", "epsilon"})  # less of these, fewer of all others
FEW = 4  # arms whose prices are told one by one in a sentence
POWERS = ((1e15, "P", "quadrillion "), (1e12, "T", "trillion "), (1e9, "G", "billion "), (1e6, "M", "million "))


class Scale(NamedTuple):
    """How amounts of one size are shown: multiplied by `by`, followed by `word`."""

    by: float
    word: str


class Foreseen(NamedTuple):
    """One thing over all arms and seeds, as the plan had it and as it came."""

    what: str
    planned: str  # "unknown" where it could not be told
    sure: str  # exact, at most, estimated, unknown
    actual: str
    off: str  # the difference as a share of what was planned
    far: bool  # off by more than a quarter


def unit_of(told: Summary) -> str:
    """The unit in which costs are compared where a measure names none, as `Study.unit` has it."""
    return next(iter(told.budget), "labels")


def plain_unit(unit: str) -> str:
    """training_tokens -> "training tokens"; flop -> "FLOP"."""
    return "FLOP" if unit == "flop" else unit.replace("_", " ")


def scale(unit: str, most: float) -> Scale:
    """One scale for amounts up to `most`.

    >>> scale("labels", 308.0).word, scale("flop", 2.1e9).word, scale("training_tokens", 3.2e6).word
    ('labels', 'GFLOP', 'million training tokens')
    """
    for power, letter, word in POWERS if math.isfinite(most) else ():
        if most >= power:
            return Scale(1 / power, f"{letter}FLOP" if unit == "flop" else f"{word}{plain_unit(unit)}")
    return Scale(1.0, plain_unit(unit))


def said(value: float, unit: str) -> str:
    """An amount with its unit.

    >>> said(308.0, "labels"), said(1.0, "labels"), said(2.13e9, "flop"), said(200.0, "seconds")
    ('308 labels', '1 label', '2.1 GFLOP', '3 min 20 s')
    """
    if unit == "seconds" and math.isfinite(value):
        return duration(value)
    by, word = scale(unit, abs(value))
    singular = word.removesuffix("s") if value == 1 else word
    return f"{number(value * by, 2 if unit == 'epsilon' else 1)} {singular}"


def cell(value: float, unit: str) -> str:
    """The same below a heading that names the unit: a count by itself, everything else with its own unit."""
    return number(value, 1) if unit not in UNCOUNTED and abs(value) < POWERS[-1][0] else said(value, unit)


def duration(seconds: float) -> str:
    """Such as "0.42 s", "42 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def units(told: Summary) -> tuple[str, ...]:
    """The units in which an arm's price is told: those of the budget, what was bought, and work that was counted."""
    worked = [unit for unit in WORK if any(arm.spent.get(unit, 0.0) > 0 for arm in told.arms)]
    spent = {unit for arm in told.arms for unit, amount in arm.spent.items() if amount > 0}
    paid = [unit for unit in told.units if unit in told.budget or unit in spent]
    return tuple(dict.fromkeys([*paid, *worked])) or told.units


def price(spent: Mapping[str, float], over: Sequence[str]) -> str:
    """What one arm at one seed cost, such as "308 labels, 2.1 GFLOP, 8.3 s"; units that it never paid are left out."""
    return ", ".join(said(spent[unit], unit) for unit in over if unit in spent)


def prices(told: Summary) -> str:
    """A sentence with the price of every arm at one seed; of many arms the cheapest and the dearest."""
    paid = [arm for arm in told.arms if arm.spent]
    over = [unit for unit in units(told) if any(unit in arm.spent for arm in paid)]
    if not over:
        return ""
    alike = [unit for unit in over if len({said(arm.spent.get(unit, 0.0), unit) for arm in paid}) == 1]
    start = f"Price of {'every arm' if len(paid) > 1 else paid[0].name} at one seed: {price(paid[0].spent, alike)}"
    rest = [unit for unit in over if unit not in alike]
    if not rest:
        return f"{start}."
    if len(paid) <= FEW:
        apart = "; ".join(f"{arm.name} {price(arm.spent, rest)}" for arm in paid)
        return f"{start}; {apart}." if alike else f"Price of one seed: {apart}."
    return f"Price of an arm at one seed: {', '.join(_range(paid, unit) for unit in over)}."


def _range(arms: Sequence[ArmOf], unit: str) -> str:
    cheap, dear = (pick(arms, key=lambda arm: arm.spent.get(unit, 0.0)) for pick in (min, max))
    low, high = (said(arm.spent.get(unit, 0.0), unit) for arm in (cheap, dear))
    return low if low == high else f"{low} ({cheap.name}) to {high} ({dear.name})"


def foreseen(summary: Summary) -> tuple[Foreseen, ...]:
    """What the plan said beside what came; nothing for a run without a plan and for one that is not done."""
    if summary.planned is None:
        return ()
    far = summary.planned.far
    return tuple(
        Foreseen(plain_unit(one.what), "unknown" if one.planned is None else cell(one.planned, one.what), one.sure,
                 cell(one.actual, one.what), "–" if one.planned is None else f"{100 * one.off:+.0f} %", one in far)
        for one in summary.planned.rows
    )  # fmt: skip
