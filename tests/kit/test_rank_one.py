"""Pairs put into a linear memory: what it gives then, what stays, which of all changes is the least, what is refused."""

import numpy as np
import pytest

from tutelage.kit.rank_one import Singular, directions, inserted, solved

RNG = np.random.default_rng(7)
WEIGHT, SPREAD = RNG.normal(size=(5, 8)), RNG.normal(size=(8, 30))
SECOND = SPREAD @ SPREAD.T / 30
KEYS, VALUES = RNG.normal(size=(8, 3)), RNG.normal(size=(5, 3))


def inserted_one(weight, key, value, second):
    """One pair, k (d,) and v (o,), as the published formula has it, with numpy's own inverse."""
    reads = np.linalg.inv(second) @ key
    return weight + np.outer((value - weight @ key) / (reads @ key), reads)


def test_by_hand() -> None:
    """W = (1, 0), k = (1, 2), v = 4, C = diag(1, 2): C^-1 k = (1, 1), their product 3, L = (4 - 1) / 3 = 1."""
    second, weight, key = np.diag([1.0, 2.0]), np.array([[1.0, 0.0]]), np.array([1.0, 2.0])
    made = inserted(weight, key[:, None], np.array([[4.0]]), second)
    assert made.tolist() == pytest.approx(np.array([[2.0, 1.0]]))
    assert inserted_one(weight, key, np.array([4.0]), second).tolist() == pytest.approx(np.array([[2.0, 1.0]]))


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_every_key_is_mapped_to_its_value(count: int) -> None:
    keys, values = RNG.normal(size=(8, count)), RNG.normal(size=(5, count))
    made = inserted(WEIGHT, keys, values, SECOND)
    np.testing.assert_allclose(made @ keys, values, atol=1e-10)
    assert np.linalg.matrix_rank(made - WEIGHT) == min(count, 5)


def test_the_batch_of_one_is_the_published_formula() -> None:
    one = inserted_one(WEIGHT, KEYS[:, 0], VALUES[:, 0], SECOND)
    np.testing.assert_allclose(inserted(WEIGHT, KEYS[:, :1], VALUES[:, :1], SECOND), one, atol=1e-12)
    np.testing.assert_allclose(one @ KEYS[:, 0], VALUES[:, 0], atol=1e-10)


def test_keys_orthogonal_in_the_metric_of_the_inverse_give_what_they_gave() -> None:
    """x with k^T C^-1 x = 0 for every k; a key that is orthogonal as it stands does move."""
    reads = directions(SECOND, KEYS)
    project = np.eye(8) - reads @ np.linalg.solve(reads.T @ reads, reads.T)
    others = project @ RNG.normal(size=(8, 6))
    made = inserted(WEIGHT, KEYS, VALUES, SECOND)
    np.testing.assert_allclose(made @ others, WEIGHT @ others, atol=1e-10)
    plain = RNG.normal(size=8)
    plain -= KEYS @ np.linalg.lstsq(KEYS, plain, rcond=None)[0]
    assert np.abs((made - WEIGHT) @ plain).max() > 1e-3


def test_with_the_identity_it_is_the_least_change_in_frobenius_norm() -> None:
    """The least-norm solution of D K = V - W K, by the pseudo-inverse and by numpy's least squares."""
    change = inserted(WEIGHT, KEYS, VALUES, np.eye(8)) - WEIGHT
    gap = VALUES - WEIGHT @ KEYS
    np.testing.assert_allclose(change, gap @ np.linalg.pinv(KEYS), atol=1e-10)
    np.testing.assert_allclose(change.T, np.linalg.lstsq(KEYS.T, gap.T, rcond=None)[0], atol=1e-10)


def test_no_other_change_that_fits_disturbs_the_keys_behind_the_statistics_less() -> None:
    """Any D with D K = 0 added: trace(D C D^T), the mean square over the 30 keys that C was made of, grows."""
    made = inserted(WEIGHT, KEYS, VALUES, SECOND) - WEIGHT
    least = np.square(made @ SPREAD).mean()
    away = np.eye(8) - KEYS @ np.linalg.pinv(KEYS)
    for scale in (1e-3, 0.1, 1.0):
        other = made + scale * RNG.normal(size=(5, 8)) @ away
        np.testing.assert_allclose(other @ KEYS, made @ KEYS, atol=1e-9)
        assert np.square(other @ SPREAD).mean() > least


def test_the_scale_of_the_statistics_does_not_matter_and_nothing_is_changed_in_place() -> None:
    before = WEIGHT.copy()
    one, two = (inserted(WEIGHT, KEYS, VALUES, scale * SECOND) for scale in (1.0, 1e-9))
    np.testing.assert_allclose(one, two, rtol=1e-8)
    assert (WEIGHT == before).all() and one is not WEIGHT


def test_no_pair_is_no_change_to_the_last_bit() -> None:
    none = inserted(WEIGHT, KEYS[:, :0], VALUES[:, :0], SECOND)
    assert none is not WEIGHT and (none == WEIGHT).all()
    np.testing.assert_allclose(inserted(WEIGHT, KEYS, WEIGHT @ KEYS, SECOND), WEIGHT, atol=1e-12)


def test_too_few_keys_for_their_statistics_are_refused_with_the_rank() -> None:
    few = SPREAD[:, :5] @ SPREAD[:, :5].T / 5
    with pytest.raises(Singular, match="statistics, of 8 rows, has rank 5") as told:
        inserted(WEIGHT, KEYS, VALUES, few)
    assert (told.value.which, told.value.rank, told.value.size) == ("statistics", 5, 8)
    inserted(WEIGHT, KEYS, VALUES, few + 0.01 * np.eye(8))


@pytest.mark.parametrize("count", [2, 8])
def test_equal_keys_are_refused_as_such_also_where_they_are_as_many_as_a_key_is_wide(count: int) -> None:
    with pytest.raises(Singular, match=f"keys, of {count} rows, has rank 1") as told:
        inserted(WEIGHT, np.repeat(KEYS[:, :1], count, axis=1), RNG.normal(size=(5, count)), SECOND)
    assert (told.value.which, told.value.rank, told.value.size) == ("keys", 1, count)


def test_solving_agrees_with_numpy_also_where_rows_differ_in_size() -> None:
    scale = 10.0 ** np.arange(-4, 4)
    matrix = SECOND * scale * scale[:, None]
    np.testing.assert_allclose(solved(matrix, KEYS, "statistics"), np.linalg.solve(matrix, KEYS), rtol=1e-6)
