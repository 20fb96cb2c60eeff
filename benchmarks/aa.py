"""Two equal arms with luck of their own, really taught and really judged: how often is one called better?

    OMP_NUM_THREADS=1 python benchmarks/aa.py [STUDIES]

Each study teaches softmax regression on handwritten digits with 30 labels in two rounds of uniform choice, twice over,
at five seeds of its own drawn from the master seed below, and judges one arm against the other by the final accuracy
on the 359 pictures of the exam, as any study is judged. One JSON line: in how many of the studies (200 unless told) the
95 % interval excluded 0, with Wilson's interval of that share; `limit`: the share asked for at most. The studies so
far are on standard error. The master seed was written down before the first run and stays.
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

from tutelage.core.rng import stream
from tutelage.kit.intervals import wilson
from tutelage.recipe.read import read_text
from tutelage.study.judge import Judged, judge
from tutelage.study.run import go_on, prepare, start

MASTER = 20261124
STUDIES = 200
LIMIT = 0.07
RECIPE = """
arms:
  one: {data: {use: digits, start_per_class: 1}, student: {use: vector.logistic}, choose: {use: uniform},
        rounds: 2, per_round: 10, luck: own}
  other: {}
budget: {labels: 30}
control: none
shows: [{treatment: one, control: other}]
"""


def study(number: int, folder: Path) -> Judged:
    """Five seeds that no other study has (within the odds of a draw from 2^40), taught and judged."""
    seeds = stream(MASTER, "aa", number).integers(1 << 40, size=5).tolist()
    record = start(prepare(read_text(f"{RECIPE}seeds: {seeds}\n", f"aa-{number}.yaml")), folder)
    go_on(record, 0)
    return judge(record)[0]


def main(studies: int) -> dict[str, Any]:
    excluded, began = 0, time.process_time()
    for number in range(studies):
        with tempfile.TemporaryDirectory() as folder:
            one = study(number, Path(folder))
        excluded += one.verdict != "unclear"
        print(f"{number + 1:4d}  {one.estimate:+.4f} [{one.low:+.4f}, {one.high:+.4f}]  {one.verdict}  "
              f"{excluded} so far", file=sys.stderr)  # fmt: skip
    share, low, high = wilson(excluded, studies)[:3]
    return {"id": "aa/digits", "master": MASTER, "studies": studies, "excluded": excluded, "share": share, "low": low,
            "high": high, "limit": LIMIT, "of_limit": share / LIMIT,
            "seconds_a_study": round((time.process_time() - began) / studies, 2)}  # fmt: skip


if __name__ == "__main__":
    print(f"load {os.getloadavg()[0]:.2f}", file=sys.stderr)
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else STUDIES)))
