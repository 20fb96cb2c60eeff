"""Luck of a prompt and a draw: independent of company, different between draws, prompts, roles and streams."""

import numpy as np

from tutelage.core.writing import Turn
from tutelage.kit.luck import seeds, uniform
from tutelage.toys import stream


def test_a_prompt_has_its_luck_in_any_company_and_its_first_draws_stay() -> None:
    many = uniform(["a", "b", "c"], 3, 4, stream(0, "w"))
    assert (uniform(["c"], 3, 4, stream(0, "w"))[0] == many[2]).all()
    assert (uniform(["b", "a"], 2, 4, stream(0, "w")) == many[[1, 0], :2]).all()
    assert many.shape == (3, 3, 4) and ((many >= 0) & (many < 1)).all()


def test_other_prompts_draws_and_streams_have_other_luck() -> None:
    told = seeds(
        ["a", (Turn("user", "a"),), (Turn("system", "a"),), (Turn("user", "a"), Turn("user", "a"))], 5, stream(0, "w")
    )
    assert len(np.unique(told)) == 20 and told.dtype == np.uint64 and int(told.max()) < 2**63
    assert not np.isin(seeds(["a"], 5, stream(1, "w")), told).any()


def test_it_is_uniform() -> None:
    """4,000 numbers: mean 1/2 with standard error 0.0046, so 0.02 is over four of them; prompts do not go together."""
    told = uniform([str(i) for i in range(2000)], 2, 1, stream(0, "w"))[..., 0]
    assert abs(told.mean() - 0.5) < 0.02 and abs(np.corrcoef(told.T)[0, 1]) < 0.09


def test_it_takes_one_number_of_the_stream_however_many_prompts() -> None:
    one, two = stream(0, "w"), stream(0, "w")
    seeds(["a"], 1, one), seeds(["a", "b", "c"], 7, two)
    assert one.random() == two.random()


def test_nobody_asked() -> None:
    assert seeds([], 2, stream(0, "w")).shape == (0, 2) and uniform([], 2, 3, stream(0, "w")).shape == (0, 2, 3)
