"""A score of an exam taken apart by the values of a column, so that each part has a mean over all items.

The score of a value v is the mean over all n items, where those of v, n_v of them, count n / n_v and the others 0: it
is the mean of its items like the whole, and can be compared item by item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from tutelage.core.data import Bools, Exam, Pool, Score
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.kit.exams import mean

Sets: TypeAlias = Mapping[str, Sequence[str]]  # name of a set -> its values


def values_of(exam: Exam, name: str) -> list[str]:
    """(n,) the column of every item. Refused for a column that the exam has not."""
    table = exam.truth[0].about.pool.table
    if name not in table.columns.column_names:
        help = nearest(name, table.columns.column_names)
        raise Refused(Fault("assess.by", f"{table.name!r} has no column {name!r}", help))
    numbers = np.concatenate([block.about.numbers[block.weight > 0] for block in exam.truth])
    return [str(value) for value in Pool(table, numbers, ()).column(name).to_pylist()]


def apart(
    whole: Score, values: Sequence[str], together: Mapping[str, Sequence[str]] | None = None
) -> tuple[Score, ...]:
    """A score for each value, in alphabetical order, the worst of them, and one for each set of values by its name.

    Refused for a set of which the exam has no item.
    """
    told = np.array(values, dtype=object)
    named = np.unique(told).tolist()
    sets = {name: np.isin(told, list(some)) for name, some in (together or {}).items()}
    if empty := [name for name, where in sets.items() if not where.any()]:
        what = f"no item of the exam is in {', '.join(empty)}"
        raise Refused(Fault("assess.together", what, f"values here: {', '.join(named)}"))
    each = [_of(whole, name, told == name) for name in named]
    worst = [min(each, key=lambda score: score.value)._replace(name=f"{whole.name}_worst")] if each else []
    return (*each, *worst, *(_of(whole, name, where) for name, where in sets.items()))


def _of(whole: Score, name: str, where: Bools) -> Score:
    items = np.asarray(whole.items * (where * (len(where) / where.sum())), dtype=np.float32)
    return whole._replace(name=f"{whole.name}_{name}", value=mean(items), items=items)
