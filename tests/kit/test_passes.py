"""pass@N: in closed form, and from answers that were drawn, against every subset of them."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.errors import ContractBroken
from tutelage.kit.passes import covered, pass_at


def test_covered_by_hand() -> None:
    """p = 1/4, two draws: 1 - 9/16 = 7/16. One draw is p itself."""
    assert covered(0.25, 2) == pytest.approx(7 / 16, abs=1e-15)
    assert covered([0.0, 0.3, 1.0], 1).tolist() == pytest.approx([0, 0.3, 1])


def test_covered_keeps_digits_where_the_power_loses_them() -> None:
    """N p to first order, where 1 - (1 - p)^N in double precision is 0."""
    assert covered(1e-18, 4) == pytest.approx(4e-18, rel=1e-12) and 1 - (1 - 1e-18) ** 4 == 0
    assert covered(np.float32(1), 64) == 1 and covered(0.0, 64) == 0


def test_pass_at_by_hand() -> None:
    """Of 5 answers 2 are right: 1 - C(3, 2) / C(5, 2) = 1 - 3/10; with 4 drawn there are too few wrong ones."""
    assert pass_at(2, 5, 2) == pytest.approx(0.7) and pass_at(2, 5, 4) == 1 and pass_at(2, 5, 1) == pytest.approx(0.4)


@given(st.integers(1, 8), st.data())
def test_pass_at_is_the_mean_over_all_subsets(n: int, data: st.DataObject) -> None:
    """And equal to the quotient of binomials; with k = n it is whether any is right."""
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    right = np.arange(n) < c
    subsets = [right[list(subset)].any() for subset in combinations(range(n), k)]
    assert pass_at(c, n, k) == pytest.approx(np.mean(subsets), abs=1e-12)
    assert pass_at(c, n, k) == pytest.approx(1 - comb(n - c, k) / comb(n, k), abs=1e-12)
    assert pass_at(c, n, n) == (c > 0)


def test_pass_at_is_unbiased() -> None:
    """Its mean over the binomial of c right among n = 9 at p = 0.3 is 1 - 0.7^4, exactly."""
    p, n, k = 0.3, 9, 4
    weight = [comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
    assert np.dot(weight, pass_at(np.arange(n + 1), n, k)) == pytest.approx(1 - 0.7**k, abs=1e-12)


def test_large_numbers_do_not_overflow() -> None:
    assert pass_at([0, 1, 10_000], 10_000, 4096) == pytest.approx([0, 0.4096, 1])


@pytest.mark.parametrize(("right", "drawn", "k"), [(3, 2, 1), (-1, 2, 1), (1, 2, 3), (1, 2, 0)])
def test_counts_that_cannot_be_are_refused(right: int, drawn: int, k: int) -> None:
    with pytest.raises(ContractBroken, match="answers"):
        pass_at(right, drawn, k)
