"""Episodes in order of first appearance, of a pool in any order, and rows that belong to none."""

import numpy as np
import pytest

from tutelage.core.data import Table
from tutelage.core.errors import ContractBroken
from tutelage.kit.episodes import episodes, without_episode


def pool(*names: object):
    return Table.of("some", {"vector": np.zeros((len(names), 1)), "episode": list(names)}, ["x"]).pool()


def test_by_hand() -> None:
    """Rows 0 .. 4 belong to 7 7 3 7 3; taken backwards, 3 appears first."""
    numbers = pool(7, 7, 3, 7, 3)
    assert [rows.tolist() for rows in episodes(numbers)] == [[0, 1, 3], [2, 4]]
    assert [rows.tolist() for rows in episodes(numbers.take([4, 3, 2, 1]))] == [[4, 2], [3, 1]]
    assert episodes(numbers.take([])) == ()


def test_without_the_column_there_are_none() -> None:
    plain = Table.of("some", {"vector": np.zeros((3, 1))}, ["x"]).pool()
    assert episodes(plain) == () and without_episode(plain) == 0


@pytest.mark.parametrize("names", [("a", None, "b"), ("a", "", "b"), (1, None, 2)])
def test_a_row_that_belongs_to_none(names: tuple[object, ...]) -> None:
    assert without_episode(pool(*names)) == 1 and without_episode(pool(*names).take([0, 2])) == 0
    with pytest.raises(ContractBroken, match="1 of 3 rows belong to no episode"):
        episodes(pool(*names))
