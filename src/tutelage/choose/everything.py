"""Choose the whole pool: for a ceiling, or where labels cost nothing.

The rows as they stand in the table, the first n where n is smaller. A file that is sorted by label then gives a biased
part of it; `uniform` does not.

Source: full supervision, the usual upper reference of a learning curve.
Neutral limit: with n no less than the pool this is `uniform`, as a set.

>>> from tutelage.toys import stream, view            # six points a .. f
>>> Everything().choose(view(), 10, stream(0, "choose")).rows.tolist()
[0, 1, 2, 3, 4, 5]
"""

from __future__ import annotations

from typing import ClassVar

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import Chosen, View
from tutelage.kit.ranking import in_table_order, placed


@method
class Everything:
    """Asks nothing of the student, and uses no luck."""

    needs: ClassVar[Kinds] = frozenset()

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        ordered = in_table_order(view.pool)
        return placed(ordered, range(min(max(n, 0), len(view.pool))))
