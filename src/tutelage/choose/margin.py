"""Ask where the student hesitates between its two most probable labels.

Score of an example:  -(p_(1) - p_(2)),  the two largest label probabilities of the student.
Highest first; equal scores are put in random order.

Source: Scheffer, Decomain, Wrobel (2001); also called breaking ties; Settles (2009), section 2.1.
Neutral limit: a student that is equally sure of everything makes this `uniform`.

>>> from tutelage.toys import stream, view            # six points, a student that knows two classes
>>> chosen = Margin().choose(view(), 2, stream(0, "choose"))
>>> sorted(view().pool.take(chosen.rows).ids())       # the two points on the border
['c', 'd']
"""

from __future__ import annotations

from typing import ClassVar

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Chosen, View
from tutelage.kit.ask import weigh
from tutelage.kit.info import margin
from tutelage.kit.ranking import top_n


@method
class Margin:
    """Between two classes the ranking is that of `entropy` and of `least_confident`."""

    needs: ClassVar[Kinds] = frozenset({CanWeigh})

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        scores = weigh(view.student, view.pool, lambda batch, probs: -margin(probs))
        return top_n(view.pool, scores, n, rng)
