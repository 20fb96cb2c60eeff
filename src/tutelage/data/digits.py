"""Images of handwritten digits, ten classes: 1,797 pictures of 8 x 8 grey values, part of scikit-learn.

A picture is 64 numbers from 0 to 1. The split is fixed: in each class the pictures go by a hash of their pixels, the
first 20 % are the test split, the next 10 % the development split, the rest is the training part; no seed is in it.
`pca: k` gives the first k principal components instead, fitted on the training part alone (its pictures, not its
labels, and all of them whatever `pool` says):  z = (x - mean) V_k,  X - mean = U S V'.
`task: odd_even` asks for the parity alone. `copies: k` lets each row of the pool stand 1 to k times, all but one with a
little noise (kit.copies): near-duplicates. `bags: b` puts the pool at random into bags of b rows, named in the column
`group`, for teachers that tell totals only. `gold: 0.5` sets that share of the pool aside as a part of its own, at
random, for a student that is taught the truth before; `from_gold: true` makes that part the pool.

Source: Alpaydin and Kaynak (1998), Optical recognition of handwritten digits, as distributed with scikit-learn.
Neutral limit: `pca: 64` keeps all distances between pictures.

>>> from tutelage.core.rng import stream
>>> made = Digits(pca=20).course(stream(0, "data"))
>>> made.parts["pool"].pool.vectors().shape
(1258, 20)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Course, Floats32, Ints, Modality, Rng, Table
from tutelage.core.method import method
from tutelage.kit.copies import repeated
from tutelage.kit.courses import bagged, course
from tutelage.kit.halves import halved
from tutelage.kit.split import content_keys
from tutelage.kit.strata import strata

LABELS = tuple("0123456789")
SHARES = {"test": 0.2, "dev": 0.1}


@method
class Digits:
    pca: Annotated[int, Field(ge=1, le=64)] | None = None  # None: the 64 pixels
    split: Literal["test", "dev"] = "test"  # which split is the exam
    start_per_class: Annotated[int, Field(ge=0)] = 0  # rows of each class bought before round 0
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many rows
    task: Literal["digit", "odd_even"] = "digit"  # ten classes, or even and odd
    copies: Annotated[int, Field(ge=1)] = 1  # how often a row of the pool stands there at most, with noise
    bags: Annotated[int, Field(ge=1)] | None = None  # rows in a bag; None: no bags
    gold: Annotated[float, Field(gt=0, lt=1)] | None = None  # share of the pool, at random, in a part `gold` instead
    from_gold: bool = False  # that part is the pool

    holds: ClassVar[frozenset[Modality]] = frozenset({"vector"})
    card: ClassVar[str] = """Source: Optical recognition of handwritten digits (Alpaydin and Kaynak, 1998), the 1,797
pictures that scikit-learn carries. Licence: BSD-3-Clause as part of scikit-learn.
Dropped: nothing; no two pictures are equal.
Split: 70 % training, 10 % development, 20 % test, within each class by a hash of the pixels.
start_per_class looks at the answers to pick the rows that are bought first."""

    def course(self, rng: Rng) -> Course:
        """The course; nothing has to be fetched."""
        pictures, codes, parts = split()
        labels = LABELS
        train, exam = parts["train"], parts[self.split]
        if self.task == "odd_even":  # after the split, which is the same for both tasks
            codes, labels = codes % 2, ("even", "odd")
        shown = pictures if self.pca is None else components(pictures, pictures[train], self.pca)
        notes = [
            f"The exam is the {self.split} split, {len(exam)} pictures, fixed by a hash of the pixels; the pool comes "
            f"from {len(train)} training pictures."
        ]
        made = course(
            _table("train", shown, train, labels),
            codes[train],
            _table(self.split, shown, exam, labels),
            codes[exam],
            rng,
            self.start_per_class,
            self.pool,
            notes,
        )
        return halved(bagged(repeated(made, self.copies, rng), self.bags, rng), self.gold, self.from_gold, rng)


class Split(NamedTuple):
    """All pictures (1797, 64), their digits, and the rows of each part: train, dev, test; no seed is in it."""

    pictures: Floats32
    codes: Ints
    parts: Mapping[str, Ints]


def split() -> Split:
    """In each class the pictures go by a hash of their pixels."""
    from sklearn.datasets import load_digits

    pixels, codes = load_digits(return_X_y=True)
    pictures = np.asarray(pixels / 16.0, dtype=np.float32)
    codes = np.asarray(codes, dtype=np.int64)
    keys = content_keys(Table.of("digits", {"vector": pictures}).pool())
    return Split(pictures, codes, strata(keys, codes, SHARES, "train"))


def components(points: Floats32, fitted_on: Floats32, count: int) -> Floats32:
    """(n, count) principal components of `points`; axes of `fitted_on`, each with its largest entry positive."""
    mean = fitted_on.mean(axis=0, dtype=np.float64)
    axes = np.linalg.svd(fitted_on - mean, full_matrices=False)[2][:count]
    axes *= np.sign(axes[np.arange(count), np.abs(axes).argmax(axis=1)])[:, None]
    return np.asarray((points - mean) @ axes.T, dtype=np.float32)


def _table(part: str, points: Floats32, rows: Array, labels: tuple[str, ...]) -> Table:
    ids = [f"digit-{row + 1}" for row in rows]
    return Table.of(f"digits {part}", {"id": ids, "vector": points[rows]}, labels)
