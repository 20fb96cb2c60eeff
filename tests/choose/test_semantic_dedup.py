"""semantic_dedup: by hand, against the obvious loop, its limits, and what the order of pool and blocks changes: nothing."""

import numpy as np
import pytest

from tutelage.choose import semantic_dedup
from tutelage.choose.everything import Everything
from tutelage.choose.margin import Margin
from tutelage.choose.semantic_dedup import SemanticDedup, kept
from tutelage.core.data import Rows, labelled
from tutelage.core.rng import stream
from tutelage.toys import Nearest, vector_pool, view

NONE = np.zeros((0, 2), dtype=np.float32)
ANGLES = np.array([0, 30, 60, 90, 180, 0, 50]) * np.pi / 180
POOL = vector_pool(np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1) * np.array([[1], [2], [1], [3], [1], [5], [1]]))
SEEN = view(POOL, Nearest(("left", "right"), np.array([[-2.0, 0], [2, 0]], dtype=np.float32)))


def slow(x: np.ndarray, threshold: float) -> list[bool]:
    """The definition, pair by pair."""
    stays: list[bool] = []
    units = x.astype(float) / np.linalg.norm(x.astype(float), axis=1, keepdims=True)
    for i in range(len(x)):
        before = [j for j in range(i) if stays[j]]
        twin = any((x[i] == x[j]).all() for j in range(i))
        stays.append(not twin and all(units[i] @ units[j] <= threshold for j in before))
    return stays


def ids(seen, chosen) -> list[str]:
    return seen.pool.take(chosen.rows).ids()


def test_by_hand() -> None:
    """cos 45 degrees is 0.707: of 0, 30, 60, 90, 180, 0, 50 degrees 30 lies by 0; 60 by none kept; 90 by 60; then 0 and
    50 again. Left out, by likeness to what is kept: 30 and 90 (30 degrees), 50 (10 degrees), 0 (none)."""
    whole = SemanticDedup(threshold=0.71, of=Everything()).choose(SEEN, 7, stream(0, "choose"))
    assert whole.rows[:3].tolist() == [0, 2, 4] and set(whole.rows[3:5].tolist()) == {1, 3}
    assert whole.rows[5:].tolist() == [6, 5]
    few = SemanticDedup(threshold=0.71, of=Everything(), drop=True).choose(SEEN, 7, stream(0, "choose"))
    assert few.rows.tolist() == [0, 2, 4]


def test_what_is_labelled_counts_as_kept() -> None:
    lessons = (labelled(Rows(POOL, np.array([1])), np.array([0]), "oracle"),)
    seen = view(POOL.without([1]), SEEN.student, lessons)
    chosen = SemanticDedup(threshold=0.71, of=Everything(), drop=True).choose(seen, 6, stream(0, "choose"))
    assert ids(seen, chosen) == POOL.take([3, 4]).ids()  # 0, 60 and 50 degrees lie within 30 of it


@pytest.mark.parametrize("threshold", [-0.5, 0.0, 0.67, 0.95, 1.0])
def test_blocks_of_any_size_give_what_the_obvious_loop_gives(threshold: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 3)).astype(np.float32)[rng.integers(0, 12, 150)]
    x[:75] += rng.normal(size=(75, 3)).astype(np.float32) * np.float32(0.1)
    made = kept(x, np.zeros((0, 3)), threshold)
    assert made.stays.tolist() == slow(x, threshold)
    for size in (1, 7, 64):
        cut = lambda count, width, size=size: (slice(at, min(at + size, count)) for at in range(0, count, size))
        monkeypatch.setattr(semantic_dedup, "blocks", cut)
        again = kept(x, np.zeros((0, 3)), threshold)
        assert again.stays.tolist() == made.stays.tolist()
        np.testing.assert_allclose(again.alike, made.alike, atol=1e-12)


def test_a_threshold_of_one_leaves_out_exact_repetitions_alone() -> None:
    """1e-7 apart, or another length of the same direction, is no repetition; the first of two equal rows stays."""
    x = np.array([[1, 0], [1, 1e-7], [2, 0], [1, 0], [0, 0], [0, 0]], dtype=np.float32)
    assert kept(x, NONE, 1.0).stays.tolist() == [True, True, True, False, True, False]


def test_the_first_of_the_table_is_kept_whatever_the_order_of_the_pool() -> None:
    other = SEEN._replace(pool=POOL.take([6, 5, 4, 3, 2, 1, 0]))
    how = SemanticDedup(threshold=0.71, drop=True, of=Everything())
    assert ids(other, how.choose(other, 7, stream(0, "c"))) == ids(SEEN, how.choose(SEEN, 7, stream(0, "c")))


def test_without_alike_rows_it_is_the_other_chooser() -> None:
    apart = SEEN._replace(pool=POOL.take([0, 2, 3, 4]))
    one, two = (
        Margin().choose(apart, 2, stream(0, "c")),
        SemanticDedup(threshold=0.99, of=Margin()).choose(apart, 2, stream(0, "c")),
    )
    assert one.rows.tolist() == two.rows.tolist() and np.array_equal(one.scores, two.scores)
