"""Fast code against slow obvious code, on the machine where it will be used.

Every check draws its material, works the same thing out twice, the fast way that the package goes and a slow way that
is written down here in a few plain lines (or another library's), and returns the largest difference. Counts of things
that should be equal and are not have the limit 0; sums of many numbers have one that their rounding explains.

Longer than 200 lines: the slow ways stand beside each other, where they can be read in one sitting.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array, Floats32, Rng, Table
from tutelage.core.rng import stream

REPEATS = 20  # materials for each check whose material is small

STUDY = """
arms: {margin: {data: {use: digits, pool: 200, start_per_class: 1}, student: {use: vector.logistic},
                choose: {use: margin}, rounds: 4, per_round: 5}}
seeds: 1
budget: {labels: 40}
control: none
"""


class Check(NamedTuple):
    """difference(rng): the largest between the two ways; one above `limit` is a fault."""

    name: str
    against: str
    difference: Callable[[Rng], float]
    limit: float


class Found(NamedTuple):
    """What one check came to. difference is infinite when it failed with an error, which `note` names."""

    name: str
    against: str
    difference: float
    limit: float
    seconds: float
    note: str

    @property
    def fine(self) -> bool:
        """Whether the two ways agree."""
        return self.difference <= self.limit  # NaN is not


def selftest(checks: Sequence[Check] | None = None, seed: int = 0) -> Iterator[Found]:
    """Run the checks, yielding each result as it comes; a check that fails with an error does not end the others."""
    for one in CHECKS if checks is None else checks:
        began, note = time.perf_counter(), ""
        try:
            difference = float(one.difference(stream(seed, f"selftest.{one.name}")))
        except Exception as error:  # whatever it is, it is the result of this check
            difference, note = math.inf, f"{type(error).__name__}: {error}"
        yield Found(one.name, one.against, difference, one.limit, time.perf_counter() - began, note)


def crossed_interval(rng: Rng) -> float:
    """Against an analysis of variance by loops."""
    from tutelage.kit.intervals import crossed

    worst = 0.0
    for _ in range(REPEATS):
        seeds, items = int(rng.integers(5, 9)), int(rng.integers(2, 20))
        table = rng.normal(size=(seeds, items)) + rng.normal(size=(seeds, 1)) + rng.normal(size=items)
        made = crossed(table)
        worst = max(worst, abs(made.se**2 - _variance_by_loops(table)), abs(made.estimate - table.mean()))
    return worst


def _variance_by_loops(table: Array) -> float:
    seeds, items = table.shape
    rows = [sum(table[s, i] for i in range(items)) / items for s in range(seeds)]
    columns = [sum(table[s, i] for s in range(seeds)) / seeds for i in range(items)]
    mean = sum(rows) / seeds
    ms_seed = items * sum((row - mean) ** 2 for row in rows) / (seeds - 1)
    ms_item = seeds * sum((column - mean) ** 2 for column in columns) / (items - 1)
    left = [(table[s, i] - rows[s] - columns[i] + mean) ** 2 for s in range(seeds) for i in range(items)]
    ms_rest = sum(left) / ((seeds - 1) * (items - 1))
    return float(max(ms_seed + ms_item - ms_rest, ms_seed, ms_item) / (seeds * items))


def signed_ranks(rng: Rng) -> float:
    """Wilcoxon's exact p-value, ties among the differences, against every pattern of signs."""
    from tutelage.kit.intervals import wilcoxon

    worst = 0.0
    for _ in range(REPEATS):
        values = rng.integers(1, 6, 8) * rng.choice([-1.0, 1.0], 8)
        sizes = np.abs(values)
        ranks = [(sizes < size).sum() + ((sizes == size).sum() + 1) / 2 for size in sizes]
        least = min(sum(r for r, v in zip(ranks, values, strict=True) if v * sign > 0) for sign in (1, -1))
        sums = [sum(rank for bit, rank in enumerate(ranks) if pattern >> bit & 1) for pattern in range(2**8)]
        worst = max(worst, abs(wilcoxon(values).p - min(1.0, 2 * sum(one <= least for one in sums) / 2**8)))
    return worst


def k_centre(rng: Rng) -> float:
    """Greedy picks that differ from those by distances written out."""
    from tutelage.kit.cover import farthest_first

    wrong = 0
    for _ in range(REPEATS):
        x, held = rng.normal(size=(40, 3)), rng.normal(size=(2, 3))
        rows: list[int] = []
        for _ in range(8):
            away = np.linalg.norm(x[:, None] - np.concatenate([held, x[rows]])[None], axis=-1).min(1)
            rows.append(int(away.argmax()))
        wrong += int((farthest_first(x, held, 8, rng).rows != np.array(rows)).sum())
    return wrong


def badge(rng: Rng) -> float:
    """Distances of gradients in rank one against gradients written out, relative to the largest."""
    from tutelage.choose.badge import gradients, to_gradient

    worst = 0.0
    for _ in range(REPEATS):
        p, h = rng.dirichlet(np.ones(4), 30).astype(np.float32), rng.normal(size=(30, 6)).astype(np.float32)
        guess = p.astype(float) - np.eye(4)[p.argmax(1)]
        full = (guess[:, :, None] * h[:, None, :]).reshape(30, -1)
        for row in range(30):
            true = ((full - full[row]) ** 2).sum(1)
            worst = max(worst, float(np.abs(to_gradient(gradients(p, h), row) - true).max() / true.max()))
    return worst


