"""Students that agree where the lessons settle the matter and differ where they do not: refits on resampled lessons.

    bootstrap:  as many lessons as there are, drawn with replacement; a class that none was drawn of gets one back
    bayesian:   lesson i counts e_i / mean(e) times, e_i exponential with mean 1

Every class of the lessons is one of every member, which answers for it. A lesson drawn twice has twice its weight; the
luck of one member depends on no other's. For a student whose fit ignores how often a lesson counts, members are equal.

Source: Efron (1979); Rubin (1981), the Bayesian bootstrap; Breiman (1996), bagging.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from tutelage.core.data import Floats, Ints, Lessons, Pool, Rng
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import CanFit, able
from tutelage.kit.ask import probabilities, scored
from tutelage.kit.info import entropy
from tutelage.kit.lessons import classes_of

Resample: TypeAlias = Literal["bootstrap", "bayesian"]


class Opinions(NamedTuple):
    """What the members say about n examples."""

    mean: Floats  # (n, C) the consensus: the mean of their probabilities
    doubt: Floats  # (n,) the mean of their entropies, in nats
    votes: Floats  # (n, C) the share of members whose best guess is the class; equal best guesses split a vote


def members(student: Any, lessons: Lessons, count: int, rng: Rng, by: Resample = "bootstrap") -> tuple[Any, ...]:
    """`count` refits of the student; none at all where no lesson has weight."""
    sizes = [block.size for block in lessons]
    weight = np.concatenate([np.zeros(0), *(block.weight for block in lessons)])
    counted = np.flatnonzero(weight > 0)
    if len(counted) == 0:
        return ()
    codes = np.concatenate([classes_of(block) for block in lessons])[counted]
    fit, made = able(student, CanFit).fit, []
    for luck in rng.spawn(count):
        scale = np.zeros(len(weight))
        scale[counted] = times(codes, luck, by)
        parts = np.split(weight * scale, np.cumsum(sizes)[:-1])
        made.append(fit(tuple(b._replace(weight=w) for b, w in zip(lessons, parts, strict=True)), luck))
    return tuple(made)


def times(codes: Ints, rng: Rng, by: Resample) -> Floats:
    """(n,) how often each of n > 0 lessons, of these classes, counts in one resample."""
    if by == "bayesian":
        drawn = rng.standard_exponential(len(codes))
        return np.asarray(drawn / drawn.mean())
    drawn = np.bincount(rng.integers(len(codes), size=len(codes)), minlength=len(codes)).astype(np.float64)
    for code in np.setdiff1d(codes, codes[drawn > 0]):
        drawn[rng.choice(np.flatnonzero(codes == code))] = 1.0
    return drawn


def opinions(several: Sequence[Any], pool: Pool) -> Opinions:
    """What one or more students say; memory O(n C) however many they are. ContractBroken unless their classes agree."""
    mean: Any = None
    doubt, votes = np.zeros(len(pool)), np.zeros(0)
    for student in several:
        p = np.asarray(probabilities(student, pool), dtype=np.float64)
        if mean is None:
            mean, votes = np.zeros_like(p), np.zeros_like(p)
        if p.shape != mean.shape:
            found = f"{mean.shape[1]} and {p.shape[1]} classes"
            raise ContractBroken(f"{type(student).__name__}: after the same lessons members answer for {found}")
        mean += p
        doubt += entropy(p)
        best = p == p.max(axis=1, keepdims=True, initial=0.0)
        votes += best / np.maximum(best.sum(axis=1, keepdims=True), 1)
    count = len(several)
    return Opinions(mean / count, doubt / count, votes / count)


def information(said: Opinions) -> Floats:
    """(n,) H(mean_t p_t) - mean_t H(p_t), which is also the members' mean KL divergence to their consensus."""
    return np.asarray(np.maximum(entropy(said.mean) - said.doubt, 0.0))


def weighed(several: Sequence[Any], pool: Pool, score: Callable[[Opinions], Floats]) -> Floats:
    """(n,) a score of the members' opinions, batch by batch."""
    return scored(pool, lambda batch: score(opinions(several, batch)))
