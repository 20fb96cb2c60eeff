"""The page's sentences and numbers: how a score is shown, and a comparison in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from tutelage.recipe.conditions import Contrast
from tutelage.report.axes import between, number
from tutelage.study.contrast import Condition
from tutelage.study.estimate import Estimate
from tutelage.study.judge import Judged
from tutelage.study.summary import ArmOf, Summary

SHARES = frozenset({"accuracy", "macro_f1", "calibration"})  # shown as percent; their differences are points
NAMES = {"accuracy": "accuracy", "macro_f1": "macro F1", "calibration": "calibration error", "brier": "Brier score"}
SIGNS = {"better": "▲", "worse": "▼", "tie": "=", "unclear": "?"}
HOW = {
    "seeds x items": "over seeds and exam items",
    "seeds": "over seeds",
    "items": "over exam items; one seed",
    "share": "over exam items; one seed",
    "": "no interval",
}


class Headline(NamedTuple):
    """One comparison in a sentence. `verdict` is the word that its colour stands for."""

    sentence: str  # up to the difference
    size: str
    interval: str
    tail: str
    verdict: str
    sign: str
    basis: str  # seeds, items, condition
    note: str


def score_name(name: str) -> str:
    """macro_f1 -> "macro F1"; a name that is not ours is shown as it is."""
    return NAMES.get(name, name.replace("_", " "))


def factor(name: str) -> float:
    """What a score is multiplied with before it is shown."""
    return 100.0 if name in SHARES else 1.0


def places(name: str) -> int:
    return 1 if name in SHARES else 3


def shown(name: str, value: float) -> str:
    """A score as a reader meets it: 0.8123 -> "81.2 %" for a share, "0.812" otherwise, "–" where there is none."""
    if not math.isfinite(value):
        return "–"
    text = f"{value * factor(name):.{places(name)}f}".replace("-", "−")
    return f"{text} %" if name in SHARES else text


def interval(name: str, estimate: Estimate) -> str:
    """Such as "[79.9, 82.5]" in the unit of the score, or "–"."""
    by = factor(name)
    return between(estimate.low * by, estimate.high * by, places(name)) or "–"


def signed(name: str, value: float) -> str:
    """A difference with its sign: "+9.1"."""
    if not math.isfinite(value):
        return "–"
    return f"{value * factor(name):+.{places(name)}f}".replace("-", "−")


def headline(judged: Judged, arms: Mapping[str, ArmOf]) -> Headline:
    """Such as "chosen beats uniform by 9.1 points [7.8, 10.4] at 308 labels", or as calmly that nobody can tell."""
    asked = judged.condition
    of = measured(asked)
    a, b = asked.pair or (asked.text, "")
    places_, by = places(of), factor(of)
    size = f"{abs(judged.estimate) * by:.{places_}f}" if math.isfinite(judged.estimate) else "–"
    unit = "points" if of in SHARES else score_name(of)
    low, high = judged.low * by, judged.high * by
    if judged.verdict == "worse":
        low, high = -high, -low
    decided = judged.verdict in {"better", "worse"}
    words = (
        dict.fromkeys(SIGNS, f"{a}:")
        if asked.pair is None
        else {
            "better": f"{a} beats {b} by",
            "worse": f"{a} falls behind {b} by",
            "tie": f"{a} and {b} tie:",
            "unclear": f"{a} and {b} cannot be told apart yet:",
        }
    )
    return Headline(
        sentence=words[judged.verdict],
        size=f"{size if decided else signed(of, judged.estimate)} {unit}",
        interval=between(low, high, places_),
        tail=_where(judged, arms) + (f": {judged.verdict}" if decided else ""),
        verdict=judged.verdict,
        sign=SIGNS[judged.verdict],
        basis=basis(judged),
        note=judged.note,
    )


def basis(judged: Judged) -> str:
    """What the interval rests on, and what became of the condition as it was written down."""
    parts = [_count(judged.seeds, "seed") + (f" × {judged.items:,} exam items" if judged.items else "")]
    if not math.isfinite(judged.low):
        parts.append("no interval")
    if (limit := limit_of(judged)) not in {"", "above 0"}:
        parts.append(f"{limit} was asked for: {judged.outcome}")
    if not judged.condition.gate:
        parts.append("reported only")
    return " · ".join(parts)


def measured(condition: Condition) -> str:
    """The score in whose unit the condition's number is shown; "" for a number of its own, such as a correlation."""
    return condition.measure.of if isinstance(condition, Contrast) and condition.measure.use in {"last", "area"} else ""


def limit_of(judged: Judged) -> str:
    """Such as "above 0" or "within 2.0 %"; a trend is above 0."""
    condition = judged.condition
    if isinstance(condition, Contrast) and condition.within is not None:
        return f"within {shown(measured(condition), condition.within)}"
    above = (condition.above or 0.0) if isinstance(condition, Contrast) else 0.0
    return f"above {shown(measured(condition), above)}" if above else "above 0"


def _where(judged: Judged, arms: Mapping[str, ArmOf]) -> str:
    """At which cost: the last one that both arms reached, or the whole curve up to it."""
    of, ends = judged.condition.measure.of, []
    for name in judged.condition.arms:
        points = arms[name].curves.get(of, ()) if name in arms else ()
        ends += [points[-1].cost] if points else []
    score = "" if of == "accuracy" else f" in {score_name(of)}"
    if not ends:
        return score.strip()
    labels = f"{_count(round(min(ends)), 'label')}{score}"
    return f"on average up to {labels}" if judged.condition.measure.use == "area" else f"at {labels}"


def alone(summary: Summary, of: str) -> list[str]:
    """What each arm reached, for a run that compares nothing (yet)."""
    made = []
    for arm in summary.arms:
        score = arm.scores.get(of)
        if score is None or not math.isfinite(score.final.value):
            continue
        paid = f" with {_count(round(arm.spent['labels']), 'label')}" if "labels" in arm.spent else ""
        span = interval(of, score.final)
        tail = f" {span}" if span != "–" else ""
        made.append(f"{arm.name} reaches {shown(of, score.final.value)} {score_name(of)}{tail}{paid}")
    return made


def leading(summary: Summary) -> str:
    """The score that the page puts first: that of the first condition, else accuracy, else the first there is."""
    names = dict.fromkeys(name for arm in summary.arms for name in arm.scores)
    wanted = [judged.condition.measure.of for judged in summary.judged] + ["accuracy"]
    return next((name for name in wanted if name in names), next(iter(names), ""))


def duration(seconds: float) -> str:
    """Such as "42 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def amount(value: float) -> str:
    """Costs and counts: whole where they are whole."""
    return number(value, 1) if math.isfinite(value) else "no limit"


def why(value: float | None) -> str:
    """A chooser's score, three digits."""
    return "–" if value is None or not math.isfinite(value) else f"{value + 0.0:.3g}".replace("-", "−")


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
