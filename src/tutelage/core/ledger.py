"""What was bought and what work was done, in which unit, under which limit.

Bought units are paid for with an answer in return and stand in the journal one by one. Work is what learning costs:
it is counted from shapes as it is done and stands in the record as a running total.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tutelage.core.errors import Spent

BOUGHT: dict[str, str] = {
    "labels": "one human label of one row",
    "verdicts": "one answer checked right or wrong",
    "shares": "one bag counted",
    "comparisons": "two answers compared",
    "calls": "one call of a teacher that is a model",
    "teacher_tokens": "one token that a teacher read or wrote",
}
WORK: dict[str, str] = {
    "training_tokens": "one token that a learner was trained on, once",
    "flop": "one floating-point operation of learning, counted from the model's shapes",
    "seconds": "one second of wall clock, all stages of the loop together",
    "epsilon": "privacy loss; a round is charged what it adds to the accountant's total",
}
UNITS: dict[str, str] = {**BOUGHT, **WORK}


@dataclass
class Ledger:
    """Running totals per unit. The one mutable thing that counts as it is used."""

    limits: Mapping[str, float] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)

    def left(self, unit: str) -> float:
        """What the limit still allows; inf without a limit."""
        return self.limits.get(unit, math.inf) - self.spent.get(unit, 0.0)

    def afford(self, unit: str, amount: float) -> None:
        """Raises Spent when `amount` more would pass the limit; a relative tolerance of 1e-9 absorbs rounding."""
        if amount > self.left(unit) + 1e-9 * max(1.0, self.limits.get(unit, 0.0)):
            raise Spent(unit, self.spent.get(unit, 0.0), amount, self.limits[unit])

    def charge(self, unit: str, amount: float) -> None:
        self.spent[unit] = self.spent.get(unit, 0.0) + amount


def price(teacher: Any, unit: str) -> float:
    """What one row costs at most: the teacher's `per_row` (unit -> amount), else 1. 0: it is not paid by the row."""
    return float(getattr(teacher, "per_row", {}).get(unit, 1.0))
