"""Take the replies that the prompt helps least to say: what an instruction still has to teach.

    IFD(x, y) = perplexity(y | x) / perplexity(y),   perplexity(y | x) = exp(-1/|y| sum_t log p(y_t | x, y_<t))

Highest first: 1 means that the prompt makes its reply no likelier, near 0 that the student can already infer the reply
from the prompt. At `below` and above, prompt and reply do not belong together for this student, and such rows come
last. perplexity(y) is asked behind an empty prompt of the student's template. A reply that does not fit into the
student's window comes last of all. Score: IFD.

Source: Li, Zhang, Li, Chen, Chen, Cheng, Wang, Zhou, Xiao (2024), From quantity to quality: boosting LLM performance
with self-guided data selection for instruction tuning, NAACL, section 2.2; the paper first tunes the student a little.
Neutral limit: a student that does not read its prompts gives every reply 1, and with `below: null` this is `uniform`.

>>> from tutelage.toys import Reader, replies_pool, stream, view
>>> pool = replies_pool([("say t", "t", "r1"), ("say u", "v", "r2")])
>>> seen = view(pool, Reader({"t": -1.0}, other=-3.0, copies=0.5))   # halves the cost of letters in the prompt
>>> Ifd().choose(seen, 1, stream(0, "choose")).scores.round(3).tolist()
[0.607, 1.0]
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import Chosen, View
from tutelage.core.writing import CanRate
from tutelage.kit.indicators import difficulty
from tutelage.kit.ratings import top_known


@method
class Ifd:
    """below: an IFD that counts as a sign of a reply to another prompt; null takes the highest whatever it is."""

    below: Annotated[float, Field(gt=0)] | None = 1.0

    needs: ClassVar[Kinds] = frozenset({CanRate})

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        scores = difficulty(view.student, view.pool)
        wanted = scores
        if self.below is not None:  # moved below all others, their order kept
            wanted = np.where(scores >= self.below, scores - 1e9, scores)
        return top_known(view.pool, wanted, n, rng)._replace(scores=scores)
