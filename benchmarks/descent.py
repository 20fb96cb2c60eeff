"""The gradient loop beside the same loop written out bare in torch: equal weights first, then time.

    OMP_NUM_THREADS=1 python benchmarks/descent.py

A network of 64 inputs and one hidden layer of 64, batches of 32, AdamW, one thread; the order of the lessons is given,
so both take the same steps. Process time, the best of five, each with its start (building the module, the optimiser).
`ratio` is peer / ours, `limit` the ratio asked for, `of_limit` their quotient. The system load is on standard error.
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
import torch

from tutelage.core.data import Rows, labelled
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import stream, vector_pool, view

BATCH, RATE, LABELS = 32, 1e-3, tuple("abcdefghij")


def best(call: Callable[[], Any]) -> tuple[float, Any]:
    times, result = [], None
    for _ in range(5):
        start = time.process_time()
        result = call()
        times.append(time.process_time() - start)
    return min(times), result


def bare(student: Any, x: Any, codes: Any, passes: int) -> Any:
    """What somebody would write without the toolbox."""
    module = student.module
    optimiser = torch.optim.AdamW(module.parameters(), lr=RATE, weight_decay=0)
    vectors, labels = torch.from_numpy(x), torch.from_numpy(codes)
    for _ in range(passes):
        for start in range(0, len(x), BATCH):
            hidden = torch.relu(module.body[0](vectors[start : start + BATCH]))
            loss = torch.nn.functional.cross_entropy(module.head(hidden), labels[start : start + BATCH])
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()
    return module.head.weight.detach().numpy().T


def workload(name: str, rows: int, passes: int, limit: float) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    pool = vector_pool(rng.normal(size=(rows, 64)), LABELS)
    codes = np.arange(rows) % len(LABELS)
    student = Mlp(hidden=(64,)).begin(pool, stream(0, "student"))
    stage = Stage((labelled(Rows(pool, np.arange(rows)), codes, "oracle"),), order=np.arange(rows))
    learner, now = Gradient(passes=passes, batch=BATCH, lr=RATE), view(pool=pool, student=student)
    ours, mine = best(lambda: learner.learn((stage,), None, now, stream(0, "learn")).student.top.weights)
    x = student.standard.of(pool)
    theirs, other = best(lambda: bare(student, x, codes, passes))
    apart = float(np.abs(mine - other).max())
    if apart > 1e-4:
        raise SystemExit(f"{name}: weights differ by {apart:.1e}; times would mean nothing")
    updates = passes * -(-rows // BATCH)
    print(f"{name}: differ by {apart:.1e}, {1e3 * ours / updates:.2f} ms an update", file=sys.stderr)
    ratio = theirs / ours
    return {"id": name, "ours": ours, "peer": theirs, "ratio": ratio, "limit": limit, "of_limit": ratio / limit}


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(f"load {os.getloadavg()}", file=sys.stderr)
    for line in (workload("descent/1250x10", 1250, 10, 0.85), workload("descent/60x100", 60, 100, 0.8)):
        print(json.dumps(line))
