"""A lifetime's columns, and smoothing, clamping and scaling, by hand and against plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tutelage.core.errors import Refused
from tutelage.kit.lifetimes import Lifetime, checked, prepared, smoothed, stretches


def life(*blocks: tuple[bool, str, list[float]]) -> Lifetime:
    """One block per entry."""
    sizes = [len(values) for _, _, values in blocks]
    return Lifetime(
        np.repeat(np.arange(len(blocks)), sizes),
        np.repeat([train for train, _, _ in blocks], sizes),
        np.repeat([task for _, task, _ in blocks], sizes),
        np.arange(sum(sizes)),
        np.concatenate([np.asarray(values, dtype=float) for _, _, values in blocks]),
    )


def test_smoothing_by_hand() -> None:
    """15 numbers: w = 3, s = 0, so y_i = (x_(i-2) + x_(i-1) + x_i) / 3 with x_(-1) = x_1, x_(-2) = x_2.

    Of 0 3 6 9 ...: y_0 = (6 + 3 + 0) / 3 = 3, y_1 = (3 + 0 + 3) / 3 = 2, y_2 = (0 + 3 + 6) / 3 = 3, then x_(i-1).
    """
    made = smoothed(3.0 * np.arange(15))
    assert made == pytest.approx([3, 2, 3, *(3.0 * np.arange(2, 14))])


@pytest.mark.parametrize("size", [1, 14])
def test_a_short_block_is_not_smoothed(size: int) -> None:
    """20 % of 14 are 2 places, too few to smooth over."""
    values = np.arange(float(size))
    assert smoothed(values).tolist() == values.tolist()


@given(some.integers(15, 700), some.integers(0, 9))
def test_smoothing_is_a_plain_loop(size: int, seed: int) -> None:
    """Against the definition, place by place; the window stops growing at 100."""
    x = np.random.Generator(np.random.PCG64(seed)).normal(size=size)
    width = min(int(0.2 * size), 100)
    back = width // 2 - 1

    def at(place: int) -> float:
        place = abs(place)
        return float(x[place if place < size else 2 * (size - 1) - place])

    slow = [sum(at(i - width + 1 + back + j) for j in range(width)) / width for i in range(size)]
    assert smoothed(x) == pytest.approx(slow)


def test_scaling_by_hand() -> None:
    """Task a: 0 and 2 when trained, 4 in its expert: 1, 51, 101. Task b is always 7: 1, with one like it."""
    found = prepared(life((True, "a", [0, 2]), (False, "b", [7, 7])), {"a": [np.array([4.0, 2])]})
    assert found.lifetime.performance.tolist() == [1, 51, 1, 1]
    assert found.experts["a"][0].tolist() == [101, 51]


def test_the_range_is_the_tasks_over_all_blocks() -> None:
    """A range per block would turn the fall from 4 to 1 into nothing: both blocks would read 1."""
    found = prepared(life((True, "a", [0, 4]), (False, "a", [4]), (False, "a", [1])))
    assert found.lifetime.performance.tolist() == [1, 101, 101, 26]


def test_clamping_by_hand() -> None:
    """0..10 and an expert of 20..29: 21 numbers, the 10 % quantile is 2, the 90 % one 27; then scaled from there."""
    found = prepared(life((True, "a", list(range(11)))), {"a": [np.arange(20.0, 30)]}, smooth=False, clamp=True)
    assert found.lifetime.performance[:4] == pytest.approx([1, 1, 1, 5])
    assert found.experts["a"][0][-3:] == pytest.approx([101, 101, 101])


def test_a_stated_range() -> None:
    """0 and 10 are stated: 5 reads 51; clamped, 20 is 10."""
    one = life((True, "a", [5, 20]))
    assert prepared(one, ranges={"a": (0, 10)}).lifetime.performance.tolist() == [51, 201]
    assert prepared(one, ranges={"a": (0, 10)}, clamp=True).lifetime.performance.tolist() == [51, 101]


def test_nothing_asked_is_nothing_done() -> None:
    """The neutral limit: without the three steps a lifetime is what it was."""
    one, curve = life((True, "a", list(np.sin(np.arange(40.0))))), np.cos(np.arange(30.0))
    found = prepared(one, {"a": [curve]}, smooth=False, scale=False)
    assert found.lifetime.performance.tolist() == one.performance.tolist()
    assert found.experts["a"][0].tolist() == curve.tolist()


def test_only_learning_blocks_are_smoothed() -> None:
    values = list(np.sin(np.arange(40.0)))
    found = prepared(life((False, "a", values), (True, "a", values)), scale=False).lifetime.performance
    assert found[:40].tolist() == values
    assert found[40:].tolist() == smoothed(np.array(values)).tolist()


def test_what_was_given_is_not_changed() -> None:
    one, curve = life((True, "a", list(range(30)))), np.arange(30.0)
    prepared(one, {"a": [curve]}, clamp=True)
    assert one.performance.tolist() == curve.tolist() == list(range(30))


def test_stretches_of_nothing() -> None:
    none = checked(Lifetime(*(np.zeros(0) for _ in range(5))))
    assert stretches(none).starts.tolist() == [0] and prepared(none).lifetime.performance.tolist() == []


GOOD = life((False, "a", [1, 2]), (True, "a", [3, 4]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"block": np.array([1, 1, 0, 0])}, "the block numbers fall at line 2"),
        ({"experience": np.array([0, 1, 1, 2])}, "the experience numbers do not rise at line 2"),
        ({"block": np.zeros(4)}, "the block changes between training and testing at line 2"),
        ({"performance": np.array([0, np.nan, 1, 1])}, "not a finite number at line 2"),
        ({"task": np.array(["a", "b", "a", "a"]), "block": np.zeros(4), "train": np.ones(4)}, "a task comes back"),
        ({"task": np.array(["a"])}, "different lengths"),
    ],
)
def test_what_is_no_lifetime_is_refused(change, message: str) -> None:
    with pytest.raises(Refused, match=message):
        checked(GOOD._replace(**change))


def test_an_expert_without_a_curve_is_refused() -> None:
    with pytest.raises(Refused, match="expert of a: its curve"):
        prepared(GOOD, {"a": [np.array([])]})
    with pytest.raises(Refused, match="'a' has none"):
        prepared(GOOD, ranges={"b": (0, 1)})
