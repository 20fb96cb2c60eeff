"""Ask where the student's best guess is least probable.

Score of an example:  1 - max_c p_c,  p = the student's label probabilities.
Highest first; equal scores are put in random order.

Source: Lewis and Gale (1994); Settles (2009), section 2.1.
Neutral limit: a student that is equally sure of everything makes this `uniform`.

>>> from tutelage.toys import stream, view            # six points, a student that knows two classes
>>> chosen = LeastConfident().choose(view(), 2, stream(0, "choose"))
>>> sorted(view().pool.take(chosen.rows).ids())       # the two points on the border
['c', 'd']
"""

from __future__ import annotations

from typing import ClassVar

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Chosen, View
from tutelage.kit.ask import weigh
from tutelage.kit.info import top
from tutelage.kit.ranking import top_n


@method
class LeastConfident:
    """Looks at the best guess alone."""

    needs: ClassVar[Kinds] = frozenset({CanWeigh})

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        scores = weigh(view.student, view.pool, lambda batch, probs: 1 - top(probs))
        return top_n(view.pool, scores, n, rng)
