"""Keeps nothing on purpose: no rehearsal, no penalty, the new student stays as it was learned.

    rehearse = no lesson,    penalty = 0,    settle(before, new) = the student after learning

Source: plain sequential fine-tuning, the baseline of McCloskey and Cohen (1989).
Neutral limit: it is the neutral limit of its room; any retention of strength 0 must equal it.

>>> from tutelage.toys import stream, view
>>> now = view()
>>> Nothing().rehearse((), now, stream(0, "retain")), Nothing().penalty(now)
((), None)
>>> Nothing().settle(now.first, (), now, stream(0, "retain")).student is now.student
True
"""

from __future__ import annotations

from typing import ClassVar

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Student, View


@method
class Nothing:
    """No settings."""

    needs: ClassVar[Kinds] = frozenset()

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """Nothing is added to the loss."""
        return None

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned (view.student) goes on and is examined."""
        return Settled(view.student)
