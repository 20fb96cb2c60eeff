"""sampled: nothing outside the part is seen, positions are those of the whole pool, memory is handed on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tutelage.choose.bald import Bald
from tutelage.choose.core_set import CoreSet
from tutelage.choose.entropy import Entropy
from tutelage.choose.margin import Margin
from tutelage.choose.sampled import Sampled
from tutelage.core.method import settings
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed, CanFit, CanWeigh, Chosen


def scene(ask, size=40, **more):
    rng = np.random.default_rng(0)
    return ask(rng.dirichlet(np.ones(3), size), rng.normal(size=(size, 4)), **more)


def test_the_best_of_the_part_by_hand(ask):
    """Entropies fall with the row. Whichever four rows are shown, the one of smallest number is chosen."""
    p = np.linspace(0.5, 0.99, 12)
    seen = ask(np.stack([p, 1 - p], axis=1))
    for seed in range(20):
        chosen = Sampled(of=Entropy(), most=4).choose(seen, 1, stream(seed, "c"))
        shown = np.flatnonzero(~np.isnan(chosen.scores))
        assert len(shown) == 4 and chosen.rows.tolist() == [shown.min()]
        expected = Entropy().choose(seen, 1, stream(seed, "c")).scores[shown]
        assert chosen.scores[shown] == pytest.approx(expected)


@pytest.mark.parametrize("most", [40, 41, 10_000])
@pytest.mark.parametrize("of", [Margin(), CoreSet()])
def test_neutral_limit_the_whole_pool_is_the_method_itself(ask, of, most):
    one = Sampled(of=of, most=most).choose(scene(ask), 5, stream(3, "c"))
    two = of.choose(scene(ask), 5, stream(3, "c"))
    assert one.rows.tolist() == two.rows.tolist() and np.array_equal(one.scores, two.scores, equal_nan=True)


def test_neutral_limit_a_part_of_n_is_uniform(ask):
    seen = scene(ask, 6)
    rng = stream(0, "c")
    counts = np.bincount(np.concatenate([Sampled(most=2).choose(seen, 2, rng).rows for _ in range(900)]), minlength=6)
    assert (np.abs(counts - 300) < 70).all(), counts


def test_never_fewer_than_asked_for(ask):
    chosen = Sampled(most=3).choose(scene(ask), 9, stream(0, "c"))
    assert len(set(chosen.rows.tolist())) == 9 and int((~np.isnan(chosen.scores)).sum()) == 9


def test_it_needs_what_is_nested(ask):
    assert Sampled().needs == {CanWeigh}
    assert Sampled(of=CoreSet()).needs == {CanEmbed}
    assert Sampled(of=Sampled(of=Bald())).needs == {CanWeigh, CanFit}
    made = build("choose", {"use": "sampled", "of": {"use": "core_set"}, "most": 7})
    assert made == Sampled(of=CoreSet(), most=7) and build("choose", settings(made)) == made


class Counts:
    """Counts in its memory how often it was asked."""

    needs: Any = frozenset()

    def choose(self, view, n, rng):
        times = view.memory.get("times", 0) + 1
        return Chosen(np.arange(n), np.zeros(len(view.pool)), {"times": times})


@pytest.mark.parametrize("most", [10, 100])
def test_memory_is_handed_on(ask, most):
    seen = scene(ask)
    for times in (1, 2, 3):
        chosen = Sampled(of=Counts(), most=most).choose(seen, 2, stream(times, "c"))
        assert chosen.memory == {"times": times}
        seen = seen._replace(memory=chosen.memory)
