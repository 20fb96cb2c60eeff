"""What supervision was bought, in which unit, under which limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tutelage.core.errors import Spent

UNITS: dict[str, str] = {
    "labels": "one human label of one row",
    "verdicts": "one answer checked right or wrong",
    "shares": "one bag counted",
    "comparisons": "two answers compared",
}


@dataclass
class Ledger:
    """Running totals per unit. The one mutable thing that counts as it is used."""

    limits: Mapping[str, float] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)

    def left(self, unit: str) -> float:
        """What the limit still allows; inf without a limit."""
        return self.limits.get(unit, math.inf) - self.spent.get(unit, 0.0)

    def afford(self, unit: str, amount: float) -> None:
        """Raises Spent when `amount` more would pass the limit; a tolerance of 1e-9 absorbs rounding."""
        if amount > self.left(unit) + 1e-9:
            raise Spent(unit, self.spent.get(unit, 0.0), amount, self.limits[unit])

    def charge(self, unit: str, amount: float) -> None:
        self.spent[unit] = self.spent.get(unit, 0.0) + amount
