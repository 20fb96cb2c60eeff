"""Something new to learn, and beside it what stands for abilities that must not be lost.

    pool, exam       those of `of`, in one episode, or in its own
    part NAME        the material of keep.NAME: what a replay may learn beside the new (retain: {use: proxy_replay})
    exam NAME        `probes` items of that data set's exam, the same at every seed: what the ability is measured by

A student that is examined on every exam (assess: [{use: reply_loss, on: every}]) before the first lesson and after each
episode shows what it learned and what it lost: the ledger of a run reads it from there. `keep` names each ability and
the data set that stands for it, as a part of a recipe is written; of the new material itself nothing stands in those,
which is checked by their texts.

Source: general ability and instruction following beside the new task, as in TRACE (Wang et al., 2023), section 4.
Neutral limit: without `keep` it is `of` in one episode.

>>> from tutelage.core.rng import stream
>>> of, general = ({"use": "encyclopaedia", "topics": [topic], "shortest": 300} for topic in ("Mathematics", "Arts"))
>>> made = NewMaterial(of=build("data", of), keep={"general": general}, probes=8).course(stream(0, "data"))
>>> list(made.parts), {name: sum(block.size for block in exam.truth) for name, exam in made.exams.items()}["general"]
(['pool', 'general'], 8)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator

from tutelage.core.answers import Sealed
from tutelage.core.data import Array, Course, Exam, Ints, Modality, Part, Pool, Rng, Table
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.parts import build, part
from tutelage.core.rng import stream
from tutelage.kit.blocks import some
from tutelage.kit.episodes import COLUMN
from tutelage.kit.split import content_keys

OWN = ("pool", "exam", "every")  # names that mean something else


@method
class NewMaterial:
    of: Annotated[Any, part("data")] = Field(
        default_factory=lambda: build("data", {"use": "encyclopaedia", "language": "french"})
    )
    keep: Mapping[str, Any] = Field(default_factory=dict)  # ability -> the data set that stands for it
    probes: Annotated[int, Field(ge=1)] = 24  # items of each of their exams

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = "The data sets named by `of` and `keep`; see their own cards."

    @field_validator("keep")
    @classmethod
    def _named(cls, keep: Mapping[str, Any]) -> Mapping[str, Any]:
        wrong = [name for name in keep if name in OWN or not name.isidentifier()]
        if wrong:
            raise ValueError(f"an ability has a name of letters, digits and _ that is none of {', '.join(OWN)}")
        return keep

    @property
    def assets(self) -> tuple[str, ...]:
        """Those of all its data sets."""
        several = [self.of, *self._kept().values()]
        return tuple(dict.fromkeys(asset for one in several for asset in getattr(one, "assets", ())))

    def course(self, rng: Rng) -> Course:
        """The course. Refused where a probe stands in the new material, or an ability has no exam."""
        made: Course = self.of.course(rng)
        pool = made.parts["pool"].pool
        parts, exams, notes = {"pool": _episodic(made.parts["pool"])}, dict(made.exams), list(made.notes)
        taught = content_keys(pool)
        for name, data in self._kept().items():
            other: Course = data.course(stream(0, f"data.keep.{name}"))
            if "exam" not in other.exams:
                raise Refused(Fault(f"data.keep.{name}", "these data have no exam, so nothing can be measured there"))
            parts[name] = _apart(other.parts["pool"], taught)
            exams[name] = _drawn(other.exams["exam"], self.probes, taught, name)
            size = sum(block.size for block in exams[name].truth)
            probes = f"{size} held-out items of {other.exams['exam'].truth[0].about.pool.name!r} stand for {name!r}"
            notes.append(f"{probes}; {len(parts[name].pool):,} rows of it may be replayed.")
        return made._replace(parts=parts, exams=exams, notes=tuple(notes))

    def _kept(self) -> dict[str, Any]:
        return {name: build("data", spec, f"data.keep.{name}") for name, spec in self.keep.items()}


def _episodic(own: Part) -> Part:
    """The part as one episode, unless its rows have episodes of their own."""
    pool, answers = own
    table = pool.table
    if COLUMN in table.columns.column_names:
        return own
    columns = table.columns.append_column(COLUMN, pa.array(["new"] * table.columns.num_rows, pa.string()))
    made: Table = replace(table, columns=columns, fingerprint=digest(table.fingerprint, COLUMN))
    sealed = replace(answers, table=made) if isinstance(answers, Sealed) else answers
    return Part(Pool(made, pool.numbers, pool.labels), sealed)


def _apart(other: Part, taught: Array) -> Part:
    """The part without rows whose text stands in the new material."""
    return Part(other.pool.take(np.flatnonzero(~np.isin(content_keys(other.pool), taught))), other.answers)


def _drawn(exam: Exam, count: int, taught: Array, name: str) -> Exam:
    """So many items of an exam, none of whose texts is taught; the same at every seed. Refused where none is left."""
    free = [np.flatnonzero(~np.isin(content_keys(block.about.examples()), taught)) for block in exam.truth]
    sizes = np.array([len(rows) for rows in free])
    if sizes.sum() == 0:
        raise Refused(Fault(f"data.keep.{name}", "every item of its exam stands in the new material"))
    places = np.sort(stream(0, f"data.keep.{name}.probes").permutation(int(sizes.sum()))[:count])
    ends = np.cumsum(sizes)
    truth = []
    for block, rows, start, end in zip(exam.truth, free, ends - sizes, ends, strict=True):
        mine: Ints = places[(start <= places) & (places < end)] - start
        if len(mine):
            truth.append(some(block, rows[mine]))
    return Exam(tuple(truth), exam.parts)
