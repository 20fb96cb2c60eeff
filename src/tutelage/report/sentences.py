"""What was found about a condition, in plain words: who, how much, how sure and at which cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tutelage.recipe.conditions import IN_ITS_UNIT, Contrast, Follows, Measure
from tutelage.report.axes import number
from tutelage.report.costs import UNCOUNTED, plain_unit, said
from tutelage.report.quantity import Quantity, goal, quantity
from tutelage.report.words import capital, listed, score_name
from tutelage.study.contrast import Condition
from tutelage.study.judge import Judged
from tutelage.study.summary import ArmOf


class Said(NamedTuple):
    """A condition as it was found, in words. `sentence` leads up to `size`, which stands out."""

    sentence: str
    size: str
    interval: str
    tail: str = ""

    @property
    def text(self) -> str:
        """The whole sentence, without its full stop."""
        return " ".join(part for part in (self.sentence, self.size, self.interval, self.tail) if part)


def alone(condition: Condition) -> float:
    """1 or -1, the coefficient of a condition about one arm's own number; 0 for any other."""
    if not isinstance(condition, Contrast) or len(condition.of) != 1:
        return 0.0
    (coefficient,) = condition.of.values()
    return coefficient if abs(coefficient) == 1 else 0.0


def limit(condition: Condition) -> float:
    """What the condition's number is held against."""
    return (condition.above or 0.0) if isinstance(condition, Contrast) else 0.0


def sentence(judged: Judged, q: Quantity, arms: Mapping[str, ArmOf], unit: str) -> Said:
    """What was found about a condition. q: see `quantity_of`. unit: that of costs in this study.

    It starts with a capital, unless it starts with the name of an arm, which stays as it is.
    """
    made = _made(judged, q, _where(judged.condition, arms, unit), unit)
    named = any(made.sentence.startswith(name) for name in judged.condition.arms)
    return made if named else made._replace(sentence=capital(made.sentence))


def _made(judged: Judged, q: Quantity, where: str, unit: str) -> Said:
    condition = judged.condition
    if isinstance(condition, Follows):
        return _trend(condition, judged, q, unit)
    if alone(condition):
        return _single(condition, judged, q, where)
    sides = _sides(condition)
    if sides is None:
        return _sum(condition, judged, q, where)
    if condition.within is not None:
        return _near(sides, condition.within, judged, q, where)
    if condition.measure.use == "cost_to":
        return _cheaper(sides, condition.measure, judged, q, unit)
    return _difference(sides, judged, q, where)


def _difference(sides: tuple[str, str], judged: Judged, q: Quantity, where: str) -> Said:
    a, b = sides
    span, asked = q.interval(judged.low, judged.high), limit(judged.condition)
    size = f"{q.signed(judged.estimate)} {q.unit}".rstrip()
    if asked < 0 and judged.outcome != "unclear":
        words = "is no more than" if judged.outcome == "held" else "is more than"
        return Said(f"{a} {words} {q.amount(asked)} behind {b}:", size, span, where)
    if judged.verdict == "better":
        return Said(f"{a} beats {b} by", q.amount(judged.estimate), span, where)
    if judged.verdict == "worse":
        return Said(f"{a} falls behind {b} by", q.amount(judged.estimate), q.interval(-judged.high, -judged.low), where)
    if judged.verdict == "tie" and judged.tie is not None:
        return Said(f"{a} and {b} tie:", size, span, f"{where}, inside ±{q.amount(judged.tie)}".lstrip(", "))
    return Said(f"{a} and {b} cannot be told apart yet:", size, span, where)


def _near(sides: tuple[str, str], within: float, judged: Judged, q: Quantity, where: str) -> Said:
    a, b = sides
    words = {
        "held": f"{a} and {b} differ by less than {q.amount(within)}:",
        "refuted": f"{a} and {b} differ by more than {q.amount(within)}:",
        "unclear": f"whether {a} and {b} differ by less than {q.amount(within)} cannot be said yet:",
    }
    size = f"{q.signed(judged.estimate)} {q.unit}".rstrip()
    return Said(words[judged.outcome], size, q.interval(judged.low, judged.high), where)


def _cheaper(sides: tuple[str, str], measure: Measure, judged: Judged, q: Quantity, unit: str) -> Said:
    a, b = sides
    less = "less" if (measure.per or unit) in UNCOUNTED else "fewer"
    size = f"{q.amount(judged.estimate)} {'more' if judged.estimate < 0 else less}"
    tail = f"than {b} {goal(measure)}"
    if judged.verdict == "worse":
        return Said(f"{a} needs", size, q.interval(-judged.high, -judged.low), tail)
    if judged.verdict == "better":
        return Said(f"{a} needs", size, q.interval(judged.low, judged.high), tail)
    start = f"whether {a} needs {less} {plain_unit(measure.per or unit)} {tail} cannot be said yet:"
    return Said(start, size, q.interval(judged.low, judged.high))


