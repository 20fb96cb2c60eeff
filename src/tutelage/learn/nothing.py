"""Leave the student as it is.

    student' = student

For an arm that is only examined, and for rounds in which labels are bought but nothing is learnt.

Source: none; the control in which no one learns.
Neutral limit: it is one: every learner that is given no lessons should answer as this one does before it was taught.

>>> from tutelage.toys import stream, view
>>> seen = view()
>>> Nothing().learn((), None, seen, stream(0, "learn")).student is seen.student
True
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tutelage.core.data import (
    Itself,
    Kinds,
    Label,
    Preference,
    Ranking,
    Replies,
    Rng,
    Share,
    Soft,
    Target,
    Text,
)  # fmt: skip
from tutelage.core.forecast import Lot, Work
from tutelage.core.method import method
from tutelage.core.stages import Learned, Penalty, Syllabus, View


@method
class Nothing:
    needs: ClassVar[Kinds] = frozenset()
    accepts: ClassVar[Kinds] = frozenset({Label, Soft, Text, Replies, Preference, Ranking, Share, Target, Itself})

    def work(self, student: Any, lot: Lot) -> Mapping[str, Work]:
        """None."""
        return {}

    def learn(self, syllabus: Syllabus, penalty: Penalty | None, view: View, rng: Rng) -> Learned:
        return Learned(view.student)
