"""Of several good answers to each prompt take the one that the student itself finds most likely.

    score(y | x) = 1/|y| sum_t log p(y_t | x, y_<t)      (token_mean)
                   sum_t log p(y_t | x, y_<t)            (sum: shorter answers win)
                   sum_t log2 p(y_t | x, y_<t) / bytes   (bits_per_byte, negated: independent of the tokenizer)

p is the student that will be taught, asked as a lesson would ask it: its template, the end of the answer included.
Prompts are never compared: of each the best answer is taken, then of each the second best, and so on, at most `keep`
of each. Where fewer are asked for than there are prompts, the prompts are drawn at random. `worst: true` turns the
score round, a control. An answer that does not fit into the student's window comes last.

The answers must be good already: likelihood prefers fluent wrong ones to clumsy right ones. The score is kept in the
cache under student and table, so it is computed once, however many arms and seeds ask.

Source: Zhang and others (2025), The best instruction-tuning data are those that fit, arXiv 2502.04194, section 3;
token_mean is the normalised probability of the paper's final version.
Neutral limit: with one answer a prompt, or a student that finds all answers equally likely, this is `uniform`.

>>> from tutelage.toys import replies_pool, stream, view, Reader
>>> pool = replies_pool([("1 + 1", "2", "r1"), ("1 + 1", "two", "r2"), ("4 + 4", "8", "r3"), ("4 + 4", "eight", "r4")])
>>> seen = view(pool, Reader({"t": -1.0}, other=-3.0))   # it finds the letter t likely
>>> sorted(pool.take(Grape(keep=1).choose(seen, 4, stream(0, "choose")).rows).ids())
['r2', 'r4']
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow.compute as pc
from pydantic import Field

from tutelage.core.data import Floats, Kinds, Pool, Rng
from tutelage.core.method import method
from tutelage.core.stages import Chosen, View
from tutelage.core.writing import CanRate
from tutelage.kit.ratings import Rated, leading_each, rated, reply_column


@method
class Grape:
    """Ask with `per_round` null and `keep: m` for m answers of every prompt."""

    score: Literal["token_mean", "sum", "bits_per_byte"] = "token_mean"
    keep: Annotated[int, Field(ge=1)] | None = None  # answers of a prompt, at most; None: no limit but n
    worst: bool = False  # the answer that fits least: a control

    needs: ClassVar[Kinds] = frozenset({CanRate})

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        """Scores: higher fits better, whatever `worst` says."""
        scores = self._scores(rated(view.student, view.pool), view.pool)
        chosen = leading_each(view.pool, -scores if self.worst else scores, n, self.keep, rng)
        return chosen._replace(scores=scores)

    def _scores(self, said: Rated, pool: Pool) -> Floats:
        if self.score == "sum":
            return said.logprobs
        if self.score == "token_mean":
            return -said.loss
        sizes = pc.binary_length(reply_column(pool)).to_numpy(zero_copy_only=False).astype(np.float64)
        return np.asarray(said.logprobs / np.log(2) / np.maximum(sizes, 1))
