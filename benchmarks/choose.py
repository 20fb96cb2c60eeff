"""Choosing beside its peers: k-centre, BADGE, k-means and the margin of a million; equal results first, then time.

    OMP_NUM_THREADS=1 python benchmarks/choose.py [workload ...]

Peers: the obvious numpy, scikit-learn, and small-text and scikit-activeml where they are installed (otherwise those
lines are left out, which standard error says). One JSON line a workload; `ratio` is peer / ours, `limit` the ratio
asked for, `of_limit` their quotient. `core_set/bandwidth` has as its peer the bare matrix-vector products that every
pick needs; `badge/memory` compares megabytes: gradients written out in float32 against what is allocated beside the
inputs.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

from common import agree, line, points, timed  # first: it pins the threads, which numpy reads once

# isort: split
import numpy as np
from sklearn.cluster import KMeans

from tutelage.choose.badge import gradients, spread, to_gradient
from tutelage.core.rng import stream
from tutelage.kit.cluster import k_means
from tutelage.kit.cover import farthest_first
from tutelage.kit.info import margin
from tutelage.kit.ranking import top_n
from tutelage.toys import vector_pool


def core_set_bandwidth() -> dict[str, Any]:
    """100,000 x 384, 1,000 picks; the bare products are timed before, half-way and after, since load varies."""
    x = points(100_000)
    bare: list[float] = []
    total = 0.0
    for seed in range(2):
        bare += [timed(lambda: x @ x[7])[0] for _ in range(10)]
        total += timed(lambda s=seed: farthest_first(x, x[:1], 500, stream(s, "bench")))[0]
    bare += [timed(lambda: x @ x[7])[0] for _ in range(10)]
    return line("core_set/bandwidth/100000x384x1000", total, 1000 * float(np.median(bare)), 1 / 1.5)


def obvious_core_set(x: Any, picks: int) -> list[int]:
    away, rows = np.linalg.norm(x - x[0], axis=1), []
    for _ in range(picks):
        rows.append(int(away.argmax()))
        away = np.minimum(away, np.linalg.norm(x - x[rows[-1]], axis=1))
    return rows


def core_set_numpy() -> dict[str, Any]:
    x = points(100_000)
    peer, rows = timed(lambda: obvious_core_set(x, 30))
    ours, cover = timed(lambda: farthest_first(x, x[:1], 30, stream(0, "bench")))
    agree("core_set/numpy", cover.rows.tolist() == rows, "picks differ")
    return line("core_set/numpy/100000x384x30", ours, peer, 2.0)


def core_set_small_text() -> dict[str, Any] | None:
    """100,000 x 384, 1,000 picks. The peer goes over all picks again for each new one, which would take an hour.

    So its time is measured for the pick after 1, 250, 500, 750 and 1,000 others and summed by the trapezoid rule; its
    first 20 picks are made in earnest and have to be ours.
    """
    if importlib.util.find_spec("small_text") is None:
        return print("core_set/small_text: small-text is not installed", file=sys.stderr)
    from small_text.query_strategies.coresets import greedy_coreset

    x = points(100_000)
    everyone = np.arange(len(x))
    ours, cover = timed(lambda: farthest_first(x, x[:1], 1_000, stream(0, "bench")))
    rows = greedy_coreset(x, everyone, everyone[:1], 20, distance_metric="euclidean")
    agree("core_set/small_text", rows.tolist() == cover.rows[:20].tolist(), "picks differ")
    steps = np.array([1, 250, 500, 750, 1_000])
    times = [
        timed(lambda h=h: greedy_coreset(x, everyone, everyone[:h], 1, distance_metric="euclidean"))[0] for h in steps
    ]
    return line("core_set/small_text/100000x384x1000", ours, float(np.trapezoid(times, steps)), 200.0)


def badge_material(n: int, classes: int, width: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.dirichlet(np.full(classes, 0.1), n).astype(np.float32), points(n, width)


def fixed(probs: Any) -> Any:
    """A classifier of scikit-activeml that says these probabilities."""
    from skactiveml.base import SkactivemlClassifier

    class Fixed(SkactivemlClassifier):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:  # noqa: N803
            return self

        def predict_proba(self, X: Any) -> Any:  # noqa: N803
            return probs.astype(float)

    return Fixed(classes=list(range(probs.shape[1])))


def badge_activeml() -> dict[str, Any] | None:
    """2,000 candidates: written out in float64 they already fill 1.2 GB."""
    if importlib.util.find_spec("skactiveml") is None:
        return print("badge/scikit_activeml: scikit-activeml is not installed", file=sys.stderr)
    from skactiveml.pool import Badge
    from skactiveml.utils import MISSING_LABEL

    probs, h = badge_material(2_000, 100, 768)

    query = Badge(random_state=0)
    unknown = np.full(len(h), MISSING_LABEL)
    asked = {"X": h, "y": unknown, "clf": fixed(probs), "fit_clf": False, "batch_size": 50, "return_utilities": True}
    peer, (rows, shares) = timed(lambda: query.query(**asked))
    ours, picks = timed(lambda: spread(gradients(probs, h), 50, True, stream(0, "bench")))
    g = gradients(probs, h)
    agree("badge", picks[0] == rows[0], "the longest gradient is another")
    second = np.minimum(to_gradient(g, rows[0]), g.squares).astype(float)
    found = np.where(np.isnan(shares[1]), 0, shares[1])
    agree("badge", np.allclose(second / second.sum(), found, rtol=1e-3, atol=1e-9), "the second draw differs")
    return line("badge/scikit_activeml/2000x100x768x50", ours, peer, 200.0)


def badge_activeml_20000() -> dict[str, Any] | None:
    """20,000 candidates, 100 picks. The peer would write out 12 GB, so its time is measured for 200, 400 and 800.

    It grows in proportion to the candidates (a pick is a pass over all of them), hence the slope of these three.
    """
    if importlib.util.find_spec("skactiveml") is None:
        return print("badge/scikit_activeml/20000: scikit-activeml is not installed", file=sys.stderr)
    from skactiveml.pool import Badge
    from skactiveml.utils import MISSING_LABEL

    probs, h = badge_material(20_000, 100, 768)
    sizes, times = np.array([200, 400, 800]), []
    for size in sizes.tolist():
        asked = {
            "X": h[:size],
            "y": np.full(size, MISSING_LABEL),
            "clf": fixed(probs[:size]),
            "fit_clf": False,
            "batch_size": 100,
        }
        times.append(timed(lambda a=asked: Badge(random_state=0).query(**a))[0])
    slope = float(np.polyfit(sizes, times, 1)[0])
    print(f"badge/20000: the peer took {', '.join(f'{t:.1f}' for t in times)} s", file=sys.stderr)
    ours, _ = timed(lambda: spread(gradients(probs, h), 100, True, stream(0, "bench")))
    return line("badge/scikit_activeml/20000x100x768x100 (peer by its slope)", ours, slope * 20_000, 200.0)


def badge_numpy() -> dict[str, Any]:
    """The same draws on gradients written out in float32, 2,000 candidates."""
    probs, h = badge_material(2_000, 100, 768)

    def obvious() -> list[int]:
        a = probs - np.eye(100, dtype=np.float32)[probs.argmax(1)]
        full = (a[:, :, None] * h[:, None, :]).reshape(len(h), -1)
        rng, away = stream(0, "bench"), np.full(len(h), np.inf)
        rows = [int(rng.integers(len(h)))]
        while len(rows) < 50:
            away = np.minimum(away, ((full - full[rows[-1]]) ** 2).sum(1))
            total = np.cumsum(away, dtype=np.float64)
            rows.append(int(np.searchsorted(total, rng.random() * total[-1], side="right")))
        return rows

    peer, rows = timed(obvious)
    ours, picks = timed(lambda: spread(gradients(probs, h), 50, False, stream(0, "bench")))
    agree("badge/numpy", picks.tolist() == rows, "draws differ")
    return line("badge/numpy/2000x100x768x50", ours, peer, 50.0)


def badge_memory() -> dict[str, Any]:
    probs, h = badge_material(20_000, 100, 768)
    tracemalloc.start()
    elapsed, _ = timed(lambda: spread(gradients(probs, h), 100, False, stream(0, "bench")))
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    print(f"badge/memory: 100 picks took {elapsed:.2f} s", file=sys.stderr)
    return line("badge/memory/20000x100x768", peak, 20_000 * 100 * 768 * 4 / 1e6, 100.0)


def k_means_sklearn() -> dict[str, Any]:
    """9,000 x 384 of length 1 around 77 centres into 300 clusters; sums of squares within 1 % of each other."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(77, 384))[rng.integers(77, size=9_000)] * 0.6 + rng.normal(size=(9_000, 384))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    peer, theirs = timed(lambda: KMeans(300, n_init=1, random_state=0).fit(x).inertia_)
    ours, clusters = min((timed(lambda: k_means(x, 300, stream(0, "bench"))) for _ in range(3)), key=lambda t: t[0])
    mine = float(clusters.away.sum())
    print(f"k_means: sum of squares {mine:.1f}, peer {theirs:.1f}", file=sys.stderr)
    agree("k_means", abs(mine / theirs - 1) < 0.01, "the sums of squares differ by more than 1 %")
    return line("k_means/9000x384x300", ours, peer, 2.0)


