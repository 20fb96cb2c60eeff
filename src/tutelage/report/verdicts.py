"""One condition in a sentence of plain words: what was found, how much, how sure, and whether it was asked for.

A plain difference of two arms on a score is better, worse, a tie or unclear. Everything else (several arms, a limit,
a trend, a cost, a number of a lifetime) is a statement, and a statement held, was refuted or is unclear.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tutelage.kit.intervals import LEVEL
from tutelage.recipe.conditions import IN_ITS_UNIT, Contrast
from tutelage.report.quantity import Quantity, quantity_of
from tutelage.report.sentences import Said, alone, limit, sentence
from tutelage.report.words import SIGNS, chance, count, percent
from tutelage.study.contrast import Condition
from tutelage.study.judge import Judged, some_better
from tutelage.study.summary import ArmOf


class Headline(NamedTuple):
    """Everything that is shown of one condition. `badge` is the word that its colour stands for."""

    said: Said
    badge: str
    sign: str
    basis: str  # seeds, items, p, the condition's own limit
    number: str
    interval: str
    per_seed: tuple[str, ...]
    limit: str  # such as "above 0"
    p: str
    holm: str  # "" where the condition is not one of several comparisons with one arm
    kind: str  # what the number counts
    unit: str  # of the number, "" where the kind says it or there is none
    alone: bool  # about one arm's own number
    aside: str  # what else has to be said, such as a level that was never reached


def headlines(judged: Sequence[Judged], arms: Sequence[ArmOf], unit: str) -> list[Headline]:
    """One for each condition, in their order. unit: that of costs in this study."""
    named = {arm.name: arm for arm in arms}
    return [_headline(one, float(holm), named, unit) for one, holm in zip(judged, some_better(judged), strict=True)]


def badge(judged: Judged) -> str:
    """Better, worse and tie for a plain difference on a score; held and refuted for any other statement."""
    condition = judged.condition
    plain = condition.pair is not None and condition.measure.use in IN_ITS_UNIT and limit(condition) >= 0
    statement = isinstance(condition, Contrast) and condition.within is not None
    return judged.verdict if plain and not statement else judged.outcome


def _headline(judged: Judged, holm: float, arms: Mapping[str, ArmOf], unit: str) -> Headline:
    q, condition, word = quantity_of(judged, unit), judged.condition, badge(judged)
    turn = alone(condition)
    low, high = sorted((judged.low * turn, judged.high * turn)) if turn else (judged.low, judged.high)
    shown = (lambda value: q.level(value * turn)) if turn else q.signed
    tested = not turn and not (isinstance(condition, Contrast) and condition.within is not None)
    p, adjusted = chance(judged.p if tested else math.nan), chance(holm if tested else math.nan)
    asked = _limit(condition, q)
    made = sentence(judged, q, arms, unit)
    each = tuple(shown(value).removesuffix(f" {q.own}") for value in judged.per_seed)
    return Headline(
        made, word, SIGNS[word], _basis(judged, asked, p, adjusted), shown(judged.estimate), q.interval(low, high),
        each, asked, p, "" if adjusted == "–" else adjusted, q.name, q.own if turn else q.unit, bool(turn),
        _aside(judged),
    )  # fmt: skip


def _basis(judged: Judged, asked: str, p: str, holm: str) -> str:
    """What the interval rests on, and what became of the condition as it was written down."""
    parts = [count(judged.seeds, "seed") + (f" × {judged.items:,} exam items" if judged.items else "")]
    if not math.isfinite(judged.low):
        parts.append("no interval")
    elif judged.level != LEVEL:
        parts.append(f"interval at {percent(judged.level)}")
    parts += [_p("p", p)] if p != "–" else []
    parts += [_p("Holm’s p", holm)] if holm != "–" else []
    if asked != "above 0" and not alone(judged.condition):
        parts.append(f"{asked} was asked for: {judged.outcome}")
    if not judged.condition.gate:
        parts.append("reported only")
    return " · ".join(parts)


def _aside(judged: Judged) -> str:
    """The note without its first part, which says how the interval was made; all of it where there is no number."""
    return judged.note if not math.isfinite(judged.estimate) else "; ".join(judged.note.split("; ")[1:])


def _p(name: str, p: str) -> str:
    return f"{name} {p}" if p.startswith("<") else f"{name} = {p}"


def _limit(condition: Condition, q: Quantity) -> str:
    """Such as "above 0", "above 2.0 points", "within ±2.0 points", "below 80 labels"."""
    if isinstance(condition, Contrast) and condition.within is not None:
        return f"within ±{q.amount(condition.within)}"
    asked, turn = limit(condition), alone(condition)
    if turn:
        return f"{'above' if turn > 0 else 'below'} {q.level(asked * turn)}"
    return f"above {'−' if asked < 0 else ''}{q.amount(asked)}" if asked else "above 0"
