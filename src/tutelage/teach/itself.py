"""Every text is its own lesson: something to read, not something to answer; free.

    lesson(row) = Itself: the loss is that of every token of the text, from the first to the end

It is how a language model is trained before it is asked anything, and how it is trained further on new material.

Source: the objective of a language model, Jelinek, Mercer, Bahl, Baker (1977); further pre-training: Gururangan and
others (2020), Don't stop pretraining, section 3.
Neutral limit: none; it gives what stands there.

>>> from tutelage.core.data import Rows
>>> from tutelage.toys import ANSWERS, POOL, stream, view
>>> import numpy as np
>>> taught = Itself().teach(Rows(POOL, np.array([4, 1])), view(), ANSWERS, stream(0, "teach"))
>>> taught.lessons[0].about.rows.tolist(), dict(taught.lessons[0].given)
([4, 1], {})
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tutelage.core import data
from tutelage.core.data import Block, Kinds, Rng, Rows
from tutelage.core.method import method
from tutelage.core.stages import Answers, Taught, View


@method
class Itself:
    needs: ClassVar[Kinds] = frozenset()
    gives: ClassVar[Kinds] = frozenset({data.Itself})
    spends: ClassVar[frozenset[str]] = frozenset()

    def taught(self, rows: int) -> float:
        """One a row."""
        return float(rows)

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """One Itself lesson per row asked about."""
        if asked.size == 0:
            return Taught(())
        return Taught((Block(asked, None, data.Itself, {}, "itself", np.zeros(asked.size), np.ones(asked.size)),))
