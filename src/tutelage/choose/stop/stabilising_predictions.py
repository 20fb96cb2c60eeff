"""Stop when students of successive rounds agree almost perfectly about a fixed set of unlabelled examples.

    mean of the last `window` values of kappa(now, before)  >  threshold

kappa = Cohen's agreement of the best guesses after a round and after the round before, over a stop set of at most
`size` examples drawn from the pool after the first round. Examples of it that are asked about later stay in it. Says
nothing before `window` comparisons, or where one of them cannot be told from chance: both students guess one and the
same class throughout.

Source: Bloodgood, Vijay-Shanker (2009), A method for stopping active learning based on stabilizing predictions,
sections 3 and 4: threshold 0.99, three comparisons, 2,000 examples.
Neutral limit: threshold 1 never stops.

>>> from tutelage.toys import stream, view
>>> import numpy as np
>>> rule, memory = StabilisingPredictions(window=2), {}
>>> for number in range(3):                           # the same student three times: two comparisons, both perfect
...     said = rule.stop(view(taught=np.array([0, 5]))._replace(memory=memory), stream(0, "stop", number))
...     memory = said.memory
...     said.stop, said.value
(False, nan)
(False, nan)
(True, 1.0)
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Pool, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanWeigh, Stopped, View
from tutelage.kit.agreement import cohen
from tutelage.kit.ask import guesses
from tutelage.kit.ranking import at_random


@method
class StabilisingPredictions:
    """It sees change, not quality: a student that has stopped learning is stable, too."""

    threshold: Annotated[float, Field(ge=0, le=1)] = 0.99
    window: Annotated[int, Field(ge=1)] = 3
    size: Annotated[int, Field(ge=1)] = 2000

    needs: ClassVar[Kinds] = frozenset({CanWeigh})

    def stop(self, view: View, rng: Rng) -> Stopped:
        """Memory: row numbers of the stop set, the guesses about it, the last values of kappa."""
        if "numbers" in view.memory:
            numbers = view.memory["numbers"]
        else:
            numbers = np.sort(view.pool.numbers[at_random(view.pool, self.size, rng).rows])
        now = guesses(view.student, Pool(view.pool.table, numbers, view.pool.labels))
        kappas: list[float] = list(view.memory.get("kappas", ()))
        if "guesses" in view.memory:
            kappas = [*kappas, cohen(view.memory["guesses"], now)][-self.window :]
        value = float(np.mean(kappas)) if len(kappas) == self.window else math.nan
        return Stopped(value > self.threshold, value, {"numbers": numbers, "guesses": now, "kappas": tuple(kappas)})
