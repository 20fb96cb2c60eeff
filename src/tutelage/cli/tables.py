"""A run's summary as text: what each arm reached at what cost, and which is better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tutelage.cli.say import table

MOST_ABILITIES = 24  # lines of the ledger
HOW = {"seeds x items": "seeds and exam items", "seeds": "seeds", "items": "exam items alone, at one seed",
       "share": "exam items alone, at one seed", "": "nothing: fewer than five seeds"}  # fmt: skip

if TYPE_CHECKING:
    from tutelage.study.estimate import Estimate
    from tutelage.study.judge import Judged
    from tutelage.study.summary import ArmOf, Summary


def arms(told: Summary) -> str:
    """One line an arm: final score with interval, area under the curve, what was spent, seconds."""
    names = list(dict.fromkeys(name for arm in told.arms for name in arm.scores))
    if not names:
        return "no scores yet"
    main = names[0]
    rows = [_row(arm, main, told) for arm in told.arms]
    seeds = max((len(arm.seeds) for arm in told.arms), default=0)
    exam = max((arm.scores[main].items for arm in told.arms if main in arm.scores), default=0)
    head = ["arm", f"final {main}", "95 % interval", "area", ", ".join(told.units), "seconds"]
    mean = "one seed" if seeds == 1 else f"mean over {seeds} seeds"
    under = f"{mean}, exam of {exam} items; area: mean height of the learning curve; seconds: all seeds"
    return f"{table(head, rows, right=[1, 2, 3, 4, 5])}\n({under})"


def ledger(told: Summary) -> str:
    """What each arm gained and lost since before its first lesson; empty where the pool comes in no episodes."""
    rows = []
    whole = sum(len(arm.abilities) for arm in told.arms) > MOST_ABILITIES  # then tasks are left to the page
    for arm in told.arms:
        for one in arm.abilities:
            if whole and one.task:
                continue
            gained, lost = one.gained, one.forgotten
            rows.append([arm.name, f"{one.name} {one.task}".strip(), _number(one.values[0]), _number(one.values[-1]),
                         f"{gained.value:+.3f}", _interval(gained.low, gained.high, True), _number(lost.value),
                         one.change])  # fmt: skip
    if not rows:
        return ""
    head = ["arm", "ability", "before", "after", "gained", "95 % interval", "forgotten", "so"]
    hows = dict.fromkeys(HOW[one.gained.how] for arm in told.arms for one in arm.abilities)
    under = "each task on the page; " if whole else ""
    under += "gained: better is positive, whatever the score; forgotten: since its best round; interval over "
    return f"{table(head, rows, right=[2, 3, 4, 5, 6])}\n({under}{', '.join(hows)})"


def contrasts(told: Summary) -> str:
    """The conditions of a run."""
    return conditions(told.judged)


def conditions(judged: Sequence[Judged]) -> str:
    """One line a condition: the difference, its interval, p against 0, and in one word what it means."""
    import numpy as np

    from tutelage.study.judge import some_better

    holm = some_better(judged)
    rows = []
    for one, adjusted in zip(judged, holm, strict=True):
        c = one.condition
        gate = "" if c.gate else " (reported only)"
        number = "rank correlation" if c.trend else f"{c.measure.use} {c.measure.of}"
        rows.append([c.text, number, f"{one.estimate:+.3f}", _interval(one.low, one.high, True), _p(one.p),
                     _p(adjusted), one.verdict if c.pair else "", f"{one.outcome}{gate}"])  # fmt: skip
    head = ["difference", "measure", "mean", "interval", "p", "Holm", "verdict", "condition"]
    said = [any(row[i] not in {"", "-"} for row in rows) for i in range(len(head))]
    keep = [i for i, name in enumerate(head) if said[i] or name not in {"Holm", "verdict"}]
    lines = table([head[i] for i in keep], [[row[i] for i in keep] for row in rows], right=[2, 3, 4])
    return "\n".join([lines, *(f"({note})" for note in _notes(judged, bool(np.isfinite(holm).any())))])


def _notes(judged: Sequence[Judged], family: bool) -> list[str]:
    from tutelage.kit.intervals import LEVEL

    notes = list(dict.fromkeys(one.note for one in judged if one.note))
    wider = [one for one in judged if one.level != LEVEL]
    notes += dict.fromkeys(f"interval at {100 * one.level:.4g} %, which a declared look leaves" for one in wider)
    notes += dict.fromkeys(f"tie: the interval lies inside +-{one.tie:g}" for one in judged if one.tie is not None)
    if family:
        notes.append("Holm: p when the question is whether some of these arms is better")
    return notes


def _p(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:.3f}" if value >= 0.001 else "<.001"


def _row(arm: ArmOf, main: str, told: Summary) -> list[str]:
    spent = ", ".join(f"{arm.spent.get(unit, 0):g}" for unit in told.units)
    score = arm.scores.get(main)
    if score is None:
        return [arm.name, "-", "-", "-", spent, f"{arm.seconds:.1f}"]
    return [arm.name, _number(score.final.value), _interval(score.final.low, score.final.high),
            _number(score.area.value), spent, f"{arm.seconds:.1f}"]  # fmt: skip


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "-"


def _interval(low: float, high: float, signed: bool = False) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return "none"
    return f"[{low:+.3f}, {high:+.3f}]" if signed else f"[{low:.3f}, {high:.3f}]"


def estimate(one: Estimate) -> str:
    """As 0.801 [0.790, 0.812], without the interval where there is none."""
    tail = _interval(one.low, one.high)
    return _number(one.value) + ("" if tail == "none" else f" {tail}")
