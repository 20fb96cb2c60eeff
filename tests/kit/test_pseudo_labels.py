"""What pseudo-labelling teachers share: a subsample, disagreement, draws by mass, values remembered by row."""

import numpy as np
import pytest

from tutelage.core.data import Rows
from tutelage.core.rng import stream
from tutelage.kit.pseudo_labels import bald, doubt, drawn, earlier, lessons_about, remembered, subsampled
from tutelage.toys import POOL, vector_pool

RNG = stream(0, "teach")


def test_bald_by_hand() -> None:
    """Members (1 0) and (0 1): H(1/2 1/2) - 0 = log 2. Twice the same (1/2 1/2): 0. Three that agree: 0."""
    said = np.array([[[1.0, 0.0], [0.5, 0.5], [0.3, 0.7]], [[0.0, 1.0], [0.5, 0.5], [0.3, 0.7]]])
    assert bald(said) == pytest.approx([np.log(2), 0, 0]) and (bald(said) >= 0).all()


def test_bald_is_log_c_for_sure_members_spread_over_all_classes() -> None:
    assert bald(np.eye(5)[:, None, :]) == pytest.approx(np.log(5))


def test_doubt_is_a_share_of_the_largest_entropy() -> None:
    assert doubt(np.full((1, 7), 1 / 7)) == pytest.approx(1) and doubt(np.eye(3)) == pytest.approx(0)
    assert doubt(np.ones((2, 1))).tolist() == [0, 0]


def test_drawn_in_proportion() -> None:
    """Mass 3, 1, 0: the first alone in 3 of 4 draws (+- 4 standard deviations), the third never."""
    picks = np.concatenate([drawn(np.array([3.0, 1.0, 0.0]), 1, stream(seed, "draw")) for seed in range(600)])
    assert abs((picks == 0).mean() - 0.75) < 4 * np.sqrt(0.75 * 0.25 / 600) and (picks != 2).all()
    assert drawn(np.array([3.0, 1.0, 0.0]), 5, RNG).tolist() == [0, 1] and drawn(np.zeros(3), 2, RNG).size == 0


def test_subsample_keeps_the_order() -> None:
    asked = Rows(POOL, np.array([5, 3, 1, 0]))
    few = subsampled(asked, 2, RNG)
    assert len(few) == 2 and subsampled(asked, 9, RNG).ids() == ["f", "d", "b", "a"]
    assert few.ids() == [one for one in "fdba" if one in few.ids()]


def test_memory_is_by_row() -> None:
    """Remembered for d, a, f; asked about a, b, f: a and f come back, b has what it has now."""
    kept = remembered(POOL.take([3, 0, 5]), np.array([3.0, 0.0, 5.0]))
    assert earlier(kept, POOL.take([0, 1, 5]), np.array([-1.0, -2.0, -3.0])).tolist() == [0, -2, 5]
    wide = remembered(POOL.take([3, 0]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert earlier(wide, POOL.take([0, 1]), np.zeros((2, 2))).tolist() == [[3, 4], [0, 0]]


@pytest.mark.parametrize(
    "memory", [{}, remembered(vector_pool([[1.0]]), np.ones(1)), remembered(POOL, np.ones((6, 3)))]
)
def test_another_table_or_width_is_not_remembered(memory: dict[str, object]) -> None:
    now = np.arange(12.0).reshape(6, 2)
    assert (earlier(memory, POOL, now) == now).all()


def test_no_row_no_block() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert lessons_about(POOL, none, none, np.zeros(0), "test") == ()
