"""What the rates of this machine say about rounds that were played through: evaluations, seconds, bytes."""

from __future__ import annotations

from collections.abc import Sequence

from tutelage.core.parts import name_of
from tutelage.recipe.fit import Parts
from tutelage.study.amounts import Amount
from tutelage.study.calibration import Rates
from tutelage.study.efforts import Effort, of_disk, of_fit, of_kept, of_turn, reads
from tutelage.study.foresee import EVALUATIONS, KEPT, Assumed, Turn
from tutelage.study.material import Material

FLOPS = 4e10  # a second: products of matrices on one core, read off SmolLM2-135M under a low-rank adapter

# Bytes of an arm's folder where none was written here yet: for each arm, round, 1,000 items of scores, 1,000 lessons,
# 1,000 purchases and 1,000 numbers of a head. Read off two arms of few-labels.
BYTES = (3000.0, 1500.0, 4700.0, 2500.0, 1.2e5, 4200.0)


def assumed(rates: Rates) -> Assumed:
    """What earlier runs on this machine have shown, else the constants of study.foresee."""

    def kept(teacher: str, asked: float) -> float:
        told = rates.tell(of_kept(teacher, asked))
        return min(told.value, asked) if told.by == "method" else KEPT * asked

    def evaluations(student: str, rows: float) -> float:
        fit = of_fit(student, rows)
        told = rates.tell(fit)
        if told.by != "method":
            return EVALUATIONS
        # a line through few and small fits, followed far beyond them, says anything
        return min(told.value, max(rates.most(fit), EVALUATIONS))

    return Assumed(kept, evaluations)


def evaluations_of(parts: Parts, rates: Rates) -> str:
    """What an estimate of FLOP rests on."""
    student = name_of(type(parts.student))
    seen = rates.tell(of_fit(student, 1.0)).by == "method"
    return f"fits of {student} as long as earlier ones here" if seen else f"{EVALUATIONS:g} evaluations a fit"


def tokens_of(material: Material) -> str:
    """What an estimate of a student's work rests on that reads tokens; empty for others."""
    width = material.width
    if width is None or not width.tokens:
        return ""
    return "lessons of as many tokens as those of the pool on average"


def seconds_of(parts: Parts, material: Material, turns: Sequence[Turn], rates: Rates) -> Amount:
    """Of the loop; unknown where this machine has run nothing."""
    told = [(turn, one, rates.tell(one)) for turn in turns for one in of_turn(parts, material, turn)]
    if any(not one.by for _, _, one in told):
        return Amount(None, "unknown", "this machine has run nothing yet: tutelage plan --calibrate")
    new = [one.use for _, one, said in told if said.by == "stage" and one.stage in {"choose", "teach", "learn"}]
    whys = [f"rates of {rates.seen('learn')} rounds on this machine", *(f"{use} has not run here yet" for use in new)]
    read = [_read(turn, one, material) if said.by == "stage" else None for turn, one, said in told]
    if any(value is not None for value in read):
        whys.append(f"{FLOPS / 1e9:.0f} GFLOP a second assumed where a student reads")
    sums = [said.value if value is None else value for (_, _, said), value in zip(told, read, strict=True)]
    return Amount(sum(sums), "estimated", "; ".join(dict.fromkeys(whys)))


def _read(turn: Turn, one: Effort, material: Material) -> float | None:
    """Seconds in which a student that reads tokens learns, or reads the pool or the exam once, by its FLOP.

    Other methods of a stage say nothing about it: their rounds are a thousandth as large. None: it does not read.
    """
    width = material.width
    if width is None or not width.tokens or not turn.flop:
        return None
    once = turn.flop / turn.rows / 2  # of a lesson, forwards
    looks = {"learn": 2 * turn.rows, "assess": float(sum(turn.exams)), "choose": float(turn.pool)}
    if one.stage == "choose" and not reads(turn.step.choose):
        return None
    return once * looks[one.stage] / FLOPS if one.stage in looks else None


def disk_of(parts: Parts, material: Material, turns: Sequence[Turn], rates: Rates) -> Amount:
    effort = of_disk(parts, material, turns)
    usual = sum(a * b for a, b in zip(BYTES, effort.counts, strict=True))
    here = rates.rows.get(f"{effort.stage} {effort.use}", [])
    if not here:
        return Amount(usual, "estimated", "usual sizes")
    foretold = sum(a * b for row in here for a, b in zip(BYTES, row, strict=False))
    return Amount(usual * sum(row[-1] for row in here) / foretold, "estimated", f"sizes of {len(here)} arms here")
