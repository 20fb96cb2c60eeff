"""What a file in order/difficulty/ is: a number for each lesson, higher where it is harder."""

from __future__ import annotations

from typing import ClassVar, Protocol

from tutelage.core.data import Floats, Kinds, Lessons, Rng
from tutelage.core.stages import View


class Difficulty(Protocol):
    """rate: (n,) one number for each lesson, through all blocks; never NaN. It sees lessons, neither pool nor exam."""

    needs: ClassVar[Kinds]  # capabilities of the student that is taught

    def rate(self, lessons: Lessons, view: View, rng: Rng) -> Floats: ...
