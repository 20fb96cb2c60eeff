"""Stop when a cascade along likeness from the labelled examples reaches most of the pool.

    f(S) / N  >=  threshold,    S = the labelled examples, N = how many they and the pool are together

f(S) is the influence of `choose: ideal`: each example v points at its `neighbours` most alike, u, with probability
cos(v, u) / sum of those cosines, negative ones counting as 0, and f is the mean number of examples that a cascade
from S reaches over `cascades` worlds. The worlds are drawn for the whole table, whatever is labelled, and are not
those in which a chooser has counted. Asks nothing of the student but its embedding; says nothing while fewer than two
classes are held, and about an empty pool.

Source: Zhang, Xia, Wang, Chen, Liu, Wu, Liu (2024), IDEAL, the diffusion of its method; stopping by it is our use of
it. Kempe, Kleinberg, Tardos (2003) for influence over worlds.
Neutral limit: threshold 0 stops as soon as it says anything.

>>> import numpy as np
>>> from tutelage.toys import stream, vector_pool, view
>>> from tutelage.core.data import Rows, labelled
>>> pool = vector_pool([[9, 1], [9, 2], [9, 3], [1, 9]])   # with one neighbour: a -> b -> c -> b and d -> c
>>> held = labelled(Rows(pool, np.array([0, 1])), np.array([0, 1]), "oracle")
>>> said = Influence(neighbours=1).stop(view(pool.take([2, 3]), lessons=(held,)), stream(0, "stop"))
>>> said.stop, said.value                              # a and b reach c, nobody points at d
(False, 0.75)
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, Stopped, View
from tutelage.kit.ask import embeddings
from tutelage.kit.cascade import chances, influence, worlds
from tutelage.kit.graph import like
from tutelage.kit.lessons import classes_held, held


@method
class Influence:
    """For small budgets: it looks at what stands for what in the pool, and not at what the student has learnt."""

    threshold: Annotated[float, Field(ge=0, le=1)] = 0.9
    neighbours: Annotated[int, Field(ge=1)] = 10
    cascades: Annotated[int, Field(ge=1)] = 100

    needs: ClassVar[Kinds] = frozenset({CanEmbed})

    def stop(self, view: View, rng: Rng) -> Stopped:
        if not len(view.pool) or classes_held(view.lessons) < 2:
            return Stopped(False, math.nan)
        known = held(view.lessons)
        parts = [*known, view.pool]
        x = np.concatenate([embeddings(view.student, part) for part in parts])
        numbers = np.concatenate([part.numbers for part in parts])
        foreign = [part.table.fingerprint != view.pool.table.fingerprint for part in parts]
        order = np.lexsort((numbers, np.repeat(foreign, [len(part) for part in parts])))
        rows = np.flatnonzero(order < len(x) - len(view.pool))
        near, cosines = like(x[order], self.neighbours, rng)
        value = influence(worlds(near, chances(cosines), self.cascades, rng), rows) / len(x)
        return Stopped(value >= self.threshold, value)
