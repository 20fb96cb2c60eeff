"""Texts a second of the ONNX encoder on banking77's training and test messages, in one process and in two.

    python benchmarks/embedding.py [TEXTS]

The peer is the obvious loop in the same run: one text at a time through the same graph. Equality of the vectors is
checked first. `limit`: what a core could do if matrix products at the rate of a large float32 product were all there
is, at about 11 million operations a token. One JSON line a workload.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from tutelage.assets.fetch import asset
from tutelage.core.data import Table
from tutelage.core.rng import stream
from tutelage.data.banking77 import Banking77
from tutelage.kit.cache import cache_folder
from tutelage.kit.embeddings import embedded
from tutelage.student.text.encoder.onnx import TOKENIZER, Onnx, tokenizer

FLOP_A_TOKEN = 11e6


def peak() -> float:
    """Operations a second of one core in a float32 product of 1,024 x 1,024."""
    a = np.random.default_rng(0).normal(size=(1024, 1024)).astype(np.float32)
    best = 0.0
    for _ in range(10):
        started = time.perf_counter()
        a @ a
        best = max(best, 2 * 1024**3 / (time.perf_counter() - started))
    return best


def main() -> None:
    print(f"load {os.getloadavg()[0]:.2f}", file=sys.stderr)
    course = Banking77().course(stream(0, "data"))
    exam = course.exams["exam"].truth[0].about.examples().texts()
    texts = (course.parts["pool"].pool.table.pool().texts() + exam)[: int(sys.argv[1]) if len(sys.argv) > 1 else None]
    encoder = Onnx()
    some = texts[:300]
    started = time.perf_counter()
    alone = np.concatenate([encoder.encode([text]) for text in some])
    peer = len(some) / (time.perf_counter() - started)
    if not np.allclose(alone, encoder.encode(some), atol=1e-5):
        raise SystemExit("the vectors depend on the batch")
    tokens = sum(len(one.ids) for one in tokenizer(asset(TOKENIZER) / "tokenizer.json", 128).encode_batch(texts)) / len(
        texts
    )
    limit = peak() / (FLOP_A_TOKEN * tokens)
    fingerprint, assets = encoder.fingerprint, cache_folder("assets")
    pool = Table.of("bench", {"text": texts}).pool()
    for processes in (1, 2):
        with tempfile.TemporaryDirectory() as cache:  # an empty cache that sees the fetched assets
            (Path(cache) / "assets").symlink_to(assets)
            os.environ["TUTELAGE_CACHE"] = cache
            started = time.perf_counter()
            embedded(pool, fingerprint, encoder.encode, encoder.width, processes=processes, encoder=encoder)
            ours = len(texts) / (time.perf_counter() - started)
            del os.environ["TUTELAGE_CACHE"]
        line = {"id": f"embedding {len(texts)} texts, {processes} process(es), texts/s", "ours": round(ours, 1), "peer": round(peer, 1),
                "ratio": round(ours / peer, 2), "limit": round(limit * processes, 1), "of_limit": round(ours / limit / processes, 3)}  # fmt: skip
        print(json.dumps(line))


if __name__ == "__main__":
    main()
