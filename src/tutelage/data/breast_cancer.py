"""Breast tumours, malignant or benign: 569 of them by 30 measurements of cell nuclei, part of scikit-learn.

Every column is brought to mean 0 and variance 1 over the training part alone (its measurements, not its labels, and all
of them whatever `pool` says). The split is fixed: in each class the rows go by a hash of their measurements, the first
20 % are the test split, the next 10 % the development split, the rest is the training part; no seed is in it.
`bags: b` puts the pool at random into bags of b rows, named in the column `group`, for teachers that tell totals only.

Source: Street, Wolberg and Mangasarian (1993), Nuclear feature extraction for breast tumor diagnosis (Wisconsin,
diagnostic), as distributed with scikit-learn.
Neutral limit: none; it is data. Without `pool`, `start_per_class` and `bags` every seed gives the same course.

>>> from tutelage.core.rng import stream
>>> made = BreastCancer().course(stream(0, "data"))
>>> made.parts["pool"].pool.vectors().shape, made.parts["pool"].pool.labels
((398, 30), ('malignant', 'benign'))
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Course, Floats32, Ints, Modality, Rng, Table
from tutelage.core.method import method
from tutelage.kit.courses import bagged, course
from tutelage.kit.split import content_keys
from tutelage.kit.strata import strata

LABELS = ("malignant", "benign")
SHARES = {"test": 0.2, "dev": 0.1}


@method
class BreastCancer:
    split: Literal["test", "dev"] = "test"  # which split is the exam
    start_per_class: Annotated[int, Field(ge=0)] = 0  # rows of each class bought before round 0
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many rows
    bags: Annotated[int, Field(ge=1)] | None = None  # rows in a bag; None: no bags

    holds: ClassVar[frozenset[Modality]] = frozenset({"vector"})
    card: ClassVar[str] = """Source: Breast cancer Wisconsin (diagnostic), Street, Wolberg and Mangasarian (1993), the
569 rows that scikit-learn carries. Licence: BSD-3-Clause as part of scikit-learn.
Dropped: nothing; no two rows are equal. Changed: columns standardised over the training part.
Split: 70 % training, 10 % development, 20 % test, within each class by a hash of the measurements.
start_per_class looks at the answers to pick the rows that are bought first."""

    def course(self, rng: Rng) -> Course:
        """The course; nothing has to be fetched."""
        from sklearn.datasets import load_breast_cancer

        measured, codes = load_breast_cancer(return_X_y=True)
        codes = np.asarray(codes, dtype=np.int64)
        keys = content_keys(Table.of("breast_cancer", {"vector": measured.astype(np.float32)}).pool())
        parts = strata(keys, codes, SHARES, "train")
        train, exam = parts["train"], parts[self.split]
        over = measured[train]
        shown = ((measured - over.mean(axis=0)) / over.std(axis=0)).astype(np.float32)
        note = (
            f"The exam is the {self.split} split, {len(exam)} rows, fixed by a hash of the measurements; the pool "
            f"comes from {len(train)} training rows."
        )
        tables = [_table(name, shown, rows) for name, rows in (("train", train), (self.split, exam))]
        made = course(tables[0], codes[train], tables[1], codes[exam], rng, self.start_per_class, self.pool, [note])
        return bagged(made, self.bags, rng)


def _table(part: str, points: Floats32, rows: Ints) -> Table:
    ids = [f"tumour-{row + 1}" for row in rows]
    return Table.of(f"breast_cancer {part}", {"id": ids, "vector": points[rows]}, LABELS)
