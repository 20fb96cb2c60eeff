"""NeST: the divergence by hand and by the plain loop, neighbours among the labelled only, momentum, limits."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from tutelage.core.data import Floats32, Pool, Rows, labelled
from tutelage.core.rng import stream
from tutelage.core.stages import Taught, View
from tutelage.kit.lessons import held
from tutelage.teach.nest import Nest
from tutelage.toys import vector_pool, view


@dataclass(frozen=True)
class Scripted:
    """Says what it was told about each row of the table, and embeds a row as its vector."""

    table: Floats32
    labels: tuple[str, ...]
    embeds_as: str = "scripted"
    fingerprint: str = "scripted"

    def probs(self, pool: Pool) -> Floats32:
        return self.table[pool.numbers]

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return pool.vectors()


def seen(points: object, probs: object, known: list[int]) -> View:
    """The rows `known` are labelled, the others asked about; their truth is class 0, whatever the student says."""
    table = np.array(probs, dtype=np.float32)
    pool = vector_pool(points, [f"c{i}" for i in range(table.shape[1])])
    rows = np.array(known, dtype=np.int64)
    lessons = (labelled(Rows(pool, rows), np.zeros(len(rows), dtype=np.int64), "oracle", 1.0),) if known else ()
    return view(pool.without(rows), Scripted(table, pool.labels), lessons)


def teach(now: View, seed: int = 0, **settings: object) -> Taught:
    return Nest(**settings).teach(Rows(now.pool, np.arange(len(now.pool))), now, None, stream(seed, "teach"))


def divergence(now: View, **settings: object) -> np.ndarray:
    probs = now.student.probs(now.pool)
    return Nest(**settings)._divergence(now, now.pool, probs, held(now.lessons))


def test_divergence_by_hand() -> None:
    """p = (1/2 1/2); neighbours (3/4 1/4) and (1/4 3/4). KL to either: 1/2 log(2/3) + 1/2 log 2 = 1/2 log(4/3).
    Between them: 3/4 log 3 - 1/4 log 3 = 1/2 log 3. d = 1/2 log(4/3) + 0.1 / 2 log 3."""
    now = seen([[1, 0], [1, 0.1], [1, -0.1]], [[0.5, 0.5], [0.75, 0.25], [0.25, 0.75]], [1, 2])
    assert divergence(now, k=2) == pytest.approx([0.5 * math.log(4 / 3) + 0.05 * math.log(3)], abs=1e-6)


def obvious(now: View, k: int, beta: float) -> list[float]:
    """One row at a time, among the labelled rows of the table alone."""
    table, points = now.student.table.astype(float), now.pool.table.pool().vectors().astype(float)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    known = now.lessons[0].about.numbers

    def kl(p: np.ndarray, q: np.ndarray) -> float:
        return float((p * np.log(p / q)).sum())

    out = []
    for row in now.pool.numbers:
        near = sorted(known, key=lambda other: float(((unit[row] - unit[other]) ** 2).sum()))[:k]
        own = np.mean([kl(table[row], table[other]) for other in near])
        pairs = [kl(table[a], table[b]) for i, a in enumerate(near) for b in near[i + 1 :]]
        out.append(own + beta * (np.mean(pairs) if pairs else 0.0))
    return out


@pytest.mark.parametrize("seed", range(6))
def test_equals_the_obvious_loop(seed: int) -> None:
    rng = stream(seed, "obvious")
    n, k = int(rng.integers(5, 30)), int(rng.integers(1, 9))
    now = seen(
        rng.normal(size=(n, 4)),
        rng.dirichlet(np.ones(3), n),
        sorted(rng.choice(n, int(rng.integers(1, 4)), False).tolist()),
    )
    assert divergence(now, k=k, beta=0.3) == pytest.approx(obvious(now, k, 0.3), abs=1e-5)


def test_who_disagrees_with_his_neighbours_is_drawn_last() -> None:
    """Nine that say what their labelled neighbour says, and one that says the opposite: it has no mass at all."""
    probs = [[0.99, 0.01]] * 10 + [[0.01, 0.99]]
    now = seen([[1.0, i / 100] for i in range(11)], probs, [0])
    taught = teach(now, ratio=100.0)
    assert taught.lessons[0].about.numbers.tolist() == list(range(1, 10))


def test_ratio_and_threshold() -> None:
    """Two labelled, ratio 2: four are drawn, of which those over the threshold stay."""
    probs = np.tile([0.95, 0.05], (30, 1))
    probs[2:16] = [0.8, 0.2]
    now = seen(stream(0, "p").normal(size=(30, 3)), probs, [0, 1])
    taught = teach(now, ratio=2.0, threshold=0.5)
    assert taught.facts["kept"] == 4
    assert teach(now, ratio=100.0).facts["kept"] <= 14 and teach(now, threshold=1.0).lessons == ()


def test_equal_divergences_are_drawn_uniformly() -> None:
    now = seen(np.ones((8, 2)), np.tile([0.95, 0.05], (8, 1)), [0])
    first = [teach(now, seed=seed, ratio=1.0).lessons[0].about.numbers[0] for seed in range(350)]
    assert np.bincount(first, minlength=8)[0] == 0 and np.bincount(first, minlength=8)[1:].min() > 20


def test_momentum_and_weights() -> None:
    """mu = 1/2 old + 1/2 new; a weight of labels of 0.8 makes pseudo-labels 1/4."""
    now = seen([[1, 0], [1, 0.1], [1, 0.2]], [[0.95, 0.05], [0.95, 0.05], [0.91, 0.09]], [0])
    first = teach(now, labelled=0.8)
    assert first.lessons[0].weight == pytest.approx(0.25)
    old = dict(first.memory) | {"values": np.array([4.0, 0.0])}
    away = divergence(now)
    assert teach(now._replace(memory=old)).memory["values"] == pytest.approx((np.array([4.0, 0.0]) + away) / 2)


def test_nothing_without_a_labelled_example() -> None:
    assert teach(seen(np.eye(3), np.eye(3), [])).lessons == ()
