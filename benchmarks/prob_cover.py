"""ProbCover's greedy coverage beside scikit-activeml: real embeddings, equal counts first, then time and memory.

    OMP_NUM_THREADS=1 python benchmarks/prob_cover.py [points picks]

By default 5,000 messages and 50 picks; the radius is given to both (the 2 % nearest pairs). The peer holds the distances
of all pairs. `memory` compares what is allocated beside the embeddings, in MB.
"""

from __future__ import annotations

import json
import os
import sys
import tracemalloc
import warnings
from typing import Any

from common import agree, line, messages, missing, timed  # first: it pins the threads, which numpy reads once

# isort: split
import numpy as np

from tutelage.choose.prob_cover import covering
from tutelage.core.rng import stream


def weighed(call: Any) -> tuple[float, float, Any]:
    """Seconds, then in a second run the peak of what was allocated, in MB."""
    seconds, result = timed(call)
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return seconds, peak, result


def main(n: int, picks: int) -> list[dict[str, Any]]:
    from skactiveml.pool import ProbCover
    from skactiveml.utils import MISSING_LABEL

    x = messages(n)
    some = x[np.random.default_rng(0).permutation(n)[:500]].astype(float)
    radius = float(np.quantile(np.linalg.norm(some[:, None] - some[None], axis=-1), 0.02))
    unknown = np.full(n, MISSING_LABEL)

    def call() -> Any:
        return ProbCover(deltas=[radius], random_state=0).query(x, unknown, batch_size=picks, return_utilities=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peer's
        peer, peer_mb, (_, counts) = weighed(call)
    ours, ours_mb, (rows, scores) = weighed(lambda: covering(x, x[:0], radius**2, picks, stream(0, "bench")))
    agree("prob_cover", scores[rows[0]] == np.nanmax(counts[0]), "the first count differs")
    covered, theirs = scores[rows].sum(), np.nanmax(counts, axis=1).sum()
    agree("prob_cover", abs(covered / theirs - 1) < 0.01, "the coverage differs")  # ties lead to other sets
    name = f"{n}x384x{picks}"
    return [
        line(f"prob_cover/scikit_activeml/{name}", ours, peer, 1.0),
        line(f"prob_cover/memory/{name}", ours_mb, peer_mb, 10.0),
    ]


if __name__ == "__main__":
    print(f"load {os.getloadavg()}", file=sys.stderr)
    if not missing("prob_cover", "skactiveml", "scikit-activeml"):
        for made in main(*([int(argument) for argument in sys.argv[1:]] or [5_000, 50])):
            print(json.dumps(made), flush=True)
