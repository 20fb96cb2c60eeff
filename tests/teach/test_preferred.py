"""preferred: the better reply of each prompt by numbers and by words, ties, and what a column may hold."""

import numpy as np
import pytest

from tutelage.core.data import Pool, Preference, Rows
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.teach.preferred import Preferred
from tutelage.toys import ANSWERS, replies_pool, view

ROWS = [("p", "a", "1"), ("q", "b", "2"), ("p", "c", "3"), ("p", "d", "4"), ("q", "e", "5"), ("o", "f", "6")]
POOL = replies_pool(ROWS, reward=[2.0, -1.0, 5.0, 5.0, -1.0, 0.0], defect=["x", "clean", "fair", "clean", "x", "x"])


def taught(part: Preferred, *rows: int, pool: Pool = POOL) -> Taught:
    return part.teach(Rows(pool, np.array(rows, dtype=np.int64)), view(pool), ANSWERS, stream(0, "teach"))


def pairs(made: Taught) -> list[tuple[str, str]]:
    return [pair for block in made.lessons for pair in zip(block.given["chosen"], block.given["rejected"], strict=True)]


def test_by_hand() -> None:
    """Of p the best are c and d with 5, c stands first; b and e of q are equal, f has no other."""
    made = taught(Preferred(by="reward"), 4, 0, 3, 5, 1)
    assert pairs(made) == [("c", "a")] and made.facts == {"pairs": 1, "as_good": 4}
    (block,) = made.lessons
    assert block.kind is Preference and block.about.rows.tolist() == [0]
    assert block.cost.tolist() == [0] and block.weight.tolist() == [1]


def test_words_in_order() -> None:
    """clean before fair before all others: d is the best of p, b of q; f is alone."""
    made = taught(Preferred(by="defect", best=("clean", "fair")), *range(6))
    assert pairs(made) == [("d", "a"), ("d", "c"), ("b", "e")]


def test_neutral_limit_equally_good_replies_teach_nothing() -> None:
    pool = replies_pool(ROWS, reward=[1.0] * 6)
    made = taught(Preferred(by="reward"), *range(6), pool=pool)
    assert made.lessons == () and made.facts == {"pairs": 0, "as_good": 6}


def test_the_order_of_the_pool_does_not_matter() -> None:
    """The pool another way round: the same pairs, of the same rows of the table."""
    turned = POOL.take(np.array([5, 3, 1, 0, 4, 2]))
    made = taught(Preferred(by="reward"), *range(6), pool=turned)
    assert pairs(made) == [("c", "a")]


def test_a_better_reply_outside_the_pool_is_not_seen() -> None:
    assert pairs(taught(Preferred(by="reward"), 0, 1, pool=POOL.take(np.array([0, 1, 4])))) == []


@pytest.mark.parametrize(("settings", "said"), [
    ({"by": "rewards"}, "no column 'rewards'.*reward"),
    ({"by": "defect"}, "holds words.*teach.best"),
    ({"by": "defect", "best": ("claen",)}, "no row of 'replies' has claen"),
])  # fmt: skip
def test_a_column_that_says_nothing_is_refused(settings: dict, said: str) -> None:
    with pytest.raises(Refused, match=f"(?s){said}"):
        taught(Preferred(**settings), 0)


def test_a_row_without_a_number_is_named() -> None:
    pool = replies_pool(ROWS, reward=[2.0, None, 5.0, 5.0, 1.0, 0.0])
    with pytest.raises(Refused, match="row 2 of 'replies' has no number"):
        taught(Preferred(by="reward"), 0, pool=pool)
