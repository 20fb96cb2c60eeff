"""Sets the best recorded reply to the same prompt against each reply that was chosen, as its negative; free.

    lesson(row) = Preference(chosen: the best reply of the pool to the row's prompt, rejected: the row's reply)

Which one is best a column of the pool says: the largest number, or with `best` the word that stands first there, words
that are not in it last; of equals the first in the table. A row that is as good as the best gives no lesson, so what is
chosen here are negatives, and a chooser picks the hard, the typical or any of them. Facts: `pairs`, and `as_good`, rows
without a lesson.

Source: pairs of the best of several recorded replies and one of the others, as in Tunstall et al. (2023), Zephyr,
section 3.2, who draw the other at random: `choose: {use: uniform, keep: 1}`.
Neutral limit: where all replies to a prompt are equally good nothing is taught.

>>> from tutelage.toys import ANSWERS, replies_pool, stream, view
>>> from tutelage.core.data import Rows
>>> pool = replies_pool([("1 + 1", "2", "r1"), ("1 + 1", "3", "r2"), ("1 + 1", "11", "r3")], reward=[1.0, 0.5, 0.0])
>>> taught = Preferred().teach(Rows(pool, np.array([2, 0])), view(pool), ANSWERS, stream(0, "teach"))
>>> taught.lessons[0].given["chosen"].tolist(), taught.lessons[0].given["rejected"].tolist(), taught.facts["as_good"]
(['2'], ['11'], 1.0)
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pyarrow as pa

from tutelage.core.data import Block, Floats, Ints, Kinds, Pool, Preference, Rng, Rows
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import method
from tutelage.core.stages import Answers, Taught, View
from tutelage.kit.ratings import prompt_codes, replies


@method
class Preferred:
    by: str = "reward"  # a column of the pool: numbers, more is better, or words
    best: tuple[str, ...] = ()  # words of that column, the best first; without any it holds numbers

    needs: ClassVar[Kinds] = frozenset()
    gives: ClassVar[Kinds] = frozenset({Preference})
    spends: ClassVar[frozenset[str]] = frozenset()

    def taught(self, rows: int) -> float:
        """At most one a row."""
        return float(rows)

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """Refused for a pool without the column, or one that holds something else."""
        if asked.size == 0:
            return Taught(())
        worth = self._worth(asked.pool)
        best = _best(prompt_codes(asked.pool), worth, asked.pool.numbers)[asked.rows]
        worse = worth[asked.rows] < worth[best]
        rows, others = asked.rows[worse], best[worse]
        facts = {"pairs": float(len(rows)), "as_good": float(asked.size - len(rows))}
        if not len(rows):
            return Taught((), facts)
        told = {name: np.array(replies(asked.pool.take(at)), dtype=object)
                for name, at in (("chosen", others), ("rejected", rows))}  # fmt: skip
        ones = np.ones(len(rows))
        return Taught((Block(Rows(asked.pool, rows), None, Preference, told, "preferred", 0 * ones, ones),), facts)

    def _worth(self, pool: Pool) -> Floats:
        """(n,) how good each reply is; more is better."""
        names = pool.table.columns.column_names
        if self.by not in names:
            what = f"{pool.name!r} has no column {self.by!r}; its columns are: {', '.join(names)}"
            raise Refused(Fault("teach.by", what, nearest(self.by, names)))
        column = pool.column(self.by)
        number = pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
        if self.best:
            words = [str(word) for word in column.to_pylist()]
            known = {word: float(-place) for place, word in enumerate(self.best)}
            if not set(words) & set(known):
                what = f"no row of {pool.name!r} has {' or '.join(self.best)} in {self.by!r}"
                raise Refused(Fault("teach.best", what, nearest(self.best[0], sorted(set(words)))))
            return np.array([known.get(word, -float(len(known))) for word in words])
        if not number:
            what = f"{self.by!r} of {pool.name!r} holds words: say which are better, the best first"
            raise Refused(Fault("teach.best", what, f"--set 'teach.best=[{column[0].as_py()}]'"))
        worth = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
        if np.isnan(worth).any():
            row = pool.ids()[int(np.flatnonzero(np.isnan(worth))[0])]
            raise Refused(Fault("teach.by", f"row {row} of {pool.name!r} has no number in {self.by!r}"))
        return worth


def _best(codes: Ints, worth: Floats, numbers: Ints) -> Ints:
    """(n,) the position of the best row of each row's prompt; of equals the first in the table."""
    order = np.lexsort((numbers, -worth, codes))
    _, first, back = np.unique(codes[order], return_index=True, return_inverse=True)
    made = np.empty(len(codes), dtype=np.int64)
    made[order] = order[first[back]]
    return made