def margin_million() -> dict[str, Any]:
    """The 100 smallest margins of a million rows of 64 probabilities; the peer sorts every row and then all margins."""
    probs = np.random.default_rng(0).random((1_000_000, 64), dtype=np.float32)
    probs /= probs.sum(axis=1, keepdims=True)
    pool = vector_pool(np.zeros((1_000_000, 1)), ids=[str(i) for i in range(1_000_000)])

    def chosen() -> Any:
        scores = np.concatenate([-margin(probs[start : start + 65_536]) for start in range(0, len(probs), 65_536)])
        return top_n(pool, scores, 100, stream(0, "bench")).rows

    def obvious() -> Any:
        ordered = np.sort(probs, axis=1)
        return np.argsort(ordered[:, -1].astype(float) - ordered[:, -2])[:100]

    peer, rows = timed(obvious)
    ours, mine = timed(chosen)
    agree("margin", len(set(mine.tolist()) & set(rows.tolist())) >= 99, "other rows are chosen")  # one tie may differ
    return line("margin/1000000x64", ours, peer, 1.5)


WORKLOADS: dict[str, Callable[[], dict[str, Any] | None]] = {
    "core_set_bandwidth": core_set_bandwidth,
    "core_set_numpy": core_set_numpy,
    "core_set_small_text": core_set_small_text,
    "badge_activeml": badge_activeml,
    "badge_activeml_20000": badge_activeml_20000,
    "badge_numpy": badge_numpy,
    "badge_memory": badge_memory,
    "k_means_sklearn": k_means_sklearn,
    "margin_million": margin_million,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or WORKLOADS:
        print(f"{name}: load {os.getloadavg()}", file=sys.stderr)
        if made := WORKLOADS[name]():
            print(json.dumps(made), flush=True)
