"""IDEAL's greedy diffusion beside cascades simulated in Python: real embeddings, equal counts first, then time.

    OMP_NUM_THREADS=1 python benchmarks/ideal.py [points picks]

By default 3,000 messages and 18 picks, as in the paper: 10 neighbours, 10 cascades. The graph is given to both. The
peer is the obvious loop, for every pick every candidate and ten cascades each; that would take minutes, so it is
timed for 40 candidates beside 0, 1/2 and all of the picks, and summed by the trapezoid rule. The two agree when the
peer, walking the worlds of ours, reaches as many nodes from each of 40 candidates. (ndlib 6.0.1 simulates cascades
too; it does not import where `six` is not installed, which it does not ask for.)
"""

from __future__ import annotations

import json
import os
import random
import sys
from typing import Any

from common import agree, line, messages, timed  # first: it pins the threads, which numpy reads once

# isort: split
import numpy as np

from tutelage.choose.ideal import most_influential
from tutelage.core.rng import stream
from tutelage.kit.cascade import chances, gains, worlds
from tutelage.kit.graph import like

CASCADES, TRIED = 10, 40


def cascade(edges: list[list[tuple[int, float]]], seeds: list[int], luck: random.Random) -> int:
    active, newly = set(seeds), list(seeds)
    while newly:
        reached = []
        for v in newly:
            for w, chance in edges[v]:
                if w not in active and luck.random() < chance:
                    active.add(w)
                    reached.append(w)
        newly = reached
    return len(active)


def walked(starts: list[int], ends: list[int], node: int) -> int:
    seen, waiting = {node}, [node]
    while waiting:
        v = waiting.pop()
        for w in ends[starts[v] : starts[v + 1]]:
            if w not in seen:
                seen.add(w)
                waiting.append(w)
    return len(seen)


def main(n: int, picks: int) -> dict[str, Any]:
    near, cosines = like(messages(n), 10, stream(0, "bench"))
    chance = chances(cosines)
    some = np.random.default_rng(0).permutation(n)[:TRIED]
    those = worlds(near, chance, CASCADES, stream(1, "bench"))
    counted = gains(those, some, np.zeros(those.nodes, dtype=bool)).tolist()
    starts, ends = those.starts.tolist(), those.ends.tolist()
    true = [sum(walked(starts, ends, row + world * n) for world in range(CASCADES)) for row in some.tolist()]
    agree("ideal", counted == true, "counts differ")
    ours, taken = timed(lambda: most_influential(near, chance, 0, picks, CASCADES, stream(2, "bench")))
    edges = [list(zip(*pair, strict=True)) for pair in zip(near.tolist(), chance.tolist(), strict=True)]
    luck, steps, times = random.Random(0), np.array([0, picks // 2, picks - 1]), []
    for step in steps.tolist():
        seeds = taken.rows[:step].tolist()

        def tried(seeds: list[int] = seeds) -> None:
            for row in some.tolist():
                for _ in range(CASCADES):
                    cascade(edges, [*seeds, row], luck)

        times.append(timed(tried)[0] / TRIED * n)
    peer = float(np.trapezoid(times, steps)) + times[-1]
    return line(f"ideal/python/{n}x{picks}", ours, peer, 100.0)


if __name__ == "__main__":
    print(f"load {os.getloadavg()}", file=sys.stderr)
    print(json.dumps(main(*([int(argument) for argument in sys.argv[1:]] or [3_000, 18]))))
