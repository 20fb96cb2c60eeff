"""What a known count says about each member of a bag: exact messages of a cardinality factor, all bags at once.

    phi(k) = exp(-strength (k - S)^2),    S = the known count of a bag,    k = how many of its members are "in"
    r_i = log sum_k P_-i(k) phi(k + 1) - log sum_k P_-i(k) phi(k)

P_-i is the distribution of the number of others that are in, each with its own log-odds h_j. It is never formed:
prefixes F_i (the first i members) meet suffixes G_i (what the rest makes of phi), both by the recurrence of the
Poisson-binomial distribution, so a bag of size b costs O(b^2) and nothing is ever subtracted:

    F_{i+1}(k) = (1 - p_i) F_i(k) + p_i F_i(k - 1),    G_i(k) = (1 - p_i) G_{i+1}(k) + p_i G_{i+1}(k + 1)
    r_i = log sum_k F_i(k) G_{i+1}(k + 1) - log sum_k F_i(k) G_{i+1}(k)

Where log-odds are so extreme that these probabilities would underflow, every log-odds of the bag is shifted by the t
that solves t = 2 strength (S - sum_j sigmoid(h_j + t)), and phi(k) is multiplied by exp(-t k). That changes nothing
but where the sums have their mass: at the count that matters. Bags of like size are computed together.

Source: Gail, Lubin and Rubinstein (1981), Likelihood calculations for matched case-control studies (the recurrence);
Tarlow et al. (2012), Fast exact inference for recursive cardinality models (the factor); Daniels (1954), Saddlepoint
approximations in statistics (the shift).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from tutelage.core.data import Array, Floats, Ints

LIMIT = 50.0  # nats: log-odds beyond it say no more; sigmoid(50) differs from 1 by less than float64 can tell
OUT = -500.0  # nats: surely out, also after a shift by at most 4 LIMIT
UNDER = 600.0  # nats: the product of a bag's probabilities stays above the least float64, exp(-708)
HELD = 1 << 18  # floats of all prefixes of one chunk of bags: 2 MB, near a core's own cache
STEPS = 60  # halvings of an interval of a few thousand nats: to the last bit of a float64
LEAST = np.finfo(np.float64).tiny


class Plan(NamedTuple):
    """Chunks of bags of like size: (s, m) rows of each, -1 where a bag is smaller than s; (m,) which bags these are."""

    rows: tuple[Ints, ...]
    bags: tuple[Ints, ...]


def planned(starts: Ints) -> Plan:
    """Bags whose sizes lie within a quarter of each other share a chunk; smaller ones are filled with members that are
    surely out, which changes no message.
    """
    sizes = np.diff(starts)
    widths = _ladder(int(sizes.max(initial=1)))
    rung = np.searchsorted(widths, sizes)
    rows, bags = [], []
    for step in np.unique(rung):
        width = int(sizes[rung == step].max())
        mine = np.flatnonzero(rung == step)
        many = max(HELD // (width * (width + 1)), 1)
        for start in range(0, len(mine), many):
            chunk = mine[start : start + many]
            places = np.arange(width)[:, None]
            rows.append(np.where(places < sizes[chunk], starts[:-1][chunk] + places, -1))
            bags.append(chunk)
    return Plan(tuple(rows), tuple(bags))


def _ladder(most: int) -> Ints:
    """1, 2, 3, 4, 5, 7, 9, ...: each a quarter larger than the one before."""
    widths = [1]
    while widths[-1] < most:
        widths.append(max(widths[-1] + 1, widths[-1] * 5 // 4))
    return np.array(widths)


def count_messages(plan: Plan, odds: Floats, counts: Floats, strength: float) -> Floats:
    """(n,) the log-odds r that each member's bag sends it, given all log-odds h (n,) and the counts (b,)."""
    known = np.append(np.clip(odds, -LIMIT, LIMIT), OUT)  # the last entry stands for places that are not taken
    sent = np.empty(len(odds))
    for rows, bags in zip(plan.rows, plan.bags, strict=True):
        found = _chunk(known[rows], counts[bags], strength)
        sent[rows[rows >= 0]] = found[rows >= 0]
    return sent


def _chunk(odds: Floats, counts: Floats, strength: float) -> Floats:
    """(s, m) messages of m bags of s places each."""
    size, many = odds.shape
    shift = _shift(odds, counts, strength) if size * LIMIT > UNDER and _deep(odds) else np.zeros(many)
    out = np.exp(-(odds + shift))
    inside = 1 / (1 + out)
    out *= inside
    prefix = np.zeros((size, size + 1, many))
    prefix[0, 0] = 1.0
    for i in range(size - 1):
        np.multiply(prefix[i, : i + 2], out[i], out=prefix[i + 1, : i + 2])
        prefix[i + 1, 1 : i + 2] += prefix[i, : i + 1] * inside[i]
    suffix = _phi(size, counts, strength, shift)
    sent = np.empty_like(odds)
    for i in reversed(range(size)):
        first = prefix[i, : i + 1]
        up, down = (np.einsum("km,km->m", first, suffix[j : j + i + 1]) for j in (1, 0))
        sent[i] = np.log(np.maximum(up, LEAST)) - np.log(np.maximum(down, LEAST))
        suffix = suffix[: i + 1] * out[i] + suffix[1 : i + 2] * inside[i]
    return np.asarray(np.clip(sent + shift, -LIMIT, LIMIT))


def _deep(odds: Floats) -> bool:
    """Whether some bag's probabilities could multiply to nothing; places that are not taken do not count."""
    return bool(np.abs(odds, where=odds > OUT, out=np.zeros_like(odds)).sum(axis=0).max(initial=0.0) > UNDER)


def _phi(size: int, counts: Floats, strength: float, shift: Floats) -> Floats:
    """(s+1, m) exp(-strength (k - S)^2 - shift k), its largest value 1; never quite 0, so that no quotient is."""
    k = np.arange(size + 1, dtype=np.float64)[:, None]
    logs = -strength * (k - counts) ** 2 - shift * k
    return np.asarray(np.exp(np.maximum(logs - logs.max(axis=0), -UNDER)))


def _shift(odds: Floats, counts: Floats, strength: float) -> Floats:
    """(m,) the t of each bag, by halving: t - 2 strength (S - expected count at t) rises with t."""
    if strength == 0:
        return np.zeros(len(counts))
    least: Array = np.maximum(2 * strength * (counts - len(odds)), -4 * LIMIT)
    most: Array = np.minimum(2 * strength * counts, 4 * LIMIT)
    for _ in range(STEPS):
        middle = (least + most) / 2
        below = middle < 2 * strength * (counts - expit(odds + middle).sum(axis=0))
        least, most = np.where(below, middle, least), np.where(below, most, middle)
    return np.asarray((least + most) / 2)
