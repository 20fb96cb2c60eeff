"""One choice of every chooser from a large pool, each in a process of its own: seconds, and the peak of its memory.

    python benchmarks/large_pool.py [ROWS] [CHOOSER ...]        default: 100,000 rows, every chooser

The pool is ROWS x 384 numbers of length 1 in 77 clusters, the student is `vector.logistic` taught 140 of them, and 28
are asked for. There is no peer: `limit` is what one choice may take so that `tutelage run few-labels` with that chooser
keeps within 30 minutes and 4 GB (`kit/cost.py`), `of_limit` the larger share of the two. A chooser that would not keep
within them is not run; its line holds what it is refused with. One JSON line each, `predicted` beside what was measured.

    python benchmarks/large_pool.py --few-labels [ROWS] [CHOOSER ...]

runs the whole recipe on a file of ROWS texts instead, in 4 arms and at 5 seeds, the chooser in the two arms that choose;
the vectors of the texts are put into the cache beforehand, since encoding is not what is measured. Texts of 80 letters.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
WIDTH, CLASSES, HELD, ASKED = 384, 77, 140, 28


def drawn(rows: int):
    """(rows, 384) of length 1, and the cluster of each."""
    import numpy as np

    rng = np.random.default_rng(0)
    centres = rng.normal(size=(CLASSES, WIDTH)).astype(np.float32)
    codes = rng.integers(CLASSES, size=rows)
    x = np.empty((rows, WIDTH), dtype=np.float32)
    for start in range(0, rows, 10_000):
        part = codes[start : start + 10_000]
        x[start : start + 10_000] = centres[part] + rng.normal(size=(len(part), WIDTH))
    return x / np.sqrt(np.einsum("ij,ij->i", x, x))[:, None], codes


def one(spec: str, rows: int) -> None:
    """In a process of its own."""
    from tutelage.core.data import Rows, Table, labelled
    from tutelage.core.parts import build
    from tutelage.core.rng import stream
    from tutelage.student.vector.logistic import Logistic
    from tutelage.toys import view

    import numpy as np
    import yaml

    x, codes = drawn(rows)
    pool = Table.of("large", {"vector": x}, [f"class {c}" for c in range(CLASSES)]).pool()
    held = np.random.default_rng(1).choice(rows, HELD, replace=False)
    lessons = (labelled(Rows(pool, held), codes[held], "oracle", 1.0),)
    student = Logistic().begin(pool, stream(0, "student")).fit(lessons, stream(0, "learn"))
    seen = view(pool.without(held), student, lessons)
    chooser = build("choose", yaml.safe_load(spec))
    peak_before = peak()
    wall, cpu = time.perf_counter(), time.process_time()
    chosen = chooser.choose(seen, ASKED, stream(0, "choose"))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert len(set(chosen.rows.tolist())) == ASKED
    print(json.dumps({"id": f"{spec}, {rows} rows", "ours": round(wall, 2), "cpu": round(cpu, 2), "peak_bytes": peak(), "peak_before": peak_before}))


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    one(sys.argv[1], int(sys.argv[2]))
