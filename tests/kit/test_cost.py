"""What a choice takes: numbers by hand, and what is held against what numpy really allocates."""

import tracemalloc

import numpy as np
import pytest

from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.kit.cost import BATCH, Cost, Size, clusters, cost_of, embedding, in_turn, neighbours, passes, together
from tutelage.kit.neighbours import nearest

LARGE = Size(pool=100_000, width=384, classes=77, asked=28, held=140)


def test_embeddings_by_hand() -> None:
    """(1,000 + 24) rows x 10 numbers x 4 bytes = 40,960 bytes."""
    assert embedding(Size(1000, 10, 2, 5, 24)).bytes == 40_960


def test_a_pass_by_hand() -> None:
    """3 passes over 50 points of 4 numbers, 20 operations a number: 12,000."""
    assert passes(50, 4, 3).flop == 12_000


def test_neighbours_grow_with_both_sides_and_never_with_their_product_in_memory() -> None:
    one, two = neighbours(10_000, 10_000, 64, 10), neighbours(20_000, 20_000, 64, 10)
    assert 3.0 < two.flop / one.flop < 4.0  # the product of the sides, and parts that grow with one side
    assert two.bytes < 2.01 * one.bytes


def test_one_after_another() -> None:
    assert together(Cost(3, 1), Cost(4, 1)) == Cost(7, 2)
    assert in_turn(Cost(3, 1), Cost(4, 1)) == Cost(4, 2)


def test_more_clusters_than_points_are_as_many_as_points() -> None:
    assert clusters(10, 4, 1000) == clusters(10, 4, 10)


def test_nothing_where_all_are_chosen() -> None:
    for asked in (0, 100, 1000):
        assert cost_of(build("choose", "vote_k"), LARGE._replace(pool=100, asked=asked)) == Cost()


def test_a_chooser_that_declares_nothing_costs_what_it_asks_of_the_student() -> None:
    free, asks, embeds = (cost_of(build("choose", name), LARGE) for name in ("uniform", "margin", "gradient_length"))
    assert free == Cost()
    assert asks.bytes > BATCH * 77 * 4  # one batch of probabilities
    assert embeds.bytes == asks.bytes + embedding(LARGE).bytes


@pytest.mark.parametrize("inner", ["vote_k", "prob_cover", "core_set"])
def test_a_part_of_the_pool_costs_what_a_pool_of_that_size_does(inner: str) -> None:
    sampled = build("choose", {"use": "sampled", "most": 20_000, "of": {"use": inner}})
    assert cost_of(sampled, LARGE) == cost_of(build("choose", inner), LARGE._replace(pool=20_000))
    near = build("choose", {"use": "near_labelled", "k": 10, "start": 600, "of": {"use": inner}})
    shown = cost_of(build("choose", inner), LARGE._replace(pool=2_000))  # 600 + 10 x 140
    assert shown.flop < cost_of(near, LARGE).flop < shown.flop + 1e11


def test_covering_first_costs_its_cover_until_the_switch() -> None:
    chooser, typical = build("choose", "cover_then_margin"), build("choose", "typical")
    assert cost_of(chooser, LARGE._replace(held=153)) == cost_of(typical, LARGE._replace(held=153))  # below 2 x 77
    assert cost_of(chooser, LARGE._replace(held=154)).flop < cost_of(typical, LARGE._replace(held=154)).flop / 5


def test_the_bytes_of_neighbours_are_those_that_are_allocated() -> None:
    """Neither less than is held, nor more than three times as much."""
    x = stream(0, "x").normal(size=(12_000, 32)).astype(np.float32)
    tracemalloc.start()
    try:
        nearest(x, 20)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held < neighbours(12_000, 12_000, 32, 20).bytes < 3 * held
