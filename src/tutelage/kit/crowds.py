"""One answer from several labellers: votes, and the label model of Dawid and Skene.

    P(T_i = j | labels)  ~  prior_j  prod_a  confusion_a(j, l_ia)        over the labellers a who said something
    prior_j = mean_i T_ij,    confusion_a(j, l) = (s + sum_i T_ij [l_ia = l]) / (C s + sum_i T_ij [a spoke])

EM alternates the two lines, from the vote shares on, until no probability moves by more than `tolerance`. s is a
pseudo-count: without it a labeller who never erred on a class rules every other class out for good.

Source: Dawid and Skene (1979), Maximum likelihood estimation of observer error-rates using the EM algorithm,
equations 2.3 to 2.5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tutelage.core.data import Floats, Ints


class Crowd(NamedTuple):
    """probs (n, C), confusion (m, C, C) with rows for the true class, prior (C,), and how many rounds EM took."""

    probs: Floats
    confusion: Floats
    prior: Floats
    rounds: int


def votes(codes: Ints, classes: int) -> Floats:
    """(n, C) how many of the labels (n, m) of each item name each class; -1 is no label."""
    counts = np.zeros((len(codes), classes))
    for named in codes.T:
        spoke = np.flatnonzero(named >= 0)
        counts[spoke, named[spoke]] += 1
    return counts


def vote_shares(codes: Ints, classes: int) -> Floats:
    """(n, C) the share of each item's labels that name each class; uniform where nobody said anything."""
    counts = votes(codes, classes)
    each = counts.sum(axis=1, keepdims=True)
    return np.asarray(np.where(each > 0, counts / np.maximum(each, 1), 1 / classes))


def majority(codes: Ints, classes: int) -> Ints:
    """(n,) the class named most often, -1 where nobody said anything; among equals the one of the first labeller."""
    counts = votes(codes, classes)
    most = counts == counts.max(axis=1, keepdims=True)
    chosen = np.full(len(codes), -1, dtype=np.int64)
    for named in codes.T:
        mine = np.flatnonzero((chosen < 0) & (named >= 0))
        mine = mine[most[mine, named[mine]]]
        chosen[mine] = named[mine]
    return chosen


def dawid_skene(
    codes: Ints, classes: int, smoothing: float = 0.01, rounds: int = 100, tolerance: float = 1e-6
) -> Crowd:
    """Who is right how often, and what is true, from labels (n, m) alone; -1 is no label."""
    truth = vote_shares(codes, classes)
    spoke = [np.flatnonzero(named >= 0) for named in codes.T]
    prior, confusion, done = np.full(classes, 1 / classes), np.zeros((codes.shape[1], classes, classes)), 0
    for _ in range(rounds):
        done += 1
        prior = truth.sum(axis=0) / max(len(truth), 1)
        scores = np.tile(_logs(prior), (len(codes), 1))
        for a, rows in enumerate(spoke):
            named = codes[rows, a]
            for true in range(classes):
                found = np.bincount(named, weights=truth[rows, true], minlength=classes) + smoothing
                confusion[a, true] = found / found.sum() if found.any() else 1 / classes
            scores[rows] += _logs(confusion[a]).T[named]
        scores -= scores.max(axis=1, keepdims=True)
        before, truth = truth, np.exp(scores)
        truth /= truth.sum(axis=1, keepdims=True)
        if np.abs(truth - before).max(initial=0.0) <= tolerance:
            break
    return Crowd(truth, confusion, prior, done)


def _logs(values: Floats) -> Floats:
    """Log, of 0 too: so low that no sum of a crowd's logs makes up for it, yet finite."""
    return np.log(np.maximum(values, np.finfo(np.float64).tiny))
