"""Kappa and alpha: published examples worked out by hand, bounds, chance, missing labels."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from tutelage.core.errors import ContractBroken
from tutelage.kit.agreement import cohen, fleiss, krippendorff

# Fleiss (1971) worked on 14 raters; this table of 10 subjects and 5 classes is the usual example: kappa 0.210.
TABLE = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def test_cohen_by_hand() -> None:
    """25 both yes, 15 both no, 10 and 0 apart: p_o = 40/50, p_e = (25 35 + 25 15) / 2500 = 1/2: (0.8 - 0.5) / 0.5."""
    a = np.repeat([1, 0, 1, 0], [25, 15, 0, 10])
    b = np.repeat([1, 0, 0, 1], [25, 15, 0, 10])
    assert cohen(a, b) == pytest.approx(0.6)


def test_fleiss_by_hand() -> None:
    """P = 3.780 / 10 and P_e = 0.213: (0.378 - 0.213) / 0.787 = 0.210."""
    codes = np.array([np.repeat(np.arange(5), row) for row in TABLE])
    assert fleiss(codes) == pytest.approx(0.2099, abs=1e-4)


def test_krippendorff_by_hand() -> None:
    """Items (1 1) (1 1 0) (0 0 0) (0 1 1) (1 1 1); the sixth has one label and does not count. n_1 = 9, n_0 = 5, N = 14,
    o_01 + o_10 = 2 (2 1) / 2 twice = 4: alpha = 1 - 13 * 4 / (2 * 9 * 5) = 0.4222."""
    codes = np.array([[1, -1, 1], [1, 1, 0], [0, 0, 0], [0, 1, 1], [1, 1, 1], [-1, 0, -1]])
    assert krippendorff(codes) == pytest.approx(1 - 13 * 4 / (2 * 9 * 5))


def obvious_alpha(codes: np.ndarray) -> float:
    """Pairs within items against pairs of all labels, one by one."""
    items = [[code for code in row if code >= 0] for row in codes.tolist()]
    items = [row for row in items if len(row) > 1]
    everyone = [code for row in items for code in row]
    inside = sum(sum(a != b for a, b in itertools.permutations(row, 2)) / (len(row) - 1) for row in items) / len(
        everyone
    )
    chance = [a != b for a, b in itertools.permutations(everyone, 2)]
    return 1 - inside / (sum(chance) / len(chance))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(-1, 3), min_size=3, max_size=3), min_size=2, max_size=12))
def test_alpha_equals_all_pairs(rows: list[list[int]]) -> None:
    codes = np.array(rows)
    found = krippendorff(codes)
    if np.isnan(found):
        named = {code for row in rows if sum(c >= 0 for c in row) > 1 for code in row if code >= 0}
        assert len(named) < 2
    else:
        assert found == pytest.approx(obvious_alpha(codes)) and found <= 1 + 1e-12


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_cohen_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    if len(set(a.tolist()) | set(b.tolist())) < 2:
        assert np.isnan(cohen(a, b))
        return
    assert cohen(a, b) == pytest.approx(cohen_kappa_score(a, b))


def test_full_agreement_is_1_and_nothing_is_nan() -> None:
    same = np.repeat(np.arange(4)[:, None], 3, axis=1)
    assert fleiss(same) == krippendorff(same) == 1
    for value in (fleiss(same[:0]), krippendorff(same[:0]), krippendorff(same[:1]), fleiss(same[:, :1])):
        assert np.isnan(value)
    assert np.isnan(cohen(np.array([], dtype=int), np.array([], dtype=int)))


def test_luck_agrees_to_0() -> None:
    """10,000 items, 3 labellers without a clue: 0 to within 4 standard errors of about 0.004."""
    codes = np.random.default_rng(0).integers(0, 4, (10_000, 3))
    assert abs(fleiss(codes)) < 0.02 and abs(krippendorff(codes)) < 0.02 and abs(cohen(codes[:, 0], codes[:, 1])) < 0.03


def test_unequal_numbers_of_labels_and_items_are_refused() -> None:
    with pytest.raises(ContractBroken, match="Krippendorff"):
        fleiss(np.array([[0, 1], [0, -1]]))
    with pytest.raises(ValueError, match="one class"):
        cohen(np.zeros(2, dtype=int), np.zeros(3, dtype=int))
