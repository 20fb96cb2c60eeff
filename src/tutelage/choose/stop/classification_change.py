"""Stop when what the student says of the rest of the pool has ceased to change from round to round.

    share of x in U with argmax p_now(x) != argmax p_before(x)  <=  threshold,   `window` comparisons in a row

U = the examples not yet taught, p = the student's probabilities, now and after the round before. Says nothing while
lessons of fewer than two classes are held, when nothing can change, and about an empty pool.

Source: Zhu, Wang, Hovy (2008), Multi-criteria-based strategy to stop active learning for data annotation
(classification change: threshold 0, one comparison); Zhu, Wang, Hovy, Ma (2010) set other thresholds by it.
Neutral limit: none. A rule that compares can be made to stop at its first comparison (threshold 1), not never.

>>> from tutelage.toys import stream, view
>>> import numpy as np
>>> one = ClassificationChange().stop(view(taught=np.array([0, 5])), stream(0, "stop"))
>>> two = ClassificationChange().stop(view(taught=np.array([0, 5]))._replace(memory=one.memory), stream(0, "stop"))
>>> one.stop, two.stop, two.value                     # nothing to compare with; then the same student again
(False, True, 0.0)
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Stopped, View
from tutelage.kit.ask import guesses
from tutelage.kit.lessons import classes_held
from tutelage.kit.ranking import in_table_order


@method
class ClassificationChange:
    """A single example that wavers keeps it going: for a large pool allow a share, such as threshold 0.001."""

    threshold: Annotated[float, Field(ge=0, le=1)] = 0.0
    window: Annotated[int, Field(ge=1)] = 1

    needs: ClassVar[Kinds] = frozenset({CanWeigh})

    def stop(self, view: View, rng: Rng) -> Stopped:
        """Memory: row numbers and classes of the pool, and the shares that changed in the last comparisons."""
        if classes_held(view.lessons) < 2:
            return Stopped(False, math.nan)
        pool = in_table_order(view.pool).pool
        now = guesses(view.student, pool)
        changed: list[float] = list(view.memory.get("changed", ()))
        value = math.nan
        if "numbers" in view.memory:
            _, here, there = np.intersect1d(pool.numbers, view.memory["numbers"], return_indices=True)
            if len(here):
                value = float((now[here] != view.memory["guesses"][there]).mean())
                changed = [*changed, value][-self.window :]
        memory = {"numbers": pool.numbers, "guesses": now, "changed": tuple(changed)}
        enough = len(changed) == self.window and max(changed) <= self.threshold
        return Stopped(enough and not math.isnan(value), value, memory)
