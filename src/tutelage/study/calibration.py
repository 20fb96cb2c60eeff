"""How fast this machine is, learned from the runs that it has finished; kept in the user's cache.

For each stage and method the seconds y of a round go with its counts x (study.efforts) as

    y ~ sum_k r_k x_k,   r >= 0 minimise  sum_i (y_i - r . x_i)^2 / e_i + sum_k l_k r_k^2 sum_i x_ik^2 / e_i

that is non-negative least squares, weighted by the time e_i that the fit before expects, because a longer round varies
more. In one study counts hardly vary, so that several rates would do as well; the slight penalties l decide then: time
grows with counts that could explain it, evenly, rather than being the same for every size. A method that has not run
here yet takes the rates of its stage. Only the newest rounds of each are kept.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import nnls

from tutelage.core.data import Floats
from tutelage.core.digest import digest
from tutelage.kit.cache import cache_folder
from tutelage.runs.record import write
from tutelage.study.efforts import Effort

MOST = 300  # rounds kept for each stage and method
RUNS = 2000  # arms remembered as learned from
ENOUGH = 4  # rounds from which a method's own rates are taken
FLOOR = 1e-4  # seconds; below it every time weighs alike
FIXED, GROWING = 0.02, 0.001  # penalties of a rate that does not grow, and of one that does
VERSION = 2


class Told(NamedTuple):
    """A number and whose rates it comes from: the method's own, those of its stage, or nobody's."""

    value: float
    by: str  # "method", "stage", ""


@dataclass
class Rates:
    """Everything that this machine has shown. rows: "stage use" -> [counts..., y] each; speeds: measured once."""

    rows: dict[str, list[list[float]]] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    speeds: dict[str, float] = field(default_factory=dict)
    fitted: dict[str, Floats | None] = field(default_factory=dict)

    def tell(self, effort: Effort) -> Told:
        """What to expect; value NaN where nothing like it has run here."""
        for key, by in ((f"{effort.stage} {effort.use}", "method"), (effort.stage, "stage")):
            if key not in self.fitted:
                self.fitted[key] = self._fit(key, by)
            rates = self.fitted[key]
            if rates is not None:
                return Told(float(rates @ np.asarray(effort.counts)), by)
        return Told(float("nan"), "")

    def most(self, effort: Effort) -> float:
        """The largest number that the method itself has shown; 0 where nothing of it has run here."""
        return max((row[-1] for row in self.rows.get(f"{effort.stage} {effort.use}", [])), default=0.0)

    def add(self, effort: Effort, y: float) -> None:
        """One round more; the oldest is forgotten."""
        key = f"{effort.stage} {effort.use}"
        self.rows[key] = [*self.rows.get(key, []), [*effort.counts, y]][-MOST:]
        self.fitted.clear()

    def seen(self, stage: str) -> int:
        """How many rounds of this stage the rates rest on."""
        return sum(len(rows) for key, rows in self.rows.items() if key.partition(" ")[0] == stage)

    def _fit(self, key: str, by: str) -> Floats | None:
        if by == "method":
            rows = self.rows.get(key, [])
        else:
            rows = [row for name, some in self.rows.items() if name.partition(" ")[0] == key for row in some]
        if len(rows) < ENOUGH:
            return None
        table = np.asarray(rows, dtype=np.float64)
        return fitted(table[:, :-1], table[:, -1])


def fitted(counts: Floats, y: Floats, floor: float = FLOOR) -> Floats:
    """(k,) rates, not negative, of y (n,) by counts (n, k); the first is that of what does not grow.

    >>> fitted(np.array([[1.0, 0], [1, 10], [1, 50]]), np.array([3.0, 23, 103])).round().tolist()
    [3.0, 2.0]
    >>> fitted(np.array([[1.0, 2.0, 2.0]] * 4), np.full(4, 8.0)).round(1).tolist()     # anything would do
    [0.2, 2.0, 2.0]
    """
    expected = np.maximum(y, floor)
    rates = np.zeros(counts.shape[1])
    slight = np.sqrt([FIXED, *[GROWING] * (counts.shape[1] - 1)])
    for _ in range(4):  # the weights settle in two or three
        scale = 1 / np.sqrt(np.maximum(expected, floor))
        table = counts * scale[:, None]
        penalties = np.diag(slight * np.sqrt((table**2).sum(axis=0)))
        rates, _ = nnls(np.vstack([table, penalties]), np.concatenate([y * scale, np.zeros(len(slight))]))
        expected = counts @ rates
    whole = float(expected.sum())  # the penalties made it a little less than what it took
    return np.asarray(rates * (y.sum() / whole if whole else 1.0))


def path() -> Path:
    """One file for each machine: a cache may lie on a disk that several share."""
    machine = digest(platform.node(), platform.machine(), os.cpu_count())[:16]
    return cache_folder("calibration") / f"{machine}.json"


def load() -> Rates:
    """What is known; empty on a machine that has run nothing yet, or that an older version learned from."""
    file = path()
    held: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if held.get("version") != VERSION:
        return Rates()
    return Rates(held["rows"], held["runs"], held["speeds"])


@contextmanager
def changing() -> Iterator[Rates]:
    """The rates, to be added to: written whole when the block ends; one process at a time."""
    file = path()
    with file.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rates = load()
        yield rates
        kept = {"version": VERSION, "runs": rates.runs[-RUNS:], "speeds": rates.speeds, "rows": rates.rows}
        write(file, json.dumps(kept, separators=(",", ":")))


def per_row(rates: Rates, effort: Effort, default: float) -> float:
    """A count of another kind than seconds, or the default where nothing was seen."""
    told = rates.tell(effort)
    return told.value if told.by == "method" else default
