"""Does the student tell what it has read from a foil: which of the two it finds less surprising, token by token.

    l(t) = -(1 / |t|) log p(t)      the mean over the tokens of a text by itself, its end included, in nats
    item = [l(studied_i) < l(foil_i)], 1/2 where both are equal

The exam's items are texts that are their own truth (Itself); its parts are kinds of foils, one foil for each item in
the same order. `recognition_<kind>` is the share of a kind; `recognition` the mean of all kinds, which for one kind is
the same. Chance is 1/2 only for foils that are exchangeable with the texts: random words or scrambled letters are told
from sentences by whoever has never read either, so look at the score before the study beside the one after it. The
mean, not the sum, is compared, since a text that is shorter is likelier as a whole. Equal texts are read once, so that
they tie.

Source: Orhan (2023, arXiv 2303.17557), section 2, paired two-alternative forced choice; as a test of membership with
the loss, Yeom, Giacomelli, Fredrikson, Jha (2018), here relative to a foil.
Neutral limit: foils that are the texts themselves give 1/2.

>>> from tutelage.core.data import Table
>>> from tutelage.toys import Rote, own_truth, stream, till
>>> exam = own_truth(["abc", "bcd"], new=["cab", "dbc"])
>>> [(one.name, one.value) for one in Recognition().assess(Rote(("abc",)), exam, till(), stream(0, "assess"))]
[('recognition', 0.75), ('recognition_new', 0.75)]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tutelage.core.data import Exam, Floats, Kinds, Rng, Score
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.stages import Student, Till, able
from tutelage.core.writing import CanRecite
from tutelage.kit.exams import alone, groups_of, mean


@method
class Recognition:
    """on: which exam."""

    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanRecite})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """`recognition`, then each kind by its name. NaN for an exam without items of positive weight."""
        pool, kept = alone(exam)
        if not exam.parts:
            raise ContractBroken("recognition compares a text with a foil; this exam has no part with foils")
        foils = {}
        for name, part in exam.parts.items():
            if len(part) != len(kept):
                raise ContractBroken(f"{len(kept)} texts need as many foils; the part {name!r} has {len(part)}")
            foils[name] = part.take(np.flatnonzero(kept)).texts()
        texts = pool.texts()
        costs = surprise(student, [*texts, *(text for several in foils.values() for text in several)])
        mine, *others = np.split(costs, len(foils) + 1)
        each = {name: chosen(mine, other) for name, other in zip(foils, others, strict=True)}
        whole = np.mean([*each.values()], axis=0) if len(texts) else np.zeros(0)
        named = {"recognition": whole, **{f"recognition_{name}": items for name, items in each.items()}}
        groups = groups_of(pool)
        return tuple(Score(name, mean(items), pool.numbers, items.astype(np.float32), groups)
                     for name, items in named.items())  # fmt: skip


def chosen(mine: Floats, other: Floats) -> Floats:
    """(n,) 1 where the studied text costs less, 1/2 where both cost the same.

    >>> chosen(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    return np.asarray((mine < other) + 0.5 * (mine == other), dtype=np.float64)


def surprise(student: Student, texts: Sequence[str]) -> Floats:
    """(n,) nats a token of each text by itself; equal texts have the very same number."""
    distinct, places = np.unique(np.array(texts, dtype=object), return_inverse=True)
    if not len(distinct):
        return np.zeros(0)
    told = able(student, CanRecite).read_alone([str(text) for text in distinct])
    if (told.logprob > 1e-6).any():
        raise ContractBroken(f"{type(student).__name__}.read_alone: a log-probability lies above 0")
    return np.asarray((-told.logprob / told.tokens)[places], dtype=np.float64)
