"""Sum-product belief propagation over classes: edges that make two rows alike or unlike, and bags with known counts.

    P(y) ~ exp( sum_i u_i(y_i)  -  sum_(i,j) w_ij [y_i != y_j]  -  strength/2 sum_B sum_c (n_Bc - S_Bc)^2 )

n_Bc is how many rows of bag B have class c. With two classes the last term is strength (n_B1 - S_B1)^2, one factor a
bag, whose messages are exact (kit/counting.py). With C > 2 there is one such factor for each class of a bag. Each is
exact by itself, but together they form loops, and since counts add up to the size of the bag, C of them say only what
C - 1 would. So each message is used to the power r = (C - 1) / C, its factor to 1 / r (fractional propagation): exact
for two classes again; for three and four, on bags of three and five, within 0.04 of the true marginals at strength 10,
where plain messages are off by up to 0.4.

All messages are computed from the last sweep's and mixed with it: new = damping old + (1 - damping) computed. They are
log-odds against the first class; cavities are held within 50 nats. On a forest the beliefs are the true marginals.

Source: Pearl (1988), Probabilistic reasoning in intelligent systems, chapter 4; Yedidia, Freeman and Weiss (2003),
Understanding belief propagation and its generalizations (loops); Wiegerinck and Heskes (2003), Fractional belief
propagation; the energy: Havaldar et al. (2024), arXiv 2310.08056.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array, Floats, Ints
from tutelage.kit.counting import LIMIT, Plan, count_messages, planned

BLOCK = 1 << 15  # edges at a time: their temporaries stay in the cache
STEEP = 300.0  # nats: a weight beyond it would overflow and says no more


class Edges(NamedTuple):
    """Each pair of rows once, left < right, with its weight in nats: above 0 they want to be alike, below 0 unlike."""

    left: Ints
    right: Ints
    weight: Floats


class Bags(NamedTuple):
    """starts (b+1,) of rows that stand bag by bag, counts (b, C) and how strongly they hold, in nats."""

    starts: Ints
    counts: Floats
    strength: float


class Beliefs(NamedTuple):
    """probs (n, C), how many sweeps were made, and the largest change of a probability in the last one."""

    probs: Floats
    sweeps: int
    change: float


def joined(one: Ints, other: Ints, weight: Floats, rows: int, add: bool) -> Edges:
    """Pairs in any direction as edges; a pair named twice gets the sum of its weights (add), or its first weight."""
    left, right = np.minimum(one, other), np.maximum(one, other)
    keep = left != right
    left, right, weight = left[keep], right[keep], weight[keep]
    pairs, first, which = np.unique(left * rows + right, return_index=True, return_inverse=True)
    total = np.bincount(which, weights=weight, minlength=len(pairs)) if add else weight[first]
    return Edges(pairs // rows, pairs % rows, np.asarray(total, dtype=np.float64))


def pairs_in(bags: Bags) -> Edges:
    """Every pair of a bag, unlike by `strength`: with `pulls`, the same energy as the counts, one factor a pair."""
    sizes, starts = np.diff(bags.starts), bags.starts[:-1]
    left, right = [], []
    for size in np.unique(sizes):
        i, j = np.triu_indices(int(size), 1)
        begins = starts[sizes == size][:, None]
        left.append((begins + i).ravel())
        right.append((begins + j).ravel())
    ends = np.concatenate(left), np.concatenate(right)
    return Edges(*ends, np.full(len(ends[0]), -bags.strength))


def pulls(bags: Bags) -> Floats:
    """(n, C) what the square of a count leaves to each row alone when its pairs are taken by `pairs_in`."""
    sizes = np.diff(bags.starts)
    return np.asarray(np.repeat(bags.strength * bags.counts, sizes, axis=0))


def propagate(
    unary: Floats, edges: Edges, bags: Bags | None, sweeps: int, damping: float = 0.5, tolerance: float = 1e-6
) -> Beliefs:
    """Beliefs of n rows over C classes, from unary scores (n, C) in nats. Ends early when no belief moves any more."""
    rows, classes = unary.shape
    base = np.ascontiguousarray((unary[:, 1:] - unary[:, :1]).T)
    strange = np.exp(np.clip(-edges.weight, -STEEP, STEEP))
    passed = np.zeros((2, classes - 1, len(edges.left)))  # to the right end, to the left end
    counted = np.zeros((1 if classes == 2 else classes, rows))
    plan = None if bags is None else planned(bags.starts)
    total, probs, change, done = base, _softmax(base), 0.0, 0
    for _ in range(sweeps):
        done += 1
        _pass(total, edges, strange, passed, damping)
        if bags is not None and plan is not None:
            counted = damping * counted + (1 - damping) * _count(total, counted, plan, bags)
        total = base + _gathered(passed, edges, rows) + _towards(counted, classes)
        before, probs = probs, _softmax(total)
        change = float(np.abs(probs - before).max(initial=0.0))
        if change <= tolerance:
            break
    return Beliefs(np.ascontiguousarray(probs.T), done, change)


def _pass(total: Floats, edges: Edges, strange: Floats, passed: Floats, damping: float) -> None:
    """Every message along every edge, block by block, in place."""
    for start in range(0, len(edges.left), BLOCK):
        part = slice(start, start + BLOCK)
        ends = edges.left[part], edges.right[part]
        # what an end sends excludes what it was sent along the same edge in the last sweep
        cavities = [total.take(end, axis=1) - passed[1 - to, :, part] for to, end in enumerate(ends)]
        for to, cavity in enumerate(cavities):
            sent = _alike(np.clip(cavity, -LIMIT, LIMIT, out=cavity), strange[part])
            sent *= 1 - damping
            passed[to, :, part] *= damping
            passed[to, :, part] += sent


def _alike(cavity: Floats, strange: Floats) -> Floats:
    """(C-1, e) log (a (Z - z_c) + z_c) - log (a (Z - 1) + 1), z = exp(cavity), z_0 = 1, Z their sum, a = exp(-w)."""
    z = np.exp(cavity, out=cavity)
    if len(z) == 1:
        below = strange * z
        below += 1
        z += strange
        z /= below
        return np.asarray(np.log(z, out=z))
    before, after = np.zeros_like(z), np.zeros_like(z)
    np.cumsum(z[:-1], axis=0, out=before[1:])
    after[:-1] = np.cumsum(z[:0:-1], axis=0)[::-1]
    return np.asarray(np.log((strange * (1 + before + after) + z) / (strange * (before[-1] + z[-1]) + 1)))


def _gathered(passed: Floats, edges: Edges, rows: int) -> Floats:
    """(C-1, n) the sum of all messages that each row was sent."""
    ends = edges.right, edges.left
    sums = [[np.bincount(end, weights=one, minlength=rows) for one in to] for to, end in zip(passed, ends, strict=True)]
    return np.asarray(sums[0], dtype=np.float64) + np.asarray(sums[1], dtype=np.float64)


def _count(total: Floats, counted: Floats, plan: Plan, bags: Bags) -> Floats:
    """New messages of the counts: (1, n) about the second of two classes, otherwise (C, n), one a class."""
    if len(counted) == 1:
        return count_messages(plan, total[0] - counted[0], bags.counts[:, 1], bags.strength)[None]
    scores = np.concatenate([np.zeros((1, total.shape[1])), total])
    scores -= scores.max(axis=0)
    z = np.exp(np.maximum(scores, -LIMIT))
    sent, strength = np.empty_like(counted), bags.strength / 2 / _power(len(counted))
    for c in range(len(counted)):
        rest = np.log(np.delete(z, c, axis=0).sum(axis=0))
        sent[c] = count_messages(plan, scores[c] - counted[c] - rest, bags.counts[:, c], strength)
    return sent


def _towards(counted: Floats, classes: int) -> Floats:
    """(C-1, n) the counts' messages as log-odds against the first class."""
    return counted if classes == 2 else _power(classes) * (counted[1:] - counted[:1])


def _power(classes: int) -> float:
    """How much of each of a bag's counts is news beside the others."""
    return (classes - 1) / classes


def _softmax(total: Floats) -> Floats:
    """(C, n) probabilities."""
    top: Array = np.maximum(total.max(axis=0), 0.0)
    first, others = np.exp(-top), np.exp(total - top)
    return np.asarray(np.concatenate([first[None], others]) / (first + others.sum(axis=0)))
