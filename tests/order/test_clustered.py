"""Clustered: groups from embeddings, then the arrangements of the other curricula."""

import numpy as np
import pytest

from tutelage.core.data import Lessons, Rows, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.order.clustered import Clustered
from tutelage.order.easy_first import EasyFirst
from tutelage.toys import Writer, vector_pool, view

ANGLES = np.array([0, 120, 240, 1, 121, 241, 2, 122, 242]) * np.pi / 180
POOL = vector_pool(np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1) * np.arange(1, 10)[:, None])


def lessons(rows: range = range(9)) -> Lessons:
    return (labelled(Rows(POOL, np.array(rows)), np.zeros(len(rows), dtype=np.int64), "oracle"),)


def order(seed: int = 0, **settings) -> list[int]:
    (stage,) = Clustered(**{"clusters": 3, **settings}).plan(lessons(), view(), stream(seed, "order"))
    return stage.order.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_three_directions_are_three_groups_whatever_their_lengths(seed: int) -> None:
    """Directions 0, 120 and 240 degrees, the vectors 1 to 9 long; groups come as they first appear."""
    assert order(seed) == [0, 3, 6, 1, 4, 7, 2, 5, 8]
    assert order(seed, arrange="interleaved") == list(range(9))
    assert order(seed, arrange="spiral", parts=2) == [0, 3, 1, 4, 2, 5, 6, 7, 8]


@pytest.mark.parametrize("arrange", ["blocked", "interleaved", "spiral"])
def test_one_cluster_is_easy_first(arrange: str) -> None:
    (sweep,) = EasyFirst().plan(lessons(), view(), stream(0, "order"))
    assert order(clusters=1, arrange=arrange, by=build("order.difficulty", "confidence")) == sweep.order.tolist()


def test_shuffled_it_is_a_permutation_of_whole_clusters() -> None:
    made = order(5, shuffle=True)
    assert sorted(made) == list(range(9)) and made != order()
    assert [len({row % 3 for row in made[at : at + 3]}) for at in (0, 3, 6)] == [1, 1, 1]


def test_no_lessons_and_no_embedding() -> None:
    (stage,) = Clustered().plan((), view(), stream(0, "order"))
    assert stage.order.tolist() == []
    with pytest.raises(ContractBroken, match="CanEmbed"):
        Clustered().plan(lessons(), view(student=Writer()), stream(0, "order"))
