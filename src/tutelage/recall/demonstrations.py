"""Asks each question with k worked examples before it, taken from the lessons: the nearest, random or fixed ones.

    equip(student)(x) = student(d_m, ..., d_1, x),   d_1, ..., d_m the first m <= k of the bank in the order of `pick`

The bank: every row that Label or Soft lessons of positive weight are about, each once, with its last label (of Soft
the likeliest), less the row that is asked about; exam rows are never lessons. `nearest` orders it by cosine to x, in
the embedding of `encoder`, else of the student; the nearest is read last. `random` orders it anew for each row, by
luck that belongs to the row, not to its place in a batch; `fixed` keeps the order in which the lessons came, read in
that order. `budget`: as many as fit in so many tokens, ending with the first that does not.

Source: Liu, Shen, Zhang, Dolan, Carin, Chen (2022), What makes good in-context examples for GPT-3?, KATE (the
nearest by sentence embedding); Zhang et al. (2024), IDEAL, for the most similar last; Brown et al. (2020) for the rest.
Neutral limit: without lessons, or with k = 0, it is the plain student itself.

>>> from tutelage.core.data import Rows, Table, labelled
>>> from tutelage.toys import stream, view
>>> pool = Table.of("mail", {"text": ["lost my card", "pay the rent", "rent is late"]}, ["card", "rent"]).pool()
>>> now = view(pool, lessons=(labelled(Rows(pool, np.array([0, 1])), [0, 1], "oracle"),))
>>> Demonstrations(pick="fixed").context(pool.take([1, 2]), now, stream(0, "recall")).column("context").to_pylist()
[[['lost my card', 'card']], [['lost my card', 'card', 'pay the rent', 'rent']]]
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from tutelage.core import parts as shelf
from tutelage.core.data import Block, Floats32, Ints, Kinds, Pool, Rng, Rows, Table
from tutelage.core.digest import digest
from tutelage.core.method import method, settings
from tutelage.core.stages import CanEmbed, CanWeigh, Student, View, able
from tutelage.core.writing import CanHeed
from tutelage.kit.ask import embeddings
from tutelage.kit.bank import Bank, banked
from tutelage.kit.context import with_context
from tutelage.kit.neighbours import nearest
from tutelage.kit.pooling import unit
from tutelage.kit.targets import longest

AT_ONCE = 1024  # questions whose examples are held at a time
FILE = "recall.json"  # beside a saved student: what it was equipped with


@dataclass(frozen=True, eq=False)
class Equipped:
    """A student that is asked with worked examples. `key`: what luck the rows draw from."""

    student: Any
    maker: Demonstrations
    bank: Bank
    key: int

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.student.labels)

    @functools.cached_property
    def fingerprint(self) -> str:
        bank = [list(self.bank.tables), self.bank.numbers, *self._material]
        luck = self.key if self.maker.pick == "random" else None
        return digest(self.student.fingerprint, settings(self.maker), bank, luck)

    def probs(self, pool: Pool) -> Floats32:
        parts = [self.student.probs(self.asked(batch)) for batch in pool.batches(AT_ONCE)]
        return np.concatenate(parts) if parts else self.student.probs(pool)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        block: Block = self.student.answer(self.asked(pool), rng)
        return block._replace(about=Rows(pool.with_labels(block.about.pool.labels), block.about.rows))

    def asked(self, pool: Pool) -> Pool:
        """The same rows with their worked examples in the column `context`, one alternative each."""
        texts, answers = self._material
        fits = self._fits
        rows = [[(texts[one], answers[one]) for one in fits(order)] for order in self._orders(pool)]
        return with_context(pool, [[shots] for shots in rows])

    def save(self, folder: Path) -> None:
        """The student's own files, and beside them the settings and the bank."""
        self.student.save(folder)
        texts, answers = self._material
        told = {"settings": settings(self.maker), "key": self.key, "texts": texts, "answers": answers,
                "tables": self.bank.tables, "numbers": self.bank.numbers.tolist()}  # fmt: skip
        (folder / FILE).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @functools.cached_property
    def _material(self) -> tuple[list[str], tuple[str, ...]]:
        return self.bank.texts, self.bank.answers

    @functools.cached_property
    def _fits(self) -> Callable[[list[int]], list[int]]:
        """The first k of an order that fit the budget, in the order in which they are read."""
        maker = self.maker
        sizes = None if maker.budget is None else able(self.student, CanHeed).lengths(*self._material)

        def fits(order: list[int]) -> list[int]:
            held = order[: maker.k]
            if sizes is not None and maker.budget is not None:
                held = held[: int(np.searchsorted(np.cumsum(sizes[held]), maker.budget, side="right"))]
            return held if maker.pick == "fixed" else held[::-1]

        return fits

    def _orders(self, pool: Pool) -> Iterator[list[int]]:
        """For each row at least the first k of the bank as `pick` orders it, the row itself left out."""
        mine = [table == pool.table.fingerprint for table in self.bank.tables]
        place = {int(number): spot for spot, number in enumerate(self.bank.numbers) if mine[spot]}
        wanted = min(self.maker.k + 1, len(mine))  # one more: the row itself may be among them
        orders = self._nearest(pool, wanted) if self.maker.pick == "nearest" else None
        for row, number in enumerate(pool.numbers.tolist()):
            if orders is not None:
                order = orders[row].tolist()
            elif self.maker.pick == "random":
                order = self._luck(pool, number).permutation(len(mine))[:wanted].tolist()
            else:
                order = list(range(wanted))
            yield [spot for spot in order if spot != place.get(number)]

    def _nearest(self, pool: Pool, wanted: int) -> Ints:
        return nearest(unit(self._vectors(pool)), wanted, self._held).rows

    @functools.cached_property
    def _held(self) -> Floats32:
        """(m, d) the examples' vectors, of length 1."""
        return unit(np.concatenate([self._vectors(pool) for pool in self.bank.pools]))

    def _vectors(self, pool: Pool) -> Floats32:
        return embeddings(self.student, pool, self.maker.encoder)

    def _luck(self, pool: Pool, number: int) -> Rng:
        seed = int(digest(self.key, pool.table.fingerprint, number), 16)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))


