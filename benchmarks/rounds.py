"""A round of the loop over 1,000,000 texts with cached vectors of 64 numbers: seconds and peak memory.

    python benchmarks/rounds.py [TEXTS]

The vectors come from a stand-in encoder (numbers drawn from each text's hash), because what is measured is everything
but encoding: choosing, asking, learning a head for 20 classes, examining. The first round fills the cache and is not
counted. The peer is the bare arithmetic of the same round (product, softmax, partition) over the vectors in memory.
`limit`: 1.5 GB for the whole process. One JSON line a strategy.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
LIMIT = 1.5e9
CLASSES, WIDTH = 20, 64


class Drawn:
    """Vectors from a text's own bytes."""

    fingerprint = "benchmark:drawn"
    width = WIDTH

    def encode(self, texts: Sequence[str]):
        import numpy as np

        numbers = np.array([hash(text) & 0xFFFFFFFF for text in texts], dtype=np.uint64)
        mixed = (numbers[:, None] * np.arange(1, WIDTH + 1, dtype=np.uint64) * 2654435761) % 4093
        return (mixed / 4093 - 0.5).astype(np.float32)


def one(strategy: str, count: int) -> None:
    """In a process of its own: two rounds, the second one timed."""
    import numpy as np

    from tutelage.core.answers import Sealed
    from tutelage.core.data import Course, Exam, Part, Rows, Table, labelled
    from tutelage.core.parts import build
    from tutelage.loop import Run, rounds
    from tutelage.recipe.fit import Parts, Step
    from tutelage.runs.till import till
    from tutelage.student.text.embedded import Embedded

    names = [f"class {c}" for c in range(CLASSES)]
    table = Table.of("large", {"text": [f"text number {i} about something or other" for i in range(count)]}, names)
    codes = np.arange(count) % CLASSES
    pool = table.pool()
    exam = labelled(Rows(pool.take(np.arange(1000)), np.arange(1000)), codes[:1000], "file")
    course = Course({"pool": Part(pool.without(np.arange(1000)), Sealed(table, codes))}, {"exam": Exam((exam,))})
    stages = {stage: build(stage, part) for stage, part in
              {"choose": strategy, "teach": "oracle", "order": "as_given", "learn": "refit", "retain": "nothing", "recall": "nothing"}.items()}  # fmt: skip
    step = Step(
        name="0", assess=(build("assess", "accuracy"),), per_round=50, restart=True, once=False, keep=True, **stages
    )
    student = Embedded(encoder=Drawn())
    played = rounds(Run(Parts(None, student, (step,), 3, 1), course, 0, till(), Path(tempfile.gettempdir())))
    next(played)
    next(played)
    started = time.perf_counter()
    next(played)
    ours = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    x = student.begin(pool, np.random.default_rng(0)).embed(pool)
    weights = np.random.default_rng(0).normal(size=(WIDTH, CLASSES)).astype(np.float32)
    started = time.perf_counter()
    if strategy == "margin":
        scores = np.exp(x @ weights)
        scores /= scores.sum(1, keepdims=True)
        top = np.partition(scores, -2, axis=1)[:, -2:]
        np.argpartition(top[:, 1] - top[:, 0], 50)
    else:
        np.random.default_rng(0).choice(len(x), 50, replace=False)
    peer = time.perf_counter() - started
    line = {"id": f"round of {strategy}, {count} texts", "ours": round(ours, 3), "peer": round(peer, 3), "ratio": round(peer / ours, 3),
            "peak_bytes": peak, "limit": LIMIT, "of_limit": round(peak / LIMIT, 3)}  # fmt: skip
    print(json.dumps(line))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"load {os.getloadavg()[0]:.2f}", file=sys.stderr)
    for strategy in ("uniform", "margin"):
        with tempfile.TemporaryDirectory() as cache:
            env = {**os.environ, "TUTELAGE_CACHE": cache, "PYTHONHASHSEED": "0"}
            subprocess.run([sys.executable, __file__, "--one", strategy, str(count)], env=env, check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], int(sys.argv[3]))
    else:
        main()
