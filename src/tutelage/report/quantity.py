"""What the number of a condition counts, and how it is shown: points, labels, a correlation, a number of a lifetime."""

from __future__ import annotations

import math
from typing import NamedTuple

from tutelage.kit.task_matrix import FOUR, MORE
from tutelage.recipe.conditions import IN_ITS_UNIT, OF_MEMORY, Contrast, Follows, Measure
from tutelage.report.axes import between
from tutelage.report.costs import plain_unit, scale
from tutelage.report.words import SHARES, places, score_name, shown
from tutelage.study.contrast import Condition
from tutelage.study.judge import Judged

LIFETIME = {
    "pm": "performance maintenance", "ft": "forward transfer", "bt": "backward transfer",
    "ft_contrast": "forward transfer, as a contrast", "bt_contrast": "backward transfer, as a contrast",
    "rp": "performance relative to the experts", "se": "sample efficiency", "pr": "performance recovery",
    "acc": "mean final score of all tasks", "bwt": "change of earlier tasks", "fwt": "gain on tasks still to come",
    "forgetting": "forgetting", "aia": "mean score of the tasks so far, over the blocks",
    "general": "change of tasks never taught", "intransigence": "lost to joint training when just learned",
}  # fmt: skip
OVER_CURVE = ", mean over the curve"
OF_SCORES = frozenset({*FOUR, *MORE, "intransigence"})  # in the unit of the score; the others have none


class Quantity(NamedTuple):
    """`by`: what is multiplied with before a number is shown. `unit`: of a difference; `own`: of one arm's number."""

    name: str
    unit: str
    own: str
    by: float
    places: int
    most: float = math.inf  # no true value lies beyond +-most, whatever an interval's formula gives

    def size(self, value: float) -> str:
        """Without sign and unit."""
        return number_at(abs(value) * self.by, self.places)

    def signed(self, value: float) -> str:
        """A difference with its sign: "+9.1"; what rounds to nothing has none."""
        text = number_at(value * self.by, self.places)
        return f"+{text}" if value > 0 and text.strip("0.") else text

    def level(self, value: float) -> str:
        """One arm's number with its unit: "81.2 %"."""
        return f"{number_at(value * self.by, self.places)}{self.own and f' {self.own}'}"

    def amount(self, value: float) -> str:
        """A difference with its unit, without sign: "9.1 points"; a single label is one label."""
        unit = self.unit.removesuffix("s") if self.size(value) == "1" else self.unit
        return f"{self.size(value)}{unit and f' {unit}'}"

    def interval(self, low: float, high: float) -> str:
        """Such as "[7.8, 10.4]"; nothing where there is none."""
        low, high = max(low, -self.most), min(high, self.most)
        return between(low * self.by, high * self.by, self.places)


def quantity(asked: Condition | Measure, unit: str, size: float = 0.0) -> Quantity:
    """Of a condition or a measure. unit: that of costs in this study. size: the largest number that will be shown."""
    if isinstance(asked, Follows):
        return Quantity("rank correlation", "", "", 1.0, 2, 1.0)
    measure = asked.measure if isinstance(asked, Contrast) else asked
    if measure.use == "cost_to":
        by, word = scale(measure.per or unit, size)
        return Quantity(f"{plain_unit(measure.per or unit)} {goal(measure)}", word, word, by, _decimals(size * by))
    if measure.use == "recovered":
        gap = f"from {measure.floor} to {measure.ceiling}"
        return Quantity(f"share of the gap in {score_name(measure.of)} {gap} that is recovered", "", "", 1.0, 2)
    if measure.use == "fact":
        return Quantity(score_name(measure.of), "", "", 1.0, 3)
    if measure.use == "fuar":
        return Quantity(f"forgotten {score_name(measure.of)} for what was acquired (FUAR)", "", "", 1.0, 2)
    if measure.use == "overlap":
        return Quantity(f"share of {measure.of}'s rows among those", "points", "%", 100.0, 1)
    if measure.use in OF_MEMORY:
        return _memory(measure)
    if measure.use not in IN_ITS_UNIT:
        return _lifetime(measure)
    share = measure.of in SHARES
    name = f"{score_name(measure.of)}{OVER_CURVE if measure.use == 'area' else ''}"
    return Quantity(name, "points" if share else "", "%" if share else "", 100.0 if share else 1.0, places(measure.of))


def _decimals(most: float) -> int:
    return 0 if most >= 20 else 1 if most >= 1 else 3


def quantity_of(judged: Judged, unit: str) -> Quantity:
    """At one scale for everything that was found about a condition."""
    condition = judged.condition
    limit = (condition.above or condition.within or 0.0) if isinstance(condition, Contrast) else 0.0
    known = [abs(v) for v in (judged.estimate, judged.low, judged.high, limit, *judged.per_seed) if math.isfinite(v)]
    return quantity(condition, unit, max(known, default=0.0))


def goal(measure: Measure) -> str:
    """What a cost is paid for: "to reach 85.0 % accuracy"."""
    assert measure.level is not None
    return f"to reach {shown(measure.of, measure.level)} {score_name(measure.of)}"


def number_at(value: float, places: int) -> str:
    """With this many places and a true minus sign; an en dash where there is no number."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:,.{places}f}"
    return (text.lstrip("-") if not float(text.replace(",", "")) else text).replace("-", "−")


def _memory(measure: Measure) -> Quantity:
    name = score_name(measure.of)
    since = "before all learning" if measure.after == -1 else f"after round {measure.after}"
    if measure.use == "at":
        share = measure.of in SHARES
        return Quantity(f"{name} {since}", "points" if share else "", "%" if share else "", 100.0 if share else 1.0,
                        places(measure.of))  # fmt: skip
    if measure.use == "lost":
        less = f", less that of {score_name(measure.against)}," if measure.against else ""
        return Quantity(f"share of {name}{less} that is lost {since}", "", "", 1.0, 2)
    step = "a step of ln(1 + updates)" if measure.scale == "logarithmic" else "an update"
    return Quantity(f"{name} lost {step} up to {measure.knee} updates, less what is lost from there on", "", "", 1.0, 4)


def _lifetime(measure: Measure) -> Quantity:
    name = f"{LIFETIME[measure.use]} ({measure.use}) of {score_name(measure.of)}"
    if measure.use in OF_SCORES and measure.of in SHARES:
        return Quantity(name, "points", "%", 100.0, 1)
    return Quantity(name, "", "", 1.0, 2)