@method
class Demonstrations:
    k: Annotated[int, Field(ge=0)] = 4
    pick: Literal["nearest", "random", "fixed"] = "nearest"
    budget: Annotated[int, Field(ge=1)] | None = None  # tokens of all examples of a question together
    part: str = ""  # only lessons about rows of this part; "": all
    encoder: Annotated[Any, shelf.part("student.text.encoder")] = None  # None: the student's own embedding

    @property
    def needs(self) -> Kinds:
        """A student that heeds examples; its embedding only where nothing else gives one."""
        own = {CanEmbed} if self.pick == "nearest" and self.encoder is None else set()
        return frozenset({CanWeigh, CanHeed, *own})

    def equip(self, view: View, rng: Rng) -> Student:
        """The student itself when there is nothing to show."""
        bank = banked(view, self.part)
        if self.k == 0 or not bank.answers:
            return view.student
        labels = longest([able(view.student, CanWeigh).labels, bank.labels])
        student: Any = view.student
        if tuple(student.labels) != labels:  # a person may have named labels since it began
            student = able(student, CanHeed).among(labels)
        return Equipped(student, self, bank, int(rng.integers(2**63)))

    def context(self, pool: Pool, view: View, rng: Rng) -> Pool:
        """The rows with the examples that the equipped student would be asked with; without a bank none."""
        equipped = self.equip(view, rng)
        return equipped.asked(pool) if isinstance(equipped, Equipped) else with_context(pool, [[[]]] * len(pool))

    def restored(self, student: Any, folder: Path) -> Student:
        """The equipped student that was saved in this folder; the texts of its bank are a table of their own now."""
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        labels = tuple(able(student, CanWeigh).labels)
        pool = Table.of("demonstrations", {"text": told["texts"]}, labels).pool()
        numbers = np.array(told["numbers"], dtype=np.int64)
        bank = Bank((pool,), tuple(told["tables"]), numbers, tuple(told["answers"]), labels)
        return Equipped(student, self, bank, told["key"])
