"""The ten nearest of every point beside scikit-learn's brute force: real embeddings, equal results first, then time.

    OMP_NUM_THREADS=1 python benchmarks/neighbours.py [points ...]

By default 10,000 and 100,000 x 384. `ratio` is peer / ours; `limit` the ratio asked for. `neighbours/product` has as
its peer the bare product of all pairs in blocks of 512 rows, below which no exact search by products can go; beyond
20,000 points it is measured on 4,096 rows and scaled.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from common import agree, line, messages, timed  # first: it pins the threads, which numpy reads once

# isort: split
import numpy as np
from sklearn.neighbors import NearestNeighbors

from tutelage.kit.neighbours import nearest

K = 10


def product(x: Any) -> float:
    rows = min(len(x), 4096 if len(x) > 20_000 else len(x))

    def bare() -> None:
        for start in range(0, rows, 512):
            x[start : start + 512] @ x.T

    return timed(bare)[0] * len(x) / rows


def workload(n: int) -> list[dict[str, Any]]:
    x = messages(n)
    below = product(x)
    peer, (theirs, _) = timed(lambda: NearestNeighbors(n_neighbors=K, algorithm="brute").fit(x).kneighbors())
    ours, found = timed(lambda: nearest(x, K))
    below = (below + product(x)) / 2  # before and after, since load varies
    agree("neighbours", np.allclose(theirs, found.away, atol=2e-3), "distances differ")  # theirs lose digits near 0
    return [
        line(f"neighbours/sklearn/{n}x384x{K}", ours, peer, 1.0),
        line(f"neighbours/product/{n}x384x{K}", ours, below, 1 / 2),
    ]


if __name__ == "__main__":
    for n in [int(argument) for argument in sys.argv[1:]] or [10_000, 100_000]:
        print(f"{n}: load {os.getloadavg()}", file=sys.stderr)
        for made in workload(n):
            print(json.dumps(made), flush=True)
