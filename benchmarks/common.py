"""What the benchmarks share: one thread, time, the JSON line, the check of equal results, and real embeddings."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def line(name: str, ours: float, peer: float, limit: float) -> dict[str, Any]:
    ratio = peer / ours
    return {"id": name, "ours": ours, "peer": peer, "ratio": ratio, "limit": limit, "of_limit": ratio / limit}


def agree(name: str, same: bool, what: str) -> None:
    if not same:
        raise SystemExit(f"{name}: {what}; times would mean nothing")


def missing(name: str, module: str, package: str) -> bool:
    """Whether a peer is not installed; standard error then says how to get it."""
    if importlib.util.find_spec(module) is not None:
        return False
    print(f"{name}: needs {package}; pip install -c constraints.txt '.[bench]'", file=sys.stderr)
    return True


def points(n: int, d: int = 384, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def messages(n: int) -> Any:
    """(n, 384) embeddings of the messages of banking77 and clinc150 in turns, of length 1.

    Computed once and kept in the user's cache. Beyond the messages there are, they are repeated with noise of standard
    deviation 0.01 a coordinate (a fifth of their length), which standard error says.
    """
    from tutelage.core.rng import stream
    from tutelage.data.banking77 import Banking77
    from tutelage.data.clinc150 import Clinc150
    from tutelage.kit.embeddings import embedded
    from tutelage.student.text.encoder.onnx import Onnx

    pools = [data.course(stream(0, "data")).parts["pool"].pool for data in (Banking77(), Clinc150())]
    rows = min(-(-n // 2), *(len(pool) for pool in pools))
    encoder = Onnx()
    some = [
        embedded(pool.take(np.arange(rows)), encoder.fingerprint, encoder.encode, encoder.width, encoder=encoder)
        for pool in pools
    ]
    x = np.stack(some, axis=1).reshape(2 * rows, -1)
    if n > len(x):
        print(f"{len(x)} messages are repeated with noise to make {n}", file=sys.stderr)
        noise = 0.01 * np.random.default_rng(0).normal(size=(n, x.shape[1]))
        noise[: len(x)] = 0
        x = np.tile(x / np.linalg.norm(x, axis=1, keepdims=True), (-(-n // len(x)), 1))[:n] + noise
    x = x[:n].astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)
