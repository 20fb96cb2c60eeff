"""influence: by hand on certain edges, by live-edge worlds listed one by one, the same worlds whatever is labelled."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tutelage.choose.stop.influence import Influence
from tutelage.core.data import Rows, labelled
from tutelage.core.rng import stream
from tutelage.kit.cascade import chances
from tutelage.kit.graph import like
from tutelage.toys import vector_pool, view


def on_circle(degrees):
    radians = np.radians(np.asarray(degrees, dtype=float))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


def said(at, rows, luck=0, order=None, **settings):
    """What the rule says when these rows are labelled, by turns left and right."""
    pool = vector_pool(at)
    rest = pool.without(np.asarray(rows))
    rest = rest if order is None else rest.take(order)
    block = labelled(Rows(pool, np.asarray(rows)), np.arange(len(rows)) % 2, "oracle")
    return Influence(**settings).stop(view(rest, lessons=(block,)), stream(luck, "stop"))


def test_by_hand():
    """At 0, 10, 21 and 33 degrees with one neighbour every edge is certain: 0 <-> 10, 21 -> 10, 33 -> 21. 0 and 10 reach
    themselves, 0 and 21 three of four, 21 and 33 all."""
    at = on_circle([0, 10, 21, 33])
    assert [said(at, rows, neighbours=1).value for rows in ([0, 1], [0, 2], [2, 3])] == [0.5, 0.75, 1.0]
    assert [said(at, [0, 2], neighbours=1, threshold=t).stop for t in (0.75, 0.76)] == [True, False]


def test_equals_the_mean_over_all_worlds():
    """Five points, two edges each: 2^10 worlds, each with its probability; the rule within 4 standard errors."""
    at = on_circle([0, 13, 31, 60, 170])
    near, cosines = like(at, 2, stream(0, "ties"))
    edges = [(v, int(u), p) for v, (us, ps) in enumerate(zip(near, chances(cosines), strict=True))
             for u, p in zip(us, ps, strict=True)]  # fmt: skip
    mean = square = 0.0
    for kept in itertools.product([False, True], repeat=len(edges)):
        weight = math.prod(p if on else 1 - p for on, (_, _, p) in zip(kept, edges, strict=True))
        active = {0, 4}
        for _ in range(5):
            active |= {u for on, (v, u, _) in zip(kept, edges, strict=True) if on and v in active}
        mean += weight * len(active)
        square += weight * len(active) ** 2
    error = math.sqrt((square - mean**2) / 4000)
    assert 5 * said(at, [0, 4], neighbours=2, cascades=4000).value == pytest.approx(mean, abs=4 * error)


def test_the_worlds_are_the_tables_whatever_is_labelled():
    """One world, the same for all: more labelled examples never reach less, and together at most the sum."""
    at = np.random.default_rng(3).normal(size=(40, 3))
    for luck in range(10):
        one, other, both = (
            said(at, rows, luck, neighbours=4, cascades=1).value for rows in ([1, 2], [30, 31], [1, 2, 30, 31])
        )
        assert max(one, other) <= both <= one + other


def test_the_order_of_the_pool_changes_nothing():
    at = np.random.default_rng(4).normal(size=(30, 3))
    assert said(at, [3, 9]).value == said(at, [3, 9], order=np.arange(28)[::-1]).value


def test_neutral_limit_threshold_0_stops_at_once():
    assert said(on_circle([0, 90, 180]), [0, 1], threshold=0).stop


def test_labelled_examples_of_another_table_count_too():
    """b of the pool points at the foreign a; labelled are c and the foreign a, which reach themselves and a's b: 3 of 3
    with certain edges a <-> b."""
    other, pool = vector_pool(on_circle([0]), ids=["x"]), vector_pool(on_circle([5, 90]))
    blocks = (
        labelled(Rows(other, np.array([0])), np.array([0]), "oracle"),
        labelled(Rows(pool, np.array([1])), np.array([1]), "oracle"),
    )
    now = view(pool.take([0]), lessons=blocks)
    assert Influence(neighbours=1).stop(now, stream(0, "stop")).value == 1.0


def test_says_nothing_of_one_class_or_of_an_empty_pool():
    pool = vector_pool(on_circle([0, 10, 20]))
    same = labelled(Rows(pool, np.array([0, 1])), np.array([1, 1]), "oracle")
    assert math.isnan(Influence().stop(view(pool.take([2]), lessons=(same,)), stream(0, "stop")).value)
    assert math.isnan(said(on_circle([0, 10]), [0, 1]).value)
