"""Influence on a graph: how many points a set reaches in independent cascades, over one set of worlds for all.

A world keeps every edge with its probability; what can be reached from a set along the kept edges is what a cascade
started there activates (Kempe, Kleinberg, Tardos 2003, section 3). The same worlds serve every set, so differences
between sets are not noise, and the mean over worlds is exactly monotone and submodular. Counts are whole numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array, Bools, Floats, Floats32, Ints, Rng

TAGS = 1 << 24  # places of the scratch array, 64 MB: so many (source, point, world) are followed at once


class Worlds(NamedTuple):
    """Point v of world w is node w n + v; the kept edges of node i end in ends[starts[i] : starts[i + 1]]."""

    starts: Ints  # (worlds n + 1,)
    ends: Ints
    points: int
    many: int
    tags: Array  # scratch, -1 everywhere between calls

    @property
    def nodes(self) -> int:
        return self.points * self.many


def chances(cosines: Floats32) -> Floats:
    """(n, k) cosines as probabilities: rows sum to 1, or to 0 where nothing points the same way at all."""
    positive = np.maximum(cosines, 0, dtype=np.float64)
    total = positive.sum(axis=1, keepdims=True)
    return np.asarray(positive / np.where(total > 0, total, 1))


def worlds(rows: Ints, chances: Array, count: int, rng: Rng) -> Worlds:
    """`count` worlds of the graph (n, k) whose edge to rows[i, l] is kept with probability chances[i, l]."""
    points = len(rows)
    degrees, ends = np.empty((count, points), dtype=np.int64), []
    for world in range(count):
        kept = rng.random(rows.shape) < chances
        degrees[world] = kept.sum(axis=1)
        ends.append(rows[kept] + world * points)
    starts = np.concatenate([[0], np.cumsum(degrees)])
    places = max(min(TAGS, count * points * points), count * points)
    return Worlds(starts, np.concatenate(ends), points, count, np.full(places, -1, dtype=np.int32))


def gains(of: Worlds, rows: Ints, active: Bools) -> Ints:
    """(b,) how many nodes beside the active ones each point alone would reach, summed over the worlds.

    active (worlds n,): closed, that is, it holds whatever can be reached from it.
    """
    size = max(len(of.tags) // of.nodes, 1)
    found = np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        base = np.repeat(np.arange(len(part)) * of.nodes, of.many)
        reached, _ = _closure(of, base, _everywhere(of, part), active)
        found[start : start + size] = np.bincount(reached // of.nodes, minlength=len(part))
    return found


def activate(of: Worlds, rows: Ints, active: Bools) -> None:
    """Marks in `active` whatever the points reach together."""
    nodes = _everywhere(of, rows)
    _, reached = _closure(of, np.zeros(len(nodes), dtype=np.int64), nodes, active)
    active[reached] = True


def influence(of: Worlds, rows: Ints) -> float:
    """The mean number of points that the set reaches, itself included."""
    active = np.zeros(of.nodes, dtype=bool)
    activate(of, rows, active)
    return float(active.sum() / of.many)


def _everywhere(of: Worlds, rows: Ints) -> Ints:
    """The nodes of these points in every world."""
    return (np.asarray(rows)[:, None] + np.arange(of.many) * of.points).ravel()


def _closure(of: Worlds, base: Ints, nodes: Ints, active: Bools) -> tuple[Ints, Ints]:
    """All that the nodes reach, not going through active ones: base + node, and node. Breadth first, without a set.

    base: source x number of nodes; the same node may be reached once for each source.
    """
    keys: list[Ints] = []
    found: list[Ints] = []
    while len(nodes):
        fresh = np.flatnonzero(~active[nodes])
        fresh = fresh[of.tags[base[fresh] + nodes[fresh]] < 0]
        place = base[fresh] + nodes[fresh]
        of.tags[place] = np.arange(len(place))  # of several that arrive together the last one stays
        fresh = fresh[of.tags[place] == np.arange(len(place))]
        base, nodes = base[fresh], nodes[fresh]
        keys.append(base + nodes)
        found.append(nodes)
        begins = of.starts[nodes]
        degrees = of.starts[nodes + 1] - begins
        edges = np.repeat(begins - np.cumsum(degrees) + degrees, degrees) + np.arange(degrees.sum())
        base, nodes = np.repeat(base, degrees), of.ends[edges]
    reached = np.concatenate(keys) if keys else np.zeros(0, dtype=np.int64)
    of.tags[reached] = -1
    return reached, np.concatenate(found) if found else reached
