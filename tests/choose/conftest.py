"""A student that says what it is told, row by row of the table, so that every score can be worked out by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.core.data import Block, Pool, Rng, Rows, Table, labelled
from tutelage.core.stages import View
from tutelage.toys import view


@dataclass(frozen=True, eq=False)
class Says:
    """probs and embeddings by row number of the one table it knows."""

    beliefs: Any
    places: Any
    names: tuple[str, ...]

    labels = property(lambda self: self.names)
    fingerprint = "says"
    embeds_as = "says"

    def probs(self, pool: Pool) -> Any:
        return self.beliefs[pool.numbers]

    def embed(self, pool: Pool, side: str = "") -> Any:
        return self.places[pool.numbers]

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return labelled(Rows(pool, np.arange(len(pool))), self.probs(pool).argmax(1), "says")

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Council:
    """Whoever refits it gets its members in turn: a committee whose every opinion is stated."""

    turns: Iterator[Says]
    labels: tuple[str, ...]
    fingerprint = "council"

    def probs(self, pool: Pool) -> Any:
        raise AssertionError("the members are asked, not the student")

    def fit(self, lessons: Any, rng: Rng) -> Says:
        return next(self.turns)


@pytest.fixture
def council(ask: Callable[..., View]) -> Callable[..., View]:
    """council(p, q, ..., held=[0]): a view whose refits believe p, q, ... in turn; row 0 carries a label."""

    def make(*beliefs: Any, held: Any = (0,)) -> View:
        seen = ask(beliefs[0], held=held)
        says = [Says(np.asarray(p, dtype=np.float32), np.zeros((len(p), 1), np.float32), seen.student.labels)
                for p in beliefs]  # fmt: skip
        return seen._replace(student=Council(itertools.cycle(says), seen.student.labels))

    return make


@pytest.fixture
def ask() -> Callable[..., View]:
    """ask(probs=None, at=None, held=()): a view over as many rows; `held` rows carry a label and leave the pool."""

    def make(probs: Any = None, at: Any = None, held: Any = (), labels: int | None = None) -> View:
        count = len(probs) if probs is not None else len(at)
        beliefs = np.full((count, 2), 0.5, np.float32) if probs is None else np.asarray(probs, dtype=np.float32)
        places = np.zeros((count, 1), np.float32) if at is None else np.asarray(at, dtype=np.float32)
        places = places[:, None] if places.ndim == 1 else places
        for array in (beliefs, places):
            array.flags.writeable = False
        names = tuple(f"c{i}" for i in range(beliefs.shape[1] if labels is None else labels))
        pool = Table.of("told", {"id": [f"r{i}" for i in range(count)]}, names).pool()
        rows = np.asarray(held, dtype=np.int64)
        lessons = (labelled(Rows(pool, rows), np.zeros(len(rows), dtype=np.int64), "oracle", 1.0),) if len(rows) else ()
        return view(pool.without(rows), Says(beliefs, places, names), lessons)

    return make


@pytest.fixture
def binary() -> Any:
    """Twelve rows of two classes, margins all different."""
    p = np.linspace(0.03, 0.96, 12)
    return np.stack([p, 1 - p], axis=1)
