"""Ask about the examples whose label the student is least sure of, over all classes.

Score of an example:  H(p) = -sum_c p_c log p_c,  p = the student's label probabilities; in nats.
Highest first; equal scores are put in random order.

Source: Shannon (1948) for H; as a selection score, Settles (2009), section 2.1.
Neutral limit: a student that is equally sure of everything makes this `uniform`.

>>> from tutelage.toys import stream, view            # six points, a student that knows two classes
>>> chosen = Entropy().choose(view(), 2, stream(0, "choose"))
>>> sorted(view().pool.take(chosen.rows).ids())       # the two points on the border
['c', 'd']
"""

from __future__ import annotations

from typing import ClassVar

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Chosen, View
from tutelage.kit.ask import weigh
from tutelage.kit.info import entropy
from tutelage.kit.ranking import top_n


@method
class Entropy:
    """With many classes it is drawn to examples whose doubt is spread thin; `margin` looks at the two nearest."""

    needs: ClassVar[Kinds] = frozenset({CanWeigh})

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        scores = weigh(view.student, view.pool, lambda batch, probs: entropy(probs))
        return top_n(view.pool, scores, n, rng)
