"""VERIPS: candidates by hand, the veto of the second fit, limits."""

import numpy as np
import pytest

from tutelage.core.data import Rows, labelled
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.teach.verips import Verips
from tutelage.toys import POOL, Nearest, vector_pool, view


def teach(points: object, means: object, held: object, codes: object, **settings: object) -> Taught:
    """A nearest-mean student with these means; lessons about points of its own."""
    pool, known = vector_pool(points), vector_pool(held)
    student = Nearest(pool.labels, np.array(means, dtype=np.float32))
    lessons = (labelled(Rows(known, np.arange(len(known))), np.array(codes), "oracle", 1.0),)
    now = view(pool, student, lessons)
    return Verips(**settings).teach(Rows(pool, np.arange(len(pool))), now, None, stream(0, "teach"))


def kept(taught: Taught) -> list[int]:
    return [int(row) for block in taught.lessons for row in block.about.numbers]


def test_candidates_by_hand() -> None:
    """Means -1 and 1: p(right) = sigmoid(2 x). At x = 2: 0.982, H = 0.0901 nats = 0.130 bits: in at slack 0.14, not at
    0.12. Margin 0.964: in at slack 0.04, not at 0.03."""
    for by, slack, count in (("entropy", 0.14, 1), ("entropy", 0.12, 0), ("margin", 0.04, 1), ("margin", 0.03, 0)):
        taught = teach([[2.0]], [[-1.0], [1.0]], [[-1.0], [1.0]], [0, 1], by=by, slack=slack)
        assert taught.facts["candidates"] == count, (by, slack)


def test_the_second_fit_has_a_veto() -> None:
    """The student took 0.1 for right of its means -4 and 3.5 (border -0.25). Fitted to its lessons at -3 and 3 and to
    the candidates 0.1, 5, 6, 7, 8 as right, the means are -3 and 4.85: border 0.93, and 0.1 falls to the left."""
    taught = teach([[0.1], [5], [6], [7], [8]], [[-4.0], [3.5]], [[-3.0], [3.0]], [0, 1], slack=1.0)
    assert taught.facts["candidates"] == 5 and kept(taught) == [1, 2, 3, 4]
    assert taught.facts == {"candidates": 5.0, "kept": 4.0, "coverage": 0.8}


def test_slack_0_keeps_only_what_is_certain() -> None:
    assert kept(teach([[1.0], [2.0]], [[-1.0], [1.0]], [[-1.0], [1.0]], [0, 1], slack=0.0)) == []
    far = teach([[-900.0], [900.0]], [[-1.0], [1.0]], [[-1.0], [1.0]], [0, 1], slack=0.0)
    assert kept(far) == [0, 1] and far.lessons[0].given["label"].tolist() == [0, 1]


def test_weight() -> None:
    taught = teach([[-5.0], [5.0]], [[-1.0], [1.0]], [[-1.0], [1.0]], [0, 1], weight=0.25)
    assert taught.lessons[0].weight.tolist() == [0.25, 0.25] and taught.lessons[0].cost.sum() == 0


def test_nothing_without_a_lesson() -> None:
    taught = Verips(slack=1.0).teach(Rows(POOL, np.arange(6)), view(), None, stream(0, "t"))
    assert taught.lessons == () and taught.facts["candidates"] == 0


@pytest.mark.parametrize("by", ["entropy", "margin"])
def test_more_slack_never_loses_a_candidate(by: str) -> None:
    points = np.linspace(-3, 3, 25)[:, None]
    counts = [
        teach(points, [[-1.0], [1.0]], [[-1.0], [1.0]], [0, 1], by=by, slack=s).facts["candidates"]
        for s in (0.05, 0.2, 0.6, 1)
    ]
    assert counts == sorted(counts) and counts[-1] == 25
