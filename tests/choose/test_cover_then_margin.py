"""cover_then_margin: exactly its two parts at the two ends, and diverse doubt in between."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tutelage.choose.core_set import CoreSet
from tutelage.choose.cover_then_margin import CoverThenMargin
from tutelage.choose.margin import Margin
from tutelage.choose.typical import Typical
from tutelage.core.method import settings
from tutelage.core.parts import build
from tutelage.core.rng import stream


def scene(ask, held=(0, 1, 2, 3)):
    rng = np.random.default_rng(0)
    return ask(rng.dirichlet(np.ones(3), 40), rng.normal(size=(40, 4)), held=held)


def same(one, two):
    assert one.rows.tolist() == two.rows.tolist()
    assert np.array_equal(one.scores, two.scores, equal_nan=True)


@pytest.mark.parametrize("n", [0, 1, 5, 36, 60])
def test_neutral_limit_switch_infinite_is_typical(ask, n):
    seen = scene(ask)
    same(
        CoverThenMargin(switch=math.inf).choose(seen, n, stream(1, "c")),
        Typical().choose(seen, n, stream(1, "c")),
    )


@pytest.mark.parametrize("n", [0, 1, 5, 36, 60])
def test_neutral_limit_switch_zero_and_beta_one_is_margin(ask, n):
    seen = scene(ask)
    same(CoverThenMargin(switch=0, beta=1).choose(seen, n, stream(1, "c")), Margin().choose(seen, n, stream(1, "c")))


def test_it_switches_when_the_labels_suffice(ask):
    """Three classes, two labels a class: five held cover, six ask by margin."""
    cover = CoverThenMargin(switch=2, beta=1, cover=CoreSet())
    few, enough = scene(ask, held=range(5)), scene(ask, held=range(6))
    same(cover.choose(few, 3, stream(0, "c")), CoreSet().choose(few, 3, stream(0, "c")))
    same(cover.choose(enough, 3, stream(0, "c")), Margin().choose(enough, 3, stream(0, "c")))


def test_by_hand_doubt_is_spread(ask):
    """Margins 0, 0.02, 0.04 at 0 and near it, 0.1 at 10, 0.9 at 20. Two of beta n = 4 candidates: one at 0, one at 10.

    The cluster near 0 has weights 1, 0.98, 0.96 at 0, 0.1, 0.2: centre 0.0986, so row 1 at 0.1 is nearest. By margin
    alone rows 0 and 1 would be chosen, which say the same.
    """
    margins = np.array([0, 0.02, 0.04, 0.1, 0.9])
    seen = ask(np.stack([0.5 + margins / 2, 0.5 - margins / 2], 1), [0, 0.1, 0.2, 10, 20])
    for seed in range(10):
        chosen = CoverThenMargin(switch=0, beta=2).choose(seen, 2, stream(seed, "c"))
        assert chosen.rows.tolist() == [1, 3]
    assert Margin().choose(seen, 2, stream(0, "c")).rows.tolist() == [0, 1]
    assert chosen.scores == pytest.approx(-margins, abs=1e-6)


def test_by_hand_doubt_weighs(ask):
    """Margins 0, 0.9, 0.9 at 0, 1, 2 weigh 1, 0.1, 0.1: centre 0.3 / 1.2 = 0.25, and 0 is nearest; evenly it were 1."""
    margins = np.array([0, 0.9, 0.9, 0.95])
    seen = ask(np.stack([0.5 + margins / 2, 0.5 - margins / 2], 1), [0, 1, 2, 900])
    chosen = CoverThenMargin(switch=0, beta=3).choose(seen, 1, stream(0, "c"))
    assert chosen.rows.tolist() == [0]


def test_beta_without_end_clusters_the_whole_pool(ask):
    seen = scene(ask)
    chosen = CoverThenMargin(switch=0, beta=math.inf).choose(seen, 5, stream(0, "c"))
    assert len(set(chosen.rows.tolist())) == 5
    assert (np.diff(chosen.scores[chosen.rows]) <= 0).all()  # least certain first


def test_candidates_that_coincide_still_fill_the_batch(ask):
    seen = ask(np.full((20, 2), 0.5), np.ones((20, 3)))
    assert len(set(CoverThenMargin(switch=0, beta=3).choose(seen, 5, stream(0, "c")).rows.tolist())) == 5


def test_the_cover_is_a_part(ask):
    made = build("choose", {"use": "cover_then_margin", "cover": {"use": "core_set"}, "switch": 1})
    assert made == CoverThenMargin(switch=1, cover=CoreSet())
    assert build("choose", settings(made)) == made
