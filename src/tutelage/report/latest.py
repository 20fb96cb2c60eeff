"""Where the unfinished jobs of a run stand: the last score that each of them took, and what it had paid by then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tutelage.report.costs import said
from tutelage.report.words import score_name, shown
from tutelage.runs.record import ArmState, Record
from tutelage.study.measure import round_lines


class Latest(NamedTuple):
    """One arm at one seed that is not finished; a number for the impatient, not for a verdict."""

    arm: str
    seed: int
    score: str
    value: float
    paid: float
    unit: str

    @property
    def shown(self) -> str:
        """The score with its name: "71.0 % accuracy"."""
        return f"{shown(self.score, self.value)} {score_name(self.score)}"

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.arm} at seed {self.seed} stands at {self.shown} after {said(self.paid, self.unit)}"


def latest(record: Record, states: Sequence[ArmState], of: str) -> tuple[Latest, ...]:
    """One for each unfinished job that has sat an exam. of: the score wanted; where a job lacks it, its first one."""
    made, unit = [], record.read().study.unit
    for state in states:
        if state.status == "done":
            continue
        scored = [line for line in round_lines(record, state.arm, state.seed) if line["scores"].keys() - {"confusions"}]
        if not scored:
            continue
        last = scored[-1]
        names = [name for name in last["scores"] if name != "confusions"]
        name = of if of in names else names[0]
        paid = last["spent"].get(unit, 0.0)
        made.append(Latest(state.arm, state.seed, name, last["scores"][name], paid, unit))
    return tuple(made)
