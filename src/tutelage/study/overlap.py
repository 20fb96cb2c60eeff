"""How much two arms asked about the same rows.

    overlap = |A and B| / |A|,   A and B the rows that the two arms asked about, over all rounds, each counted once

Rows are numbers of the pool's table, so both arms have the same data and, at the same seed, the same table. It is
|A and B| / |B|, too, where both asked about equally many. Two that draw one of k replies to each prompt, independently
and at random, share 1 / k.
"""

from __future__ import annotations

import numpy as np

from tutelage.core.data import Floats, Ints
from tutelage.core.errors import Fault, Refused
from tutelage.runs.record import Record, arrays
from tutelage.study.measure import round_lines


def overlaps(record: Record, arm: str, other: str) -> Floats:
    """(S,) the share of `arm`'s rows that are `other`'s, NaN where unfinished and where `arm` asked about none.

    Refused where the two have different data: a row of one table is no row of another.
    """
    recipes = record.read().recipes
    if recipes[arm].data != recipes[other].data:
        what = f"{arm} and {other} have different data, so that no row of one is a row of the other"
        raise Refused(Fault(record.name, what, "overlap compares arms that choose from the same pool"))
    made = np.full(len(record.seeds), np.nan)
    for place, seed in enumerate(record.seeds):
        if all(record.state(one, seed).status == "done" for one in (arm, other)):
            mine, theirs = _chosen(record, arm, seed), _chosen(record, other, seed)
            made[place] = np.isin(mine, theirs).mean() if len(mine) else np.nan
    return made


def _chosen(record: Record, arm: str, seed: int) -> Ints:
    """(n,) row numbers, each once."""
    folder = record.arm_folder(arm, seed)
    each = [arrays(folder / line["arrays"])["chosen"] for line in round_lines(record, arm, seed)]
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *each]))
