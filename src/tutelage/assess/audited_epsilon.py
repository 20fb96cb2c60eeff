"""A lower bound on the epsilon that a student was taught with, from guesses which canaries it was taught.

    r guesses: the r/2 canaries of smallest loss are called taught, the r/2 of largest loss not;  v of them are right
    audited_epsilon = the largest epsilon >= 0 with  p(epsilon) <= 1 - confidence
    p(epsilon) = f(v) + 2 m delta max_{1 <= i <= v} (f(v - i) - f(v)) / i
    f(k) = P[Binomial(r, e^epsilon / (1 + e^epsilon)) >= k]

m canaries were each taught or left out by a fair coin of their own, as `data: {use: canaries}` does. Both kinds are
read here, the taught ones among the lessons, the others in the exam: say `on: never_taught`. Whoever learns with
(epsilon, delta)-differential privacy, neighbours differing by one record, has a smaller number with probability
`confidence` at least, whatever the losses are. With delta 0 it is the Clopper-Pearson bound of the share of right
guesses, as log odds. Where a canary is taught `repeats` times the bound is one for groups of so many records. It is a
floor: a small one shows nothing, and r guesses, all right, show at most log(q / (1 - q)) with
q = (1 - confidence)^(1 / r). The share that is guessed is said beforehand; the best of several would be no bound.
`right_guesses` is v / r. Both stand at every item, since they are numbers of the whole audit.

Source: Jagielski, Ullman and Oprea (2020), Auditing differentially private machine learning (arXiv 2006.07709), for
the bound by Clopper-Pearson intervals with a student for each trial; many canaries of one student: Steinke, Nasr and
Jagielski (2023), Privacy auditing with one training run (arXiv 2305.08846), the main theorem.
Neutral limit: guesses that are right half of the time or less give 0.

>>> round(bound(right=20, guesses=20, canaries=40, delta=0.0, confidence=0.95), 3)      # 0.05^(1/20) = 0.861
1.823
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from scipy.stats import binom

from tutelage.core.data import Exam, Floats, Kinds, Rng, Score
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.kit.audit import ABLE, CANARY, Of, canaries, scored, sides

MOST = 50.0  # no audit of fewer than e^50 canaries shows more


@method
class AuditedEpsilon:
    """of: what a record is. guessed: share of the canaries that are guessed about. delta: of the promise audited."""

    of: Of = "class"
    guessed: Annotated[float, Field(gt=0, le=1)] = 0.5
    delta: Annotated[float, Field(ge=0, lt=1)] = 1e-5
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    on: str = "exam"

    looks_at_lessons: ClassVar[bool] = True

    @property
    def needs(self) -> Kinds:
        """A student that gives labels, texts or replies a probability."""
        return ABLE[self.of]

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """Two scores, NaN before a canary was taught. Refused for an exam of anything but canaries."""
        canaries(exam, self.of)
        told = sides(student, exam, self.of, CANARY)
        size = len(told.outside)
        epsilon = share = float("nan")
        if len(told.inside):
            right, guesses = guessing(told.inside, told.outside, self.guessed, rng)
            epsilon = bound(right, guesses, size + len(told.inside), self.delta, self.confidence)
            share = right / guesses
        items = {"audited_epsilon": np.full(size, epsilon), "right_guesses": np.full(size, share)}
        return scored(items, told.pool)


def guessing(inside: Floats, outside: Floats, share: float, rng: Rng) -> tuple[int, int]:
    """How many guesses are right, and how many there are; equal losses stand in an order drawn by luck.

    >>> from tutelage.core.rng import stream
    >>> guessing(np.array([0.1, 0.2, 0.9]), np.array([0.3, 0.8, 1.0]), 0.7, stream(0, "assess"))
    (3, 4)
    """
    losses = np.concatenate([np.sort(inside), np.sort(outside)])
    was = np.arange(len(losses)) < len(inside)
    order = np.lexsort((rng.permutation(len(losses)), losses))
    half = max(int(share * len(losses)) // 2, 1)
    half = min(half, len(losses) // 2)
    right = int(was[order[:half]].sum() + (~was[order[len(order) - half :]]).sum())
    return right, 2 * half


def bound(right: int, guesses: int, canaries: int, delta: float, confidence: float) -> float:
    """The largest epsilon, from 0 to 50, that so many right guesses rule out; 0 where they rule out none."""
    low, high = 0.0, MOST
    if chance(right, guesses, canaries, 0.0, delta) > 1 - confidence:
        return 0.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        ruled_out = chance(right, guesses, canaries, middle, delta) <= 1 - confidence
        low, high = (middle, high) if ruled_out else (low, middle)
    return low


def chance(right: int, guesses: int, canaries: int, epsilon: float, delta: float) -> float:
    """The most likely that `right` guesses or more are right under (epsilon, delta)-differential privacy."""
    odds = 1 / (1 + np.exp(-epsilon))
    tails = binom.sf(np.arange(right, -1, -1) - 1, guesses, odds)  # f(v), f(v - 1), ..., f(0)
    worst = np.max((tails[1:] - tails[0]) / np.arange(1, right + 1), initial=0.0)
    return float(min(tails[0] + 2 * canaries * delta * worst, 1.0))
