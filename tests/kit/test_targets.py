"""Lessons of several blocks as one table of class targets."""

import numpy as np
import pytest

from tutelage.core.data import Block, Rows, Share, Soft, labelled
from tutelage.core.errors import ContractBroken
from tutelage.kit.targets import longest, targets
from tutelage.toys import POOL


def soft(rows, probs, weight, pool=POOL):
    given = {"probs": np.asarray(probs, dtype=np.float32)}
    return Block(
        Rows(pool, np.asarray(rows)), None, Soft, given, "weak", np.zeros(len(rows)), np.asarray(weight, float)
    )


def test_blocks_combine():
    """A label of b and of a, a soft target under one more label, a weight of 0: three rows, three columns."""
    grown = POOL.with_labels(("left", "right", "up"))
    lessons = (
        labelled(Rows(POOL, np.array([1, 0])), [1, 0], "oracle"),
        soft([0, 5], [[0.5, 0.25, 0.25], [1, 0, 0]], [2, 0], grown),
    )
    made = targets(lessons)
    assert made.labels == ("left", "right", "up")
    assert [pool.ids() for pool in made.pools] == [["b", "a"], ["a"]]
    assert made.probs.tolist() == [[0, 1, 0], [1, 0, 0], [0.5, 0.25, 0.25]] and made.weight.tolist() == [1, 1, 2]


def test_nothing_given():
    made = targets((), ("a", "b"))
    assert made.probs.shape == (0, 2) and made.pools == () and made.labels == ("a", "b")
    assert targets(()).probs.shape == (0, 0)


def test_what_cannot_be_read_is_refused():
    share = Block(Rows(POOL, np.arange(2)), None, Share, {"probs": np.ones((2, 2))}, "bags", np.zeros(2), np.ones(2))
    bag = labelled(Rows(POOL, np.arange(3), np.array([0, 3])), [0], "oracle")
    for block in (share, bag):
        with pytest.raises(ContractBroken, match="about one row each"):
            targets((block,))
    with pytest.raises(ContractBroken, match="disagree"):
        longest([("a", "b"), ("b",)])
