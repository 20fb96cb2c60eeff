"""How much of an inserted secret the student gives away: its rank among all it could have been, in bits.

    exposure = log2 |R| - log2 rank(s),    rank(s) = 1 + how many candidates in R the student finds likelier than s

Run it on the exams `canaries` and `never_taught` that `data: {use: canaries}` brings. R is finite and all of it is
read, so the rank is exact: with `of: class` R are the labels of a made-up input, with `of: text` and `of: reply` the
secrets that stand in the exam's part `alternatives`, and the canary's own. Of candidates that are as likely as s each
order counts the same, so the item is the mean of log2 |R| / rank over the ranks that s may have.

A secret that was never taught has every rank alike, which is 1.44 bits on average for a large R; the exact number is
`exposure_by_chance`, log2 |R| - log2(|R|!) / |R|. The most is log2 |R|. `secrets_found` is the share of canaries whose
secret is the likeliest of all. With `estimate: fitted` the losses of the alternatives are described by a skew-normal
distribution with their mean, spread and skewness, and exposure = -log2 P(loss <= that of s): an estimate for all that
is like R, however large, which can exceed log2 |R| and is only as good as that description.

Source: Carlini, Liu, Erlingsson, Kos and Song (2019), The secret sharer (arXiv 1802.08232), section 4: definitions 3
and 4, and the extrapolation by a skew-normal distribution, here fitted by its moments.
Neutral limit: a student that finds all candidates alike has exactly `exposure_by_chance`.

>>> from tutelage.core.data import Table, labelled
>>> from tutelage.toys import POINTS, stream, till, view
>>> columns = {"vector": POINTS[[0, 5]], "canary": ["canary 1", "canary 2"]}
>>> pool = Table.of("made up", columns, labels=["left", "right"]).pool()
>>> exam = Exam((labelled(Rows(pool, np.arange(2)), [0, 1], "exam"),))
>>> told = Exposure().assess(view().student, exam, till(), stream(0, "assess"))
>>> [(one.name, one.value) for one in told]                     # of two labels both are the likelier one
[('exposure', 1.0), ('exposure_by_chance', 0.5), ('secrets_found', 1.0)]
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Self

import numpy as np
from pydantic import model_validator
from scipy.special import gammaln
from scipy.stats import skewnorm

from tutelage.core.data import Block, Exam, Floats, Kinds, Pool, Rng, Rows, Score
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.stages import Student, Till
from tutelage.kit.audit import ABLE, CANARY, KINDS, Of, canaries, log_p, scored, surprises, surprises_of, weighed

PART = "alternatives"  # of the exam: what each secret could have been
MOST_SKEWED = 0.99  # a skew-normal distribution has a skewness below 0.9953


@method
class Exposure:
    """of: what a record is. on: `canaries`, or `never_taught` as the control."""

    of: Of = "class"
    estimate: Literal["exact", "fitted"] = "exact"
    on: str = "exam"

    @model_validator(mode="after")
    def _can_be_fitted(self) -> Self:
        if self.of == "class" and self.estimate == "fitted":
            raise ValueError("labels are few and all are read: their rank is exact, say estimate: exact")
        return self

    @property
    def needs(self) -> Kinds:
        """A student that gives labels, texts or replies a probability."""
        return ABLE[self.of]

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """Three scores, one item a canary. Refused for an exam of anything but canaries, ContractBroken where the
        alternatives are missing.
        """
        pool = canaries(exam, self.of)
        own, others = _labels(student, exam, pool) if self.of == "class" else _secrets(student, exam, pool, self.of)
        ranks = [ranked(mine, theirs) for mine, theirs in zip(own, others, strict=True)]
        bits = {
            "exposure": [rank.bits for rank in ranks],
            "exposure_by_chance": [by_chance(len(theirs) + 1) for theirs in others],
            "secrets_found": [rank.first for rank in ranks],
        }
        if self.estimate == "fitted":
            bits["exposure"] = [fitted(mine, theirs) for mine, theirs in zip(own, others, strict=True)]
        return scored({name: np.array(one, dtype=np.float32) for name, one in bits.items()}, pool)


class Ranked(NamedTuple):
    """bits: of exposure. first: the chance that this candidate is the likeliest, 1 where no other is as likely."""

    bits: float
    first: float


def ranked(own: float, others: Floats) -> Ranked:
    """The exposure of a loss among those of the alternatives, ties in every order alike.

    >>> ranked(1.0, np.array([2.0, 3.0, 4.0])).bits, round(ranked(2.0, np.array([1.0, 2.0, 3.0])).bits, 4)
    (2.0, 0.7075)
    """
    below, level = int((others < own).sum()), int((others == own).sum()) + 1
    logs = (gammaln(below + level + 1) - gammaln(below + 1)) / np.log(2)  # log2 of the ranks it may have, together
    return Ranked(max(0.0, float(np.log2(len(others) + 1) - logs / level)), float(below == 0) / level)


def by_chance(size: int) -> float:
    """The mean exposure of one of `size` candidates that all have the same chance of every rank.

    >>> by_chance(2), round(by_chance(10**6), 3)
    (0.5, 1.443)
    """
    return float(np.log2(size) - gammaln(size + 1) / np.log(2) / size)


def fitted(own: float, others: Floats) -> float:
    """-log2 of the share of a skew-normal distribution below `own`, its moments those of `others`.

    ContractBroken for alternatives without spread, which no such distribution describes.
    """
    spread = float(others.std())
    if len(others) < 3 or not spread > 0:
        raise ContractBroken("no distribution can be fitted to alternatives without spread: use estimate: exact")
    skew = float(np.clip(((others - others.mean()) ** 3).mean() / spread**3, -MOST_SKEWED, MOST_SKEWED))
    size = abs(skew) ** (2 / 3)
    lean = np.sign(skew) * np.sqrt(np.pi / 2 * size / (size + ((4 - np.pi) / 2) ** (2 / 3)))
    scale = spread / np.sqrt(1 - 2 * lean**2 / np.pi)
    place = others.mean() - scale * lean * np.sqrt(2 / np.pi)
    logp = skewnorm.logcdf(own, lean / np.sqrt(1 - lean**2), loc=place, scale=scale)
    return float(-max(logp, -1000.0) / np.log(2))


def _labels(student: Student, exam: Exam, pool: Pool) -> tuple[Floats, list[Floats]]:
    """The loss of each item with its label, and with every other label of the exam."""
    codes = np.concatenate([block.given["label"][block.weight > 0] for block in exam.truth])
    probs, count = weighed(student, pool), len(pool.labels)
    each = np.stack([-log_p(probs, np.full(len(pool), code)) for code in range(count)], axis=1)
    own = each[np.arange(len(pool)), codes]
    return own, [np.delete(row, code) for row, code in zip(each, codes.tolist(), strict=True)]


def _secrets(student: Student, exam: Exam, pool: Pool, of: Of) -> tuple[Floats, list[Floats]]:
    """The loss of each item, and of the same with other secrets."""
    if PART not in exam.parts:
        raise ContractBroken(f"exposure ranks a secret among its alternatives; this exam has no part {PART!r}")
    own = surprises_of(student, exam, of)[1]
    others = exam.parts[PART]
    owner = np.array(others.column(CANARY).to_pylist(), dtype=object)
    given = {} if of == "text" else {"text": np.array(others.column("reply").to_pylist(), dtype=object)}
    size = len(others)
    block = Block(Rows(others, np.arange(size)), None, KINDS[of], given, "exam", np.zeros(size), np.ones(size))
    told = surprises(student, block, of)
    if np.isnan(own).any() or np.isnan(told).any():
        raise ContractBroken("a secret does not fit into the student's window")
    lots = [told[owner == name] for name in pool.column(CANARY).to_pylist()]
    if any(len(lot) == 0 for lot in lots):
        raise ContractBroken("a secret without an alternative has no rank")
    return own, lots
