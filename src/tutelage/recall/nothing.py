"""Looks nothing up: the student answers from its weights alone.

    equip(student) = student

Source: none needed; this is answering as every paper's plain baseline does.
Neutral limit: it is the neutral limit of its room; any recall with an empty memory must equal it.

>>> from tutelage.toys import stream, view
>>> now = view()
>>> Nothing().equip(now, stream(0, "recall")) is now.student
True
"""

from __future__ import annotations

from typing import ClassVar

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import Student, View


@method
class Nothing:
    """No settings."""

    needs: ClassVar[Kinds] = frozenset()

    def equip(self, view: View, rng: Rng) -> Student:
        """The student itself."""
        return view.student
