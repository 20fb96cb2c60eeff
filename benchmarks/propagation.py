"""Belief propagation over bags with exact counts: 20 sweeps of 1,000,000 rows in bags of 8, about 5 edges a row.

    OMP_NUM_THREADS=1 python benchmarks/propagation.py [ROWS]

The peer is the same algorithm as plain loops, one bag and one edge at a time, over 2,000 rows; its beliefs after 3 sweeps
have to be ours to 1e-9. Its time for ROWS rows is that of 2,000 times ROWS / 2,000. The line `propagation` compares
with it; `limit` is 15 seconds for a million rows, in proportion for another number. Building the edges is timed apart.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from tutelage.kit.propagation import Bags, Edges, joined, propagate

SIZE, NEIGHBOURS, SWEEPS, SMALL, LIMIT = 8, 5, 20, 2_000, 15.0


def material(rows: int) -> tuple[Edges, Bags]:
    """Random edges, which is the worst case for the cache, and random counts."""
    rng = np.random.default_rng(0)
    rows -= rows % SIZE
    one, other = np.repeat(np.arange(rows), NEIGHBOURS), rng.integers(0, rows, rows * NEIGHBOURS)
    edges = joined(one, other, rng.random(len(one)), rows, add=False)
    starts = np.arange(0, rows + 1, SIZE)
    inside = rng.integers(0, SIZE + 1, len(starts) - 1).astype(np.float64)
    return edges, Bags(starts, np.stack([SIZE - inside, inside], axis=1), 10.0)


def plain(edges: Edges, bags: Bags, sweeps: int) -> Any:
    """Two classes, log-odds, damping 1/2: every message by a loop."""
    rows = int(bags.starts[-1])
    ends = list(zip(edges.left.tolist(), edges.right.tolist(), np.exp(-edges.weight).tolist(), strict=True))
    passed = [[0.0, 0.0] for _ in ends]
    counted, total = [0.0] * rows, [0.0] * rows
    for _ in range(sweeps):
        new = []
        for (left, right, a), (there, back) in zip(ends, passed, strict=True):
            forth, home = math.exp(total[left] - back), math.exp(total[right] - there)
            new.append([(there + math.log((a + forth) / (a * forth + 1))) / 2,
                        (back + math.log((a + home) / (a * home + 1))) / 2])  # fmt: skip
        odds = [t - c for t, c in zip(total, counted, strict=True)]
        for bag in range(len(bags.starts) - 1):
            start, stop, known = int(bags.starts[bag]), int(bags.starts[bag + 1]), float(bags.counts[bag, 1])
            p = [1 / (1 + math.exp(-h)) for h in odds[start:stop]]
            for i in range(start, stop):
                mass = [1.0]
                for j, one in enumerate(p):
                    if j != i - start:
                        mass = [x * (1 - one) + y * one for x, y in zip([*mass, 0.0], [0.0, *mass], strict=True)]
                up, down = (
                    sum(m * math.exp(-bags.strength * (k + more - known) ** 2) for k, m in enumerate(mass))
                    for more in (1, 0)
                )
                counted[i] = (counted[i] + math.log(max(up, 1e-300) / max(down, 1e-300))) / 2
        passed, total = new, list(counted)
        for (left, right, _), (there, back) in zip(ends, passed, strict=True):
            total[right] += there
            total[left] += back
    return np.array([1 / (1 + math.exp(-t)) for t in total])


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"load {os.getloadavg()[0]:.2f}", file=sys.stderr)
    edges, bags = material(SMALL)
    theirs = plain(edges, bags, 3)
    ours = propagate(np.zeros((SMALL, 2)), edges, bags, 3, tolerance=0.0).probs[:, 1]
    if np.abs(ours - theirs).max() > 1e-9:
        raise SystemExit(f"beliefs differ by {np.abs(ours - theirs).max()}; times would mean nothing")
    started = time.perf_counter()
    plain(edges, bags, 2)
    peer = (time.perf_counter() - started) / 2 * SWEEPS * rows / SMALL
    started = time.perf_counter()
    edges, bags = material(rows)
    print(f"building {len(edges.left)} edges: {time.perf_counter() - started:.2f} s", file=sys.stderr)
    unary = np.zeros((int(bags.starts[-1]), 2))
    started = time.perf_counter()
    found = propagate(unary, edges, bags, SWEEPS, tolerance=0.0)
    took = time.perf_counter() - started
    if found.sweeps != SWEEPS:
        raise SystemExit(f"{found.sweeps} sweeps were made, not {SWEEPS}")
    limit = LIMIT * rows / 1_000_000
    line = {"id": f"propagation/{rows}x{SIZE}x{SWEEPS}", "ours": round(took, 3), "peer": round(peer, 1),
            "ratio": round(peer / took, 1), "limit": limit, "of_limit": round(took / limit, 3)}  # fmt: skip
    print(json.dumps(line))


if __name__ == "__main__":
    main()