def neighbours(rng: Rng) -> float:
    """Distances to the 7 nearest against sorting all of them."""
    from tutelage.kit.neighbours import nearest

    x = rng.normal(size=(600, 12)).astype(np.float32)
    away = np.linalg.norm(x[:, None].astype(float) - x[None], axis=-1)
    np.fill_diagonal(away, np.inf)
    return float(np.abs(nearest(x, 7).away - np.sort(away, axis=1)[:, :7]).max())


def clusters(rng: Rng) -> float:
    """Squared distances to the nearest centre, far from the origin, against differences written out."""
    from tutelage.kit.distances import space_of, to_nearest

    x = (rng.normal(size=(500, 8)) + 30).astype(np.float32)
    made = to_nearest(space_of(x), x[:20])
    true = ((x[:, None].astype(float) - x[None, :20]) ** 2).sum(-1).min(1)
    return float(np.abs(made.away - true).max() / true.max())


def softmax_head(rng: Rng) -> float:
    """Probabilities against scikit-learn's LogisticRegression, with weights."""
    from sklearn.linear_model import LogisticRegression

    from tutelage.kit.softmax import solved

    x, codes = rng.normal(size=(150, 20)), np.concatenate([np.arange(5), rng.integers(0, 5, 145)])
    x[:, 0] += codes
    weight = rng.uniform(0.2, 3, 150)
    peer = LogisticRegression(C=3.0, tol=1e-10, max_iter=10_000).fit(x, codes, weight)
    head = solved(x, np.eye(5)[codes], weight, 3.0, tolerance=1e-10).head
    return float(np.abs(head.probs(x) - peer.predict_proba(x)).max())


def ranking(rng: Rng) -> float:
    """Rows among the best n of many equal scores, against sorting; and entropy against a loop."""
    from tutelage.kit.info import entropy
    from tutelage.kit.ranking import top_n
    from tutelage.toys import vector_pool

    pool, worst = vector_pool(np.zeros((300, 1))), 0.0
    for n in (1, 17, 299):
        scores = rng.integers(0, 9, 300).astype(float)
        chosen = np.sort(scores[top_n(pool, scores, n, rng).rows])
        worst = max(worst, float(np.abs(chosen - np.sort(scores)[300 - n :]).max()))
    probs = rng.dirichlet(np.ones(6), 50)
    slow = [-sum(p * math.log(p) for p in row if p > 0) for row in probs.tolist()]
    return max(worst, float(np.abs(entropy(probs) - slow).max()))


def embedding_cache(rng: Rng) -> float:
    """Vectors read in another order from a cache that was filled in parts, against encoding each text directly."""
    from tutelage.kit.embeddings import embedded

    pool = Table.of("selftest", {"text": [f"text number {row % 700}" for row in range(900)]}).pool()

    def encode(texts: Sequence[str]) -> Floats32:
        return np.array([[float(text.split()[-1]), len(text)] for text in texts], dtype=np.float32)

    with _own_cache():
        embedded(pool.take(np.arange(0, 900, 3)), "selftest", encode, 2)
        shuffled = pool.take(rng.permutation(900))
        return float(np.abs(embedded(shuffled, "selftest", encode, 2) - encode(shuffled.texts())).max())


def resume(rng: Rng) -> float:
    """A run whose journal is cut in the middle of a line, anywhere, and resumed: 0 when its digest is as before."""
    from tutelage.recipe.read import read_text
    from tutelage.runs.journal import lines
    from tutelage.study.run import go_on, prepare, start

    wrong = 0
    with tempfile.TemporaryDirectory() as folder, _own_cache():
        record = start(prepare(read_text(STUDY, "selftest.yaml")), Path(folder))
        go_on(record, 0)
        whole, journal = record.digest(), record.arm_folder("margin", 0) / "events.jsonl"
        before = [line for line in lines(journal) if line["event"] == "pay"]
        for _ in range(3):
            with journal.open("r+b") as file:
                file.truncate(int(rng.integers(1, journal.stat().st_size - 1)))
            go_on(record, 0)
            wrong += record.digest() != whole
            wrong += [line for line in lines(journal) if line["event"] == "pay"] != before
    return wrong


@contextmanager
def _own_cache() -> Iterator[None]:
    """Nothing of the user's cache is read or written."""
    before = os.environ.get("TUTELAGE_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TUTELAGE_CACHE"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["TUTELAGE_CACHE"]
            else:
                os.environ["TUTELAGE_CACHE"] = before


CHECKS = (
    Check("crossed interval", "analysis of variance by loops", crossed_interval, 1e-12),
    Check("signed ranks", "every pattern of signs", signed_ranks, 1e-12),
    Check("k-centre picks", "distances written out", k_centre, 0),
    Check("BADGE distances", "gradients written out", badge, 1e-4),
    Check("nearest neighbours", "sorting all distances", neighbours, 1e-4),
    Check("distances to centres", "differences written out", clusters, 1e-4),
    Check("softmax head", "scikit-learn", softmax_head, 1e-5),
    Check("ranking and entropy", "sorting, loops", ranking, 1e-12),
    Check("embedding cache", "encoding directly", embedding_cache, 0),
    Check("cut and resumed run", "the run left alone", resume, 0),
)
