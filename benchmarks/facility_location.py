"""Facility location beside apricot and submodlib: real embeddings, the same picks first, then time.

    OMP_NUM_THREADS=1 python benchmarks/facility_location.py [points picks]

By default 4,000 messages and 100 picks. `apricot` and `submodlib` are given the similarities of all pairs, computed
in one float32 product (that time is theirs too, as ours begins at the embeddings); both run their lazy greedy, and
the better of two runs counts, as apricot compiles in the first. `graph` is the choice on the 100 nearest neighbours of every point, the graph being
given to both. A peer that is not installed is left out, which standard error says.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

from common import agree, line, messages, missing, timed  # first: it pins the threads, which numpy reads once

# isort: split
import numpy as np
from scipy import sparse

from tutelage.choose.facility_location import STEP, among_all, on_graph
from tutelage.core.rng import stream
from tutelage.kit.graph import directed, like

LIMIT = 30.0


def likeness(x: Any) -> Any:
    return np.maximum(x @ x.T, 0)


def value(x: Any, rows: Any) -> float:
    return float(np.maximum(x.astype(float) @ x[rows].T, 0).max(axis=1).sum())


def same(name: str, x: Any, mine: Any, theirs: Any) -> None:
    """The first ten picks, and the value of all: where two gains differ by less than a step either may come first."""
    agree(name, list(mine[:10]) == list(theirs[:10]), "picks differ")
    agree(name, abs(value(x, mine) / value(x, theirs) - 1) < 1e-4, "values differ")


def better(call: Callable[[], Any]) -> tuple[float, Any]:
    return min((timed(call) for _ in range(2)), key=lambda made: made[0])


def ours(x: Any, picks: int) -> tuple[float, Any]:
    return better(lambda: among_all(x, np.zeros(len(x), np.float32), picks, stream(0, "bench")).rows)


def apricot_lazy(material: Any, picks: int) -> Any:
    from apricot import FacilityLocationSelection

    return FacilityLocationSelection(picks, metric="precomputed", optimizer="lazy").fit(material).ranking


def apricot(x: Any, picks: int) -> dict[str, Any] | None:
    if missing("facility_location/apricot", "apricot", "apricot-select"):
        return None
    mine, rows = ours(x, picks)
    peer, theirs = better(lambda: apricot_lazy(likeness(x), picks))
    same("facility_location/apricot", x, rows, theirs)
    return line(f"facility_location/apricot/{len(x)}x384x{picks}", mine, peer, LIMIT)


def submodlib(x: Any, picks: int) -> dict[str, Any] | None:
    if missing("facility_location/submodlib", "submodlib", "submodlib-py"):
        return None
    from submodlib.functions.facilityLocation import FacilityLocationFunction

    def call() -> Any:
        f = FacilityLocationFunction(n=len(x), mode="dense", sijs=likeness(x), separate_rep=False)
        return [row for row, _ in f.maximize(budget=picks, optimizer="LazyGreedy", show_progress=False)]

    mine, rows = ours(x, picks)
    peer, theirs = better(call)
    same("facility_location/submodlib", x, rows, theirs)
    return line(f"facility_location/submodlib/{len(x)}x384x{picks}", mine, peer, LIMIT)


def graph(x: Any, picks: int) -> dict[str, Any] | None:
    if missing("facility_location/graph", "apricot", "apricot-select"):
        return None
    near = like(x, 100, stream(0, "bench"))
    cosines = np.rint(np.maximum(near.cosines, 0) * STEP) / STEP
    edges = sparse.csr_matrix(directed(near.rows, cosines).T + sparse.identity(len(x)))  # row: who is served
    mine, taken = better(
        lambda: on_graph(near.rows, near.cosines, np.zeros(len(x), np.float32), picks, stream(0, "bench"))
    )
    peer, theirs = better(lambda: apricot_lazy(edges, picks))

    def reached(rows: Any) -> float:
        return float(edges[rows].max(axis=0).sum())

    agree("facility_location/graph", abs(reached(theirs) / reached(taken.rows) - 1) < 1e-4, "values differ")
    agree("facility_location/graph", abs(taken.gains.sum() / STEP / reached(taken.rows) - 1) < 1e-9, "a sum is wrong")
    return line(f"facility_location/graph/apricot/{len(x)}x100x{picks}", mine, peer, LIMIT)


def main(n: int, picks: int) -> None:
    x = messages(n)
    for workload in (apricot, submodlib, graph):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the peers'
            made = workload(x, picks)
        if made:
            print(json.dumps(made), flush=True)


if __name__ == "__main__":
    print(f"load {os.getloadavg()}", file=sys.stderr)
    main(*([int(argument) for argument in sys.argv[1:]] or [4_000, 100]))
