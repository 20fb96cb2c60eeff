"""Orders of tasks, and how the rows of each are shared out."""

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.kit.streams import arranged, drawn

TASK = np.array([0, 1, 0, 1, 0, 1, 0, 2, 2])  # four rows of task 0, three of 1, two of 2


def test_by_hand() -> None:
    """Order 2, 0 in two slices gone through once: four episodes, one row each of task 2, then two each of task 0."""
    blocks = arranged(np.array([0, 0, 0, 0, 1, 1]), (1, 0), passes=1, slices=2, rng=stream(0, "data"))
    assert blocks.tasks == (1, 0) and [len(rows) for rows in blocks.episodes] == [1, 1, 2, 2]
    assert blocks.numbers().tolist() == [0, 1, 2, 2, 3, 3]
    assert sorted(blocks.rows()[:2].tolist()) == [4, 5] and sorted(blocks.rows()[2:].tolist()) == [0, 1, 2, 3]


def test_every_row_is_learned_once_whatever_the_scenario() -> None:
    for scenario, passes in (("condensed", 1), ("permuted", 1), ("dispersed", 2)):
        luck = stream(3, "data")
        order = drawn(3, scenario, None, luck)
        blocks = arranged(TASK, order, passes, 1, luck)
        assert blocks.tasks == order * passes and sorted(blocks.rows().tolist()) == list(range(9))
        for task, rows in zip(blocks.tasks, blocks.episodes, strict=True):
            assert set(TASK[rows].tolist()) == {task}


def test_condensed_is_as_numbered_and_permuted_differs_by_seed() -> None:
    assert {drawn(4, "condensed", None, stream(seed, "data")) for seed in range(5)} == {(0, 1, 2, 3)}
    assert len({drawn(4, "permuted", None, stream(seed, "data")) for seed in range(8)}) > 4
    assert drawn(4, "permuted", None, stream(1, "data")) == drawn(4, "dispersed", None, stream(1, "data"))


def test_the_experts_rows_are_those_that_its_task_has_among_all() -> None:
    whole, alone = (arranged(TASK, (2, 1, 0), 1, 1, stream(5, "data"), only) for only in (None, 1))
    assert alone.tasks == (1,) and alone.episodes[0].tolist() == whole.episodes[1].tolist()


def test_an_order_that_is_none_and_an_empty_episode_are_refused() -> None:
    with pytest.raises(Refused, match=r"each of the tasks 0 to 2 once; found \[0, 0, 1\]"):
        drawn(3, "permuted", (0, 0, 1), stream(0, "data"))
    with pytest.raises(Refused, match="task 2 has 2 rows, which cannot fill 3 episodes"):
        arranged(TASK, (0, 1, 2), 3, 1, stream(0, "data"))
