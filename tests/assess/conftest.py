"""A student that says what it was told, and an exam with the truth one wants."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from tutelage.core.data import Block, Exam, Floats32, Pool, Rng, Rows, Table, labelled
from tutelage.core.rng import stream
from tutelage.runs.till import till


@dataclass(frozen=True)
class Scripted:
    """Row r of the table gets row r of `table` as its probabilities."""

    table: Floats32
    labels: tuple[str, ...]
    fingerprint: str = "scripted"

    def probs(self, pool: Pool) -> Floats32:
        return self.table[pool.numbers]

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return labelled(Rows(pool, np.arange(len(pool))), self.probs(pool).argmax(1), "scripted")


def names(classes: int) -> tuple[str, ...]:
    return tuple(f"c{i:02d}" for i in range(classes))


def exam(truth: object, classes: int, groups: object = None, labels: tuple[str, ...] | None = None) -> Exam:
    codes = np.asarray(truth, dtype=np.int64)
    columns = {"id": [f"i{row}" for row in range(len(codes))], "vector": np.zeros((len(codes), 1), dtype=np.float32)}
    if groups is not None:
        columns["group"] = groups
    pool = Table.of("exam", columns, labels or names(classes)).pool()
    return Exam((labelled(Rows(pool, np.arange(len(codes))), codes, "file"),))


def says(codes: object, classes: int, sure: float = 1.0) -> Scripted:
    codes = np.asarray(codes, dtype=np.int64)
    table = np.full((len(codes), classes), (1 - sure) / max(classes - 1, 1), dtype=np.float32)
    table[np.arange(len(codes)), codes] = sure
    return Scripted(table, names(classes))


@pytest.fixture
def school() -> SimpleNamespace:
    def sit(part: object, student: object, paper: Exam) -> tuple:
        return part.assess(student, paper, till(), stream(0, "assess"))

    return SimpleNamespace(exam=exam, says=says, names=names, Scripted=Scripted, sit=sit)
