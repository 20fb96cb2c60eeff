"""A quality rule from a run: mean indicators of what each arm at each seed was taught, and the loss that came out.

The recipe teaches with `teach: {use: recorded, indicators: [...]}` on sets of different quality, such as
`data: {use: spoilt}`, whose mixture is another one at each seed, and examines with `reply_loss`. What is fitted is
given to `choose: {use: quality_rule, coefficients: ...}` on data that had no part in it.

Source: Cao, Kang, Wang, Sun (2023), Instruction mining, arXiv 2307.06290, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tutelage.core.data import Rng
from tutelage.core.errors import Fault, Refused
from tutelage.kit.quality_fit import Fitted, fitted
from tutelage.recipe.conditions import Measure
from tutelage.runs.record import Record
from tutelage.study.measure import per_seed, told


def fit_rule(
    record: Record,
    indicators: Sequence[str],
    rng: Rng,
    *,
    of: str = "reply_loss",
    alpha: float | None = 0.05,
    permutations: int = 999,
) -> Fitted:
    """Fitted over every finished job; jobs of one seed share their data and are left out together.

    Refused where an arm did not say an indicator, or where too few jobs are finished.
    """
    arms = list(record.read().recipes)
    x, y, seeds = [], [], []
    for arm in arms:
        loss = per_seed(record, arm, Measure(use="last", of=of))
        columns = np.stack([told(record, arm, name) for name in indicators], axis=1)
        done = ~np.isnan(loss)
        x.append(columns[done])
        y.append(loss[done])
        seeds.append(np.array(record.seeds, dtype=np.int64)[done])
    if sum(map(len, y)) == 0:
        raise Refused(Fault(record.name, "no job of this run is finished", f"tutelage resume {record.name}"))
    return fitted(np.concatenate(x), np.concatenate(y), indicators, rng, alpha=alpha, permutations=permutations,
                  clusters=np.concatenate(seeds))  # fmt: skip
