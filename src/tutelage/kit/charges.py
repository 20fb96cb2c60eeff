"""A till that writes down what is charged through it, so that the same can be charged again elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Floats
from tutelage.core.errors import Spent
from tutelage.core.stages import Till


class Charge(NamedTuple):
    """One call of `pay`, at the dotted path of the part that paid."""

    path: str
    unit: str
    keys: list[str]
    values: list[Any]
    amounts: list[float]

    def pay(self, till: Till) -> None:
        """The same once more."""
        place = till.part(self.path) if self.path else till
        place.pay(self.unit, self.keys, self.values, np.array(self.amounts, dtype=np.float64))


@dataclass
class Seen:
    """Every charge in its order. bound: a limit refused something."""

    told: list[Charge] = field(default_factory=list)
    bound: bool = False


@dataclass(frozen=True)
class Watched:
    """A till that writes down what is charged through it. Implements core.stages.Till."""

    around: Till
    seen: Seen = field(default_factory=Seen)
    path: str = ""

    def afford(self, unit: str, amount: float) -> None:
        with self._refusals():
            self.around.afford(unit, amount)

    def left(self, unit: str) -> float:
        return self.around.left(unit)

    def paid(self, unit: str, keys: Sequence[str]) -> tuple[Any | None, ...]:
        return self.around.paid(unit, keys)

    def pay(self, unit: str, keys: Sequence[str], values: Sequence[Any], amounts: Floats) -> None:
        with self._refusals():
            self.around.pay(unit, keys, values, amounts)
        self.seen.told.append(Charge(self.path, unit, list(keys), list(values), [float(one) for one in amounts]))

    def ask(self, unit: str, keys: Sequence[str]) -> int:
        return self.around.ask(unit, keys)

    def part(self, name: str) -> Watched:
        return replace(self, around=self.around.part(name), path=f"{self.path}.{name}" if self.path else name)

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except Spent:
            self.seen.bound = True
            raise
