"""Mixes what the student thinks with the labels of the most similar lessons, looked up when a question is asked.

    p(c | x) = share p_near(c | x) + (1 - share) p_student(c | x)
    p_near(c | x) = sum_{i in N} w_i exp(-d_i^2 / temperature) y_ic  /  the same summed over all classes

N are the `neighbours` lessons nearest to x in the embedding of `encoder`, else of the student; d is the Euclidean
distance there, y the label or distribution that a lesson gives, w its weight. The store are the Label and Soft lessons
of positive weight so far; a row that is asked about is no neighbour of itself. Adding a lesson or taking one away
changes nothing else: no weight has to move. Without a student's opinion worth having, `share: 1` is the store alone.

Source: Khandelwal, Levy, Jurafsky, Zettlemoyer and Lewis (2020), Generalization through memorization, equations 2 and
3, with classes in place of tokens.
Neutral limit: share 0, or no lesson yet, is the student itself.

>>> from tutelage.toys import POOL, stream, view
>>> now = view(taught=np.array([0, 5]))
>>> store = NearestLessons(neighbours=1, share=1.0).equip(now, stream(0, "recall"))
>>> store.probs(POOL.take([1, 4])).tolist()
[[1.0, 0.0], [0.0, 1.0]]
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from tutelage.core import parts as shelf
from tutelage.core.data import Array, Block, Floats32, Kinds, Pool, Rng, Rows, labelled
from tutelage.core.digest import digest
from tutelage.core.method import method, settings
from tutelage.core.stages import CanEmbed, CanWeigh, Student, View, able
from tutelage.kit.ask import embeddings, probabilities
from tutelage.kit.neighbours import nearest
from tutelage.kit.probs import aligned
from tutelage.kit.targets import longest, targets

AT_ONCE = 65_536  # rows whose neighbours are held at a time
FILE, ARRAYS = "recall.json", "recall.npz"  # beside a saved student


@dataclass(frozen=True, eq=False)
class Equipped:
    """A student beside its store: vectors (m, d), probs (m, C) and weight (m,) of the lessons; tables and numbers say
    which row of which table each of them is about.
    """

    student: Any
    maker: NearestLessons
    labels: tuple[str, ...]
    store: dict[str, Array]
    tables: tuple[str, ...]  # (m,) fingerprints

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest(self.student.fingerprint, settings(self.maker), list(self.labels), self.store, list(self.tables))

    def probs(self, pool: Pool) -> Floats32:
        """(n, C) float32"""
        made = [self._mixed(batch) for batch in pool.batches(AT_ONCE)]
        return np.concatenate(made) if made else np.zeros((0, len(self.labels)), dtype=np.float32)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        codes = self.probs(pool).argmax(axis=1) if len(pool) else np.zeros(0, dtype=np.int64)
        about = pool.with_labels(longest([pool.labels, self.labels]))
        return labelled(Rows(about, np.arange(len(pool))), codes, "nearest_lessons")

    def save(self, folder: Path) -> None:
        """The student's own files, and beside them the settings and the store."""
        self.student.save(folder)
        np.savez(folder / ARRAYS, allow_pickle=False, **self.store)
        told = {"settings": settings(self.maker), "labels": list(self.labels), "tables": list(self.tables)}
        (folder / FILE).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def _mixed(self, pool: Pool) -> Floats32:
        near, share = self._near(pool), self.maker.share
        if share == 1:
            return near
        own = aligned(probabilities(self.student, pool), tuple(self.student.labels), self.labels)
        return np.asarray(share * near + (1 - share) * own, dtype=np.float32)

    def _near(self, pool: Pool) -> Floats32:
        """(n, C). One neighbour more is looked for, as the row itself may be among them."""
        found = nearest(self.maker.vectors(self.student, pool), self.maker.neighbours + 1, self.store["vectors"])
        itself = np.array([table == pool.table.fingerprint for table in self.tables])[found.rows]
        itself &= self.store["numbers"][found.rows] == pool.numbers[:, None]
        away = np.where(itself, np.inf, found.away.astype(np.float64) ** 2 / self.maker.temperature)
        kept = np.argsort(away, axis=1, kind="stable")[:, : self.maker.neighbours]
        away, rows = np.take_along_axis(away, kept, axis=1), np.take_along_axis(found.rows, kept, axis=1)
        closest = away[:, :1]
        alone = ~np.isfinite(closest)  # the store holds the row itself and nothing else
        pull = np.where(np.isfinite(away), np.exp(np.where(alone, 0, closest) - away), 0) * self.store["weight"][rows]
        told = np.einsum("nk,nkc->nc", pull, self.store["probs"][rows].astype(np.float64))
        told = np.where(alone, 1.0, told)
        return np.asarray(told / told.sum(axis=1, keepdims=True), dtype=np.float32)


@method
class NearestLessons:
    neighbours: Annotated[int, Field(ge=1)] = 8
    share: Annotated[float, Field(ge=0, le=1)] = 0.5  # of the store in the answer
    temperature: Annotated[float, Field(gt=0)] = 1.0  # in squared distances; a larger one counts far lessons in
    encoder: Annotated[Any, shelf.part("student.text.encoder")] = None  # None: the student's own embedding

    @property
    def needs(self) -> Kinds:
        """Probabilities, and an embedding where nothing else gives one."""
        return frozenset({CanWeigh, *([] if self.encoder is not None else [CanEmbed])})

    def equip(self, view: View, rng: Rng) -> Student:
        """The student itself where there is no lesson, or where the store has no share."""
        held = targets(view.lessons, able(view.student, CanWeigh).labels)
        if self.share == 0 or not len(held.weight):
            return view.student
        store = {"vectors": np.concatenate([self.vectors(view.student, pool) for pool in held.pools]),
                 "probs": held.probs, "weight": held.weight,
                 "numbers": np.concatenate([pool.numbers for pool in held.pools])}  # fmt: skip
        tables = tuple(pool.table.fingerprint for pool in held.pools for _ in range(len(pool)))
        return Equipped(view.student, self, held.labels, store, tables)

    def restored(self, student: Any, folder: Path) -> Student:
        """The equipped student that was saved in this folder."""
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            store = {name: arrays[name] for name in arrays.files}
        return Equipped(student, self, tuple(told["labels"]), store, tuple(told["tables"]))

    def vectors(self, student: Any, pool: Pool) -> Floats32:
        """(n, d) where a row stands."""
        return embeddings(student, pool, self.encoder)
