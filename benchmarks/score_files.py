"""A million items in two files, read, paired and judged with 2,000 resamples; peer: the plain loop over resamples.

    python benchmarks/score_files.py [items]

Prints one JSON line a workload: scores of 0 and 1 and of many values, alone and in groups of eight, as CSV, and of
many values as JSON lines. Each of ours runs in a process of its own; `peak_mb` is that process's peak resident memory.
The peer draws 20 resamples in numpy from differences that are already paired and in memory, so `peer` is its time for
2,000 by proportion, without any reading. `ratio` is the peer's time over ours, reading included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

LIMITS = {"seconds": 30.0, "peak_mb": 1000.0}
DRAWS, PEER_DRAWS = 2000, 20
WORKLOADS = ("binary.csv", "many.csv", "binary_groups.csv", "many_groups.csv", "many.jsonl")


def scores(kind: str, items: int, arm: int) -> np.ndarray:
    """The second arm is better by about one hundredth."""
    rng = np.random.Generator(np.random.PCG64([arm, 1]))
    if kind.startswith("binary"):
        return (rng.random(items) < 0.7 + 0.01 * arm).astype(np.int64)
    return np.round(rng.normal(0.01 * arm, 1, items), 6)


def write(path: Path, items: int, arm: int) -> None:
    """The arms hold the same items in different orders."""
    order = np.random.Generator(np.random.PCG64([arm, 2])).permutation(items)
    columns = {
        "item": pa.array([f"item-{i:07d}" for i in order]),
        "score": pa.array(scores(path.name, items, arm)[order]),
    }
    if "groups" in path.name:
        columns["group"] = pa.array([f"g{i // 8}" for i in order])
    if path.suffix == ".csv":
        pacsv.write_csv(pa.table(columns), path)
        return
    lines = (
        json.dumps({"item": a, "score": b, "answer": "so and so"})
        for a, b in zip(columns["item"].to_pylist(), columns["score"].to_pylist(), strict=True)
    )
    path.write_text("\n".join(lines) + "\n")


def ours(folder: Path, name: str) -> dict[str, float | str]:
    import resource

    from tutelage.core.rng import stream
    from tutelage.study.foreign.columns import Asked
    from tutelage.study.foreign.contrast import Wish
    from tutelage.study.foreign.score_files import compare_files

    paths = [folder / str(arm) / name for arm in (0, 1)]
    times = {}
    for part, draws in (("without_resampling", 0), ("seconds", DRAWS)):
        begun, used = time.perf_counter(), time.process_time()
        (made,) = compare_files(paths, Asked(), Wish(draws=draws), stream(0, "bench")).contrasts
        times |= {part: time.perf_counter() - begun, f"{part}_cpu": time.process_time() - used}
    assert made.resampled is not None
    told = {"estimate": made.estimate, "low": made.low, "high": made.high, "verdict": made.verdict}
    return times | told | {"resampled_low": made.resampled[0], "resampled_high": made.resampled[1],
                           "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}  # fmt: skip


def peer(name: str, items: int) -> float:
    """Seconds of 2,000 resamples by the plain loop, from 20 of them."""
    apart = (scores(name, items, 1) - scores(name, items, 0)).astype(np.float64)
    rng = np.random.Generator(np.random.PCG64(0))
    groups = np.arange(items) // 8
    totals, sizes = np.bincount(groups, weights=apart), np.bincount(groups).astype(np.float64)
    begun = time.perf_counter()
    for _ in range(PEER_DRAWS):
        if "groups" in name:
            drawn = rng.integers(0, len(totals), len(totals))
            totals[drawn].sum() / sizes[drawn].sum()
        else:
            apart[rng.integers(0, items, items)].mean()
    return (time.perf_counter() - begun) * DRAWS / PEER_DRAWS


def main(items: int) -> None:
    with tempfile.TemporaryDirectory() as root:
        for name in WORKLOADS:
            for arm in (0, 1):
                (Path(root) / str(arm)).mkdir(exist_ok=True)
                write(Path(root) / str(arm) / name, items, arm)
            told = subprocess.run([sys.executable, __file__, "--one", root, name], check=True, capture_output=True)
            mine = json.loads(told.stdout)
            other = peer(name, items)
            line = {"id": f"score_files.{name}", "items": items, "draws": DRAWS, "ours": round(mine["seconds"], 3)}
            line |= {"peer": round(other, 2), "ratio": round(other / mine["seconds"], 2), "limit": LIMITS["seconds"]}
            line |= {"limit_mb": LIMITS["peak_mb"], "load": round(os.getloadavg()[0], 2)}
            rest = {
                key: round(value, 5) if isinstance(value, float) else value
                for key, value in mine.items()
                if key != "seconds"
            }
            print(json.dumps(line | rest), flush=True)
            for arm in (0, 1):
                (Path(root) / str(arm) / name).unlink()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(ours(Path(sys.argv[2]), sys.argv[3])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
