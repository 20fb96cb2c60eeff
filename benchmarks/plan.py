"""How far a plan's seconds are off for a study that is not the one that the machine was calibrated on.

    OMP_NUM_THREADS=1 python benchmarks/plan.py [SHARE]

Each pair runs one study, learns this machine's rates from it alone, plans another (other sizes, other budget, other
settings, the same kind of student), runs that, and compares the seconds of all its loops with the planned ones. The
times are this machine's, so what else runs on it counts. SHARE (1 unless told) scales the budgets: 0.3 is a quick try.
One JSON line: `ours` is the median over the pairs of |actual - planned| / planned, `limit` what is asked for; `disk` is the same of the folder's bytes. Bought
units have to be equal, or it stops there. The pairs so far are on standard error. Needs the assets of few-labels.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from tutelage.kit.cache import cache_folder
from tutelage.recipe.read import read_text
from tutelage.runs.record import Record
from tutelage.study.calibration import load, path
from tutelage.study.planned import planned
from tutelage.study.run import go_on, prepare, start

LIMIT = 0.25
EMBEDDED = "{use: text.embedded, features: centred, strength: 300}"
SELF = "steps: [{}, {choose: {use: everything}, per_round: null, teach: {use: self_training}, keep: false}]"
PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "digits, softmax head": (
        {"data": "{use: digits, pca: 20}", "student": "{use: vector.logistic}", "arms": ("uniform", "margin"), "per": 10, "labels": 150},
        {"data": "{use: digits}", "student": "{use: vector.logistic}", "arms": ("margin",), "per": 20, "labels": 600},
    ),
    "digits, network": (
        {"data": "{use: digits}", "student": "{use: vector.mlp, hidden: [16], epochs: 40}", "arms": ("uniform", "badge"), "per": 20, "labels": 160},
        {"data": "{use: digits}", "student": "{use: vector.mlp, hidden: [64], epochs: 60}", "arms": ("badge",), "per": 40, "labels": 320},
    ),
    "trec to banking77": (
        {"data": "{use: trec, split: dev}", "student": EMBEDDED, "arms": ("uniform", "margin"), "per": 20, "labels": 200},
        {"data": "{use: banking77, split: dev}", "student": EMBEDDED, "arms": ("uniform", "margin"), "per": 28, "labels": 308},
    ),
    "banking77, dev to test": (
        {"data": "{use: banking77, split: dev, pool: 4000}", "student": EMBEDDED, "arms": ("uniform", "typical"), "per": 20, "labels": 200},
        {"data": "{use: banking77, split: test}", "student": EMBEDDED, "arms": ("uniform", "typical"), "per": 28, "labels": 308},
    ),
    "banking77, self-training": (
        {"data": "{use: banking77, split: dev, pool: 5000}", "student": EMBEDDED, "arms": ("typical",), "per": 20, "labels": 160, "more": SELF},
        {"data": "{use: banking77, split: test}", "student": EMBEDDED, "arms": ("uniform",), "per": 28, "labels": 308, "more": SELF},
    ),
}  # fmt: skip


def run(about: dict[str, Any], share: float, folder: Path, name: str) -> Record:
    """Started with a plan from the rates so far, then run in this process."""
    first, *others = about["arms"]
    labels = max(round(about["labels"] * share / about["per"]), 3) * about["per"]
    text = (
        f"arms:\n  {first}: {{data: {about['data']}, student: {about['student']}, choose: {{use: {first}}}, "
        f"per_round: {about['per']}, {about.get('more', 'rounds: null')}}}\n"
        + "".join(f"  {other}: {{choose: {{use: {other}}}}}\n" for other in others)
        + f"seeds: 2\ncontrol: none\nbudget: {{labels: {labels}}}\n"
    )
    record = start(prepare(read_text(text, f"{name}.yaml")), folder, name=name)
    go_on(record, 0)
    return record


def pair(name: str, share: float, folder: Path) -> tuple[float, float]:
    """The errors of the second study's seconds and of the disk that it took."""
    path().unlink(missing_ok=True)
    known, new = PAIRS[name]
    run(known, share, folder, "known")
    rounds = load().seen("learn")
    record = run(new, share, folder, "new")
    told = planned(record, record.states())
    rows = {row.what: row for row in told.rows} if told else {}
    assert rows["labels"].planned == rows["labels"].actual, "bought units are exact"
    seconds = rows["seconds"]
    assert seconds.planned, seconds.why
    disk = rows["bytes"].off
    flop = rows["flop"].off
    print(f"{name}: planned {seconds.planned:.2f} s, took {seconds.actual:.2f} s, off {seconds.off:+.0%} (FLOP {flop:+.0%}, "
          f"disk {disk:+.0%}), after {rounds} rounds", file=sys.stderr)  # fmt: skip
    return abs(seconds.off), abs(disk)


def main(share: float) -> dict[str, Any]:
    errors, began = [], time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        cache.mkdir()
        for kind in ("assets", "tables", "embeddings"):  # what is fetched and embedded already stays of use
            (cache / kind).symlink_to(cache_folder(kind))
        os.environ["TUTELAGE_CACHE"] = str(cache)
        for number, name in enumerate(PAIRS):
            errors.append(pair(name, share, Path(folder) / f"runs{number}"))
    middle, disk = (float(np.median(side)) for side in zip(*errors, strict=True))
    seconds, sizes = ([round(one, 3) for one in side] for side in zip(*errors, strict=True))
    return {"id": "plan/seconds", "ours": round(middle, 3), "errors": seconds, "disk": round(disk, 3),
            "disk_errors": sizes, "share": share, "limit": LIMIT, "of_limit": round(middle / LIMIT, 3), "took": round(time.perf_counter() - began, 1)}  # fmt: skip


if __name__ == "__main__":
    print(f"load {os.getloadavg()[0]:.2f}", file=sys.stderr)
    print(json.dumps(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)))