def _single(condition: Contrast, judged: Judged, q: Quantity, where: str) -> Said:
    """One arm's own number against a limit, from above or from below."""
    turn, (arm,), measure = alone(condition), condition.arms, condition.measure
    low, high = sorted((judged.low * turn, judged.high * turn))
    if condition.within is not None:
        asked = f"within ±{q.amount(condition.within)} of 0"
    else:
        asked = f"{'above' if turn > 0 else 'below'} {q.level(limit(condition) * turn)}"
    if measure.use == "cost_to":
        subject, asked = "what", f"{arm} needs {goal(measure)} is {asked}"
    else:
        subject, asked = f"{q.name} of {arm}", f"is {asked}"
    words = {
        "held": f"{subject} {asked}:",
        "refuted": f"it is refuted that {subject} {asked}:",
        "unclear": f"whether {subject} {asked} cannot be said yet:",
    }
    tail = "" if measure.use == "cost_to" else where
    return Said(words[judged.outcome], q.level(judged.estimate * turn), q.interval(low, high), tail)


def _trend(condition: Follows, judged: Judged, q: Quantity, unit: str) -> Said:
    of, knob = quantity(condition.measure, unit), condition.knob
    if isinstance(knob, Measure):
        along, order = quantity(knob, unit), listed(list(condition.arms))
        name = along.name
    else:
        pairs = zip(condition.arms, knob, strict=True)
        name, order = "the knob", listed([f"{arm} ({number(value, 6)})" for arm, value in pairs])
    direction = condition.direction
    words = {
        "held": f"{of.name} {direction} with {name} over {order}:",
        "refuted": f"{of.name} does not go as stated ({direction} with {name}) over {order}, but the other way:",
        "unclear": f"whether {of.name} {direction} with {name} over {order} cannot be said yet:",
    }
    start = f"{words[judged.outcome]} rank correlation with that order"
    return Said(start, q.signed(judged.estimate), q.interval(judged.low, judged.high))


def _sum(condition: Contrast, judged: Judged, q: Quantity, where: str) -> Said:
    """A contrast that is no difference of two means, such as a difference of differences."""
    text = condition.text.replace(" - ", " − ")
    words = {
        "better": f"the contrast {text} is above 0:",
        "worse": f"the contrast {text} is below 0:",
    }
    start = words.get(judged.verdict, f"the contrast {text} cannot be told from 0 yet:")
    size = f"{q.signed(judged.estimate)} {q.unit}".rstrip()
    return Said(start, size, q.interval(judged.low, judged.high), where)


def _sides(condition: Contrast) -> tuple[str, str] | None:
    """The two means that are compared: arms by their names, or "the mean of b and c"."""
    groups = []
    for sign in (1, -1):
        side = {arm: of for arm, of in condition.of.items() if of * sign > 0}
        if not side or any(abs(abs(of) - 1 / len(side)) > 1e-9 for of in side.values()):
            return None
        groups.append(listed(list(side)) if len(side) == 1 else f"the mean of {listed(list(side))}")
    return groups[0], groups[1]


def _where(condition: Condition, arms: Mapping[str, ArmOf], unit: str) -> str:
    """In which number and at which cost: the last one that all arms reached, or the whole curve up to it."""
    measure = condition.measure
    if measure.use not in IN_ITS_UNIT:
        return "" if alone(condition) else f"in {quantity(condition, unit).name}"
    score = "" if measure.of == "accuracy" or alone(condition) else f"in {score_name(measure.of)} "
    if measure.use == "final":
        return f"{score}in the end"
    ends = _ends([arms[name] for name in condition.arms if name in arms], measure, unit)
    if not ends:
        return score.strip()
    if max(ends) == 0:  # nothing was paid for, so there is no cost at which to compare
        return f"{score}in the end"
    span = "on average up to" if measure.use == "area" else "at"
    return f"{score}{span} {said(min(ends), measure.per or unit)}"


def _ends(arms: Sequence[ArmOf], measure: Measure, unit: str) -> list[float]:
    """What each arm had paid at its last point, mean over seeds where the unit is not that of the curves."""
    if measure.per not in {"", unit}:
        return [arm.spent[measure.per] for arm in arms if measure.per in arm.spent]
    return [points[-1].cost for arm in arms if (points := arm.curves.get(measure.of, ()))]
