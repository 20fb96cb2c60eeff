"""Choosing by disagreement and near what is labelled, beside obvious code: equal results first, then time.

    OMP_NUM_THREADS=1 python benchmarks/doubt.py [workload ...]

Peers: the obvious numpy and scikit-learn. One JSON line a workload; `ratio` is peer / ours in CPU seconds, `limit` the
ratio asked for, `of_limit` their quotient.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from common import agree, line
from sklearn.metrics import cohen_kappa_score

from tutelage.choose.batch_bald import greedy
from tutelage.choose.near_labelled import NearLabelled
from tutelage.core.data import Rows, labelled
from tutelage.core.rng import stream
from tutelage.kit.agreement import cohen
from tutelage.kit.info import entropy
from tutelage.toys import Nearest, vector_pool, view


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def joint_entropies(probs: Any, n: int) -> list[int]:
    """Every joint probability of the picks so far and of every candidate written out, pick after pick."""
    table, picks = np.ones((len(probs), 1)), []
    alone = np.stack([entropy(p) for p in probs]).mean(axis=0)
    for _ in range(n):
        joint = np.einsum("ts,tmc->msc", table, probs).reshape(probs.shape[1], -1) / len(probs)
        added = entropy(joint) - alone
        added[picks] = -np.inf
        picks.append(int(added.argmax()))
        table = np.einsum("ts,tc->tsc", table, probs[:, picks[-1]]).reshape(len(probs), -1)
    return picks


def batch_bald() -> dict[str, Any]:
    """2,000 candidates, two classes, ten members, eight picks: up to 128 outcomes, all gone through on both sides."""
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.full(2, 0.7), (10, 2000))
    peer, rows = timed(lambda: joint_entropies(probs, 8))
    ours, picked = timed(lambda: greedy(probs, 8, 1000, stream(0, "bench")))
    agree("batch_bald", picked.places.tolist() == rows, "other rows are chosen")
    return line("batch_bald/2000x2x8", ours, peer, 3.0)


def near_labelled() -> dict[str, Any]:
    """50,000 x 64, twenty rounds of ten labels: neighbours kept from round to round against all looked up again."""
    rng = np.random.default_rng(0)
    pool = vector_pool(rng.normal(size=(50_000, 64)))
    student = Nearest(pool.labels, rng.normal(size=(2, 64)).astype(np.float32))
    chooser = NearLabelled(k=50, start=0)

    def rounds(keeps: bool) -> list[int]:
        held, memory = np.arange(10), {}
        for number in range(20):
            lessons = (labelled(Rows(pool, held), held % 2, "oracle"),)
            rest = pool.without(held)
            now = view(rest, student, lessons)._replace(memory=memory)
            chosen = chooser.choose(now, 10, stream(0, "bench", number))
            held = np.concatenate([held, rest.numbers[chosen.rows]])
            memory = chosen.memory if keeps else {**chosen.memory, "looked": {}}
        return sorted(held.tolist())

    ours, mine = timed(lambda: rounds(True))
    peer, again = timed(lambda: rounds(False))
    # looked up again, a pool that shrank has further neighbours: only the first round is sure to agree
    agree("near_labelled", set(range(10)) <= set(mine) & set(again) and len(mine) == len(again), "other sizes")
    return line("near_labelled/50000x64x20", ours, peer, 2.0)


def kappa() -> dict[str, Any]:
    """Cohen's kappa of a million guesses at 77 classes."""
    rng = np.random.default_rng(0)
    a = rng.integers(77, size=1_000_000)
    b = np.where(rng.random(len(a)) < 0.9, a, rng.integers(77, size=len(a)))
    peer, theirs = timed(lambda: cohen_kappa_score(a, b))
    ours, mine = timed(lambda: cohen(a, b))
    agree("cohen", abs(theirs - mine) < 1e-12, "another kappa")
    return line("cohen/1000000x77", ours, peer, 1.0)


WORKLOADS: dict[str, Callable[[], dict[str, Any]]] = {
    "batch_bald": batch_bald,
    "near_labelled": near_labelled,
    "cohen": kappa,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or WORKLOADS:
        print(f"{name}: load {os.getloadavg()}", file=sys.stderr)
        print(json.dumps(WORKLOADS[name]()), flush=True)
