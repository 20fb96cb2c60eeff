"""A million texts of 80 and of 600 characters: opening, opening again, taking, and private memory; peer: pandas.

    python benchmarks/tables.py [rows]

Prints one JSON line a workload. `ratio` is the peer's time over ours. Each of ours runs in a process of its own,
with a cache of its own, so that its private memory (`Anonymous` of smaps_rollup, the peak of samples every 20 ms)
is not mixed with that of the peer. Equality of the texts is checked first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

LIMITS = {"open": 10.0, "again": 0.1, "private": 400.0, "read": 0.1}  # seconds, seconds, MB, seconds


def write(folder: Path, rows: int, width: int) -> None:
    """The same rows as CSV and as Parquet with row groups of a million."""
    rng = np.random.default_rng(width)
    letters = rng.integers(97, 123, 4_000_000, dtype=np.uint8)
    letters[rng.integers(0, len(letters), len(letters) // 6)] = 32
    base = letters.tobytes().decode()
    starts = rng.integers(0, len(base) - width, rows)
    texts = ["t" + base[start : start + width - 2] + "t" for start in starts]
    labels = [f"label {code}" if code else "" for code in rng.integers(0, 78, rows)]
    made = pa.table({"key": [f"k{i}" for i in range(rows)], "body": texts, "queue": labels})
    pacsv.write_csv(made, folder / f"{width}.csv")
    pq.write_table(made, folder / f"{width}.parquet", row_group_size=1_000_000)


def private() -> float:
    """MB of anonymous memory of this process."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def ours(path: Path) -> dict[str, float]:
    """One process: first opening, second opening, an index of a tenth, its texts read back three times."""
    from tutelage.core.data import gather
    from tutelage.kit.layout import Layout
    from tutelage.kit.sides import kept_keys
    from tutelage.kit.tables import open_table

    peak, done = [private()], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], private())

    watcher = threading.Thread(target=watch)
    watcher.start()
    layout = Layout(text="body", label="queue", id="key")
    times = {"before_mb": round(peak[0]), "load": round(os.getloadavg()[0], 2)}
    begun, used = time.perf_counter(), time.process_time()
    open_table(path, layout)
    times["open"] = time.perf_counter() - begun
    times["open_cpu"] = time.process_time() - used
    begun = time.perf_counter()
    opened = open_table(path, layout)
    times["again"] = time.perf_counter() - begun
    times["private_mb"] = round(peak[0])
    pool = opened.table.pool()
    rows = np.random.default_rng(0).permutation(len(pool))[: len(pool) // 10]
    begun = time.perf_counter()
    taken = pool.take(rows)
    times["take"] = time.perf_counter() - begun
    column = opened.table.columns.column("text")
    for name, read in (("read_arrow", lambda: gather(column, taken.numbers)), ("read", taken.texts)):
        spent = []
        for _ in range(4):  # the first one brings pages in
            begun = time.perf_counter()
            read()
            spent.append(time.perf_counter() - begun)
        times[f"{name}_cold"], times[name] = spent[0], float(np.median(spent[1:]))
    times["private_after_reading_mb"] = round(peak[0])
    begun = time.perf_counter()
    kept_keys(opened)
    times["first_split_keys"] = time.perf_counter() - begun
    done.set()
    watcher.join()
    return times


def peer(path: Path) -> tuple[pd.DataFrame, float]:
    begun = time.perf_counter()
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    return frame, time.perf_counter() - begun


def equal(path: Path, frame: pd.DataFrame, cache: str) -> bool:
    os.environ["TUTELAGE_CACHE"] = cache
    from tutelage.kit.layout import Layout
    from tutelage.kit.tables import open_table

    pool = open_table(path, Layout(text="body", label="queue", id="key")).table.pool()
    rows = np.random.default_rng(1).integers(0, len(pool), 20_000)
    return len(frame) == len(pool) and pool.take(rows).texts() == frame["body"].iloc[rows].tolist()


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as root:
        for width in (80, 600):
            write(Path(root), rows, width)
            for suffix in ("csv", "parquet"):
                path, cache = Path(root) / f"{width}.{suffix}", f"{root}/cache-{width}-{suffix}"
                call = [sys.executable, __file__, "--one", str(path)]
                told = subprocess.run(call, env=os.environ | {"TUTELAGE_CACHE": cache}, check=True, capture_output=True)
                mine = json.loads(told.stdout)
                frame, spent = peer(path)
                if not equal(path, frame, cache):
                    raise SystemExit(f"{path.name}: the texts differ from the peer's")
                del frame
                report(f"tables.{suffix}.{width}", rows, mine, spent)


def report(id: str, rows: int, mine: dict[str, float], peer_seconds: float) -> None:
    def line(part: str, ours: float, limit: float | None, peer: float | None = None, **more: float) -> None:
        told = {"id": f"{id}.{part}", "rows": rows, "ours": round(ours, 5), "peer": peer and round(peer, 4)}
        told |= {"ratio": peer and round(peer / ours, 2), "limit": limit, "of_limit": limit and round(ours / limit, 3)}
        print(json.dumps(told | {key: round(value, 4) for key, value in more.items()}), flush=True)

    line("open_s", mine["open"], LIMITS["open"], peer_seconds, cpu=mine["open_cpu"], load=mine["load"])
    line("again_s", mine["again"], LIMITS["again"], peer_seconds)
    line("private_mb", mine["private_mb"], LIMITS["private"], before=mine["before_mb"])
    line("take_s", mine["take"], None)
    limit = LIMITS["read"] if ".80" in id else None
    line("read_s", mine["read"], limit, cold=mine["read_cold"], arrow=mine["read_arrow"])
    line("first_split_keys_s", mine["first_split_keys"], None)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(ours(Path(sys.argv[2]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
