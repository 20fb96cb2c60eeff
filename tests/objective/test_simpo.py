"""simpo: a number by hand, what length and margin do, and that without a margin it is dpo on means without a reference."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Preference
from tutelage.core.descent import Batch
from tutelage.objective.dpo import Dpo
from tutelage.objective.simpo import Simpo
from tutelage.toy_writer import Says
from tutelage.toys import stream, view


def losses(says: Says, **settings: object) -> torch.Tensor:
    batch = Batch(Preference, None, {}, torch.ones(len(says.said.mask)))
    return Simpo(**settings).losses(says, batch, stream(0, "learn"))


def test_by_hand() -> None:
    """Means -1 and -2.5, beta 2: 3, less the margin 1: 2, loss log(1 + e^-2) = 0.1269."""
    found = losses(Says([[[-0.5, -1.5], [-2.5]]]), beta=2.0, margin=1.0)
    assert found.item() == pytest.approx(math.log(1 + math.exp(-2))) == pytest.approx(0.1269, abs=1e-4)


def test_saying_it_twice_changes_nothing() -> None:
    once, twice = Says([[[-0.5, -1.5], [-2.5]]]), Says([[[-0.5, -1.5] * 2, [-2.5]]])
    torch.testing.assert_close(losses(once), losses(twice))


def test_equal_means_cost_what_the_margin_says() -> None:
    """s(-margin): log(1 + e^margin)."""
    assert losses(Says([[[-1.0], [-1.0, -1.0]]]), margin=0.7).item() == pytest.approx(math.log(1 + math.exp(0.7)))


@given(st.integers(1, 4), st.integers(0, 99))
def test_without_a_margin_it_is_dpo_on_means_without_a_reference(b: int, seed: int) -> None:
    """The neutral limit: dpo told the means as the only token, and a reference of 0."""
    rng = np.random.default_rng(seed)
    said = [[-rng.exponential(size=rng.integers(1, 5)) for _ in range(2)] for _ in range(b)]
    means = Says([[[reply.mean()] for reply in some] for some in said])
    batch = Batch(Preference, None, {}, torch.ones(b), prepared={"reference": torch.zeros(b, 2)})
    wanted = Dpo(beta=1.5).losses(means, batch, stream(0, "learn"))
    torch.testing.assert_close(losses(Says(said), beta=1.5, margin=0.0), wanted)


def test_nothing_is_prepared() -> None:
    assert Simpo().prepare((), view()) == {}


@pytest.mark.parametrize("settings", [{"beta": 0}, {"margin": -1}])
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Simpo(**settings)
