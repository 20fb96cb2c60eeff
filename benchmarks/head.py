"""The softmax solver beside scikit-learn's LogisticRegression: equal probabilities first, then time.

    OMP_NUM_THREADS=1 python benchmarks/head.py

Clustered features of length 1 with a spectrum that falls as sentence embeddings' does; cold start; the best of three
runs of ours and of the peer (one of the peer where it takes more than ten seconds). One JSON line a workload; `ratio`
is peer / ours, `limit` the ratio asked for, `of_limit` their quotient. The system load is on standard error.
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
from sklearn.linear_model import LogisticRegression

from tutelage.kit.softmax import solved

STRENGTH = 10.0


def material(n: int, d: int, classes: int, seed: int = 0) -> tuple[Any, Any]:
    """Rows around class centres; column k has standard deviation 1 / sqrt(k)."""
    rng = np.random.default_rng(seed)
    scale = 1 / np.sqrt(np.arange(1, d + 1))
    centres = rng.normal(size=(classes, d)) * scale
    codes = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    x = centres[codes] + 1.5 * rng.normal(size=(n, d)) * scale
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), codes


def best(call: Callable[[], Any], runs: int) -> tuple[float, Any]:
    times, result = [], None
    for _ in range(runs):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
        if times[-1] > 10:
            break
    return min(times), result


def workload(name: str, n: int, d: int, classes: int, limit: float) -> dict[str, Any]:
    x, codes = material(n + 1000, d, classes)
    train, fresh, codes = x[:n], x[n:], codes[:n]
    targets = np.eye(classes, dtype=np.float32)[codes]
    peer = LogisticRegression(C=STRENGTH, max_iter=2000, tol=1e-6)
    ours, mine = best(lambda: solved(train, targets, np.ones(n), STRENGTH), 3)
    theirs, other = best(lambda: peer.fit(train, codes), 3)
    apart = float(np.abs(mine.head.probs(fresh) - other.predict_proba(fresh)).max())
    if apart > 1e-3:
        raise SystemExit(f"{name}: probabilities differ by {apart:.2e}; times would mean nothing")
    warm, _ = best(lambda: solved(train, targets, np.ones(n), STRENGTH, start=mine.head), 3)
    ratio = theirs / ours
    print(f"{name}: differ by {apart:.1e}, {mine.iterations} iterations, warm {warm:.4f} s", file=sys.stderr)
    return {"id": name, "ours": ours, "peer": theirs, "ratio": ratio, "limit": limit, "of_limit": ratio / limit}


if __name__ == "__main__":
    print(f"load {os.getloadavg()}", file=sys.stderr)
    for line in (workload("head/308x384x77", 308, 384, 77, 2.0), workload("head/7000x512x77", 7000, 512, 77, 1.0)):
        print(json.dumps(line))
