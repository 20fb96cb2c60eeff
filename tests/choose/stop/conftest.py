"""A rule asked round after round about students whose every belief is stated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tutelage.core.data import Rows, Table, labelled
from tutelage.core.rng import stream
from tutelage.core.stages import Stopped
from tutelage.toys import Nearest, view


class Told(Nearest):
    """Believes what it is told, row by row of the table."""

    def __new__(cls, beliefs: Any) -> Any:
        return object.__new__(cls)

    def __init__(self, beliefs: Any) -> None:
        object.__setattr__(self, "beliefs", np.asarray(beliefs, dtype=np.float32))
        names = tuple(f"c{i}" for i in range(self.beliefs.shape[1]))
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "means", np.zeros((len(names), 1), dtype=np.float32))

    def probs(self, pool: Any) -> Any:
        return self.beliefs[pool.numbers]


@pytest.fixture
def follow() -> Callable[..., list[Stopped]]:
    """follow(rule, p, q, ..., held=[...]): what the rule says after each round; `held[i]` rows are labelled by then."""

    def made(rule: Any, *beliefs: Any, held: Any = None, codes: Any = None, seed: int = 0) -> list[Stopped]:
        size = len(beliefs[0])
        names = tuple(f"c{i}" for i in range(np.asarray(beliefs[0]).shape[1]))
        points = np.arange(size, dtype=np.float32)[:, None]
        pool = Table.of("followed", {"id": [f"r{i}" for i in range(size)], "vector": points}, names).pool()
        said: list[Stopped] = []
        for number, one in enumerate(beliefs):
            rows = np.array([0, 1] if held is None else held[number], dtype=np.int64)
            given = np.arange(len(rows)) % 2 if codes is None else np.full(len(rows), codes)
            seen = view(pool.without(rows), Told(one), (labelled(Rows(pool, rows), given, "oracle"),))
            memory = said[-1].memory if said else {}
            said.append(rule.stop(seen._replace(memory=memory, round=number), stream(seed, "stop", number)))
        return said

    return made
