"""Prompts with replies of another data set, some of the pool's replies spoilt in five known ways.

    truncated    the first third of the words          mismatched   a reply to another prompt
    shuffled     the words in random order             duplicated   a copy of a clean row, prompt and reply
    padded       words that say nothing behind it      clean        as it was

Each row's defect is drawn from `shares`, or, where these are null, from shares that are themselves drawn for each seed,
every mixture equally likely (a flat Dirichlet distribution); it stands in the column `defect`, which no method reads
unless it is told to. The exam is that of the other data set, clean.

Source: Cao, Kang, Wang, Sun (2023), arXiv 2307.06290, section 4: subsets of different quality, here with known defects.
Neutral limit: `shares: {clean: 1}` leaves every reply as it was.

>>> from tutelage.core.rng import stream
>>> of = build("data", {"use": "worked_problems", "prompts": 20})
>>> made = Spoilt(of=of, shares={"truncated": 1}).course(stream(0, "data"))
>>> made.parts["pool"].pool.column("defect").to_pylist()[:2]
['truncated', 'truncated']
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Floats, Ints, Modality, Part, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import method
from tutelage.core.parts import build, part
from tutelage.kit.ratings import prompt_codes, replies

DEFECTS = ("clean", "truncated", "mismatched", "shuffled", "duplicated", "padded")
PADDING = (
    " It should be noted that this has been considered with care, and that all of it is as has been said above." * 2
)
Weight = Annotated[float, Field(ge=0)]


@method
class Spoilt:
    """shares: defect -> weight; those not named do not occur. None: drawn anew for each seed."""

    of: Annotated[Any, part("data")] = Field(default_factory=lambda: build("data", "worked_problems"))
    shares: Mapping[str, Weight] | None = None

    card: ClassVar[str] = "The data set named by `of`, with replies of its pool spoilt on purpose; see its own card."

    @property
    def holds(self) -> frozenset[Modality]:
        return frozenset(self.of.holds)

    def course(self, rng: Rng) -> Course:
        """The same course with another pool. Refused for a defect that does not exist, or data without replies."""
        made: Course = self.of.course(rng)
        pool = made.parts["pool"].pool
        told = replies(pool)
        weights = self._weights(rng)
        kinds = rng.choice(len(DEFECTS), size=len(pool), p=weights)
        source = np.arange(len(pool))
        clean = np.flatnonzero(kinds == 0)
        copies = np.flatnonzero(kinds == DEFECTS.index("duplicated"))
        if len(clean):
            source[copies] = clean[rng.integers(len(clean), size=len(copies))]
        said = [told[row] for row in source]
        other = _others(prompt_codes(pool), rng)
        for row, kind in enumerate(kinds):
            said[row] = _spoilt(DEFECTS[kind], said[row], told[other[row]], rng)
        counts = ", ".join(f"{int((kinds == at).sum())} {name}" for at, name in enumerate(DEFECTS))
        part = _part(pool, source, said, [DEFECTS[kind] for kind in kinds])
        return made._replace(parts={**made.parts, "pool": part}, notes=(*made.notes, f"Replies of the pool: {counts}."))

    def _weights(self, rng: Rng) -> Floats:
        """(6,) the share of each defect."""
        if self.shares is None:
            return np.asarray(rng.dirichlet(np.ones(len(DEFECTS))))
        strange = [name for name in self.shares if name not in DEFECTS]
        if strange:
            raise Refused(Fault("data.shares", f"there is no defect {strange[0]!r}", nearest(strange[0], DEFECTS)))
        weights = np.array([self.shares.get(name, 0.0) for name in DEFECTS])
        if not weights.sum() > 0:
            raise Refused(Fault("data.shares", "no defect has a weight above 0"))
        return np.asarray(weights / weights.sum(), dtype=np.float64)


def _spoilt(defect: str, reply: str, other: str, rng: Rng) -> str:
    said = reply.split()
    if defect == "truncated":
        return " ".join(said[: max(1, -(-len(said) // 3))])
    if defect == "shuffled":
        return " ".join(said[at] for at in rng.permutation(len(said)))
    if defect == "mismatched":
        return other
    return reply + PADDING if defect == "padded" else reply


def _others(codes: Ints, rng: Rng) -> Ints:
    """(n,) for each row one of another prompt, all equally likely; the row itself where there is only one prompt."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], codes, side="left")
    sizes = np.searchsorted(codes[order], codes, side="right") - starts
    rest = len(codes) - sizes
    place = np.where(rest > 0, (starts + sizes + rng.integers(np.maximum(rest, 1))) % len(codes), 0)
    return np.where(rest > 0, order[place], np.arange(len(codes)))


def _part(pool: Pool, source: Ints, said: list[str], defects: list[str]) -> Part:
    """The rows of `source` under the ids of the pool, with other replies."""
    columns = pool.table.columns.take(pa.array(pool.numbers[source]))
    for name, values in (("id", pool.ids()), ("reply", said)):
        at = columns.schema.get_field_index(name)
        columns = columns.set_column(at, name, pa.array(values, columns.schema.field(at).type))
    columns = columns.append_column("defect", pa.array(defects, pa.string()))
    print_ = digest(pool.fingerprint, source, said, defects)
    table = replace(pool.table, name=f"{pool.name}, spoilt", columns=columns, fingerprint=print_)
    return Part(table.pool(), Sealed(table, np.full(len(said), -1, dtype=np.int64)))
