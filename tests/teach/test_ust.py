"""UST: weights by hand, as many of each class, agreement drawn first, nothing without lessons."""

import numpy as np
import pytest

from tutelage.core.data import Rows, labelled
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.teach.ust import Ust
from tutelage.toys import CODES, POOL, Nearest, vector_pool, view


class Poison:
    """Answers that must never be opened."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a free teacher used answers.{name}")


def teach(seed: int = 0, taught: object = (0, 1, 4, 5), **settings: object) -> Taught:
    now = view(taught=np.array(taught))
    return Ust(**settings).teach(Rows(now.pool, np.arange(len(now.pool))), now, Poison(), stream(seed, "teach"))


def test_weights_by_hand() -> None:
    """Probabilities 0.9 and 0.7 of the class: variance 0.01, 0.1 log(1 / 0.01) = 0.4605. 1 and 0: variance 1/4, floor
    0.1 / 0.25 = 0.4. Equal: 0.1 log(1e8) = 1.842."""
    said = np.array([[[0.9, 0.1], [1.0, 0.0], [0.2, 0.8]], [[0.7, 0.3], [0.0, 1.0], [0.2, 0.8]]])
    weights = Ust()._weights(said, np.array([0, 0, 1]))
    assert weights == pytest.approx([0.4605, 0.4, 1.842], abs=1e-3)


def test_as_many_of_each_predicted_class() -> None:
    """30 left and 10 right examples, 5 a class at most: 5 and 5; 20 at most: 20 and 10."""
    pool = vector_pool(np.r_[np.linspace(-3, -1, 30), np.linspace(1, 3, 10)][:, None])
    student = Nearest(pool.labels, np.array([[-2], [2]], dtype=np.float32))
    about = np.array([0, 1, 2, 3, 36, 37, 38, 39])
    lessons = (labelled(Rows(pool, about), np.repeat([0, 1], 4), "oracle"),)
    for most, counts in ((5, [5, 5]), (20, [20, 10])):
        now = view(pool, student, lessons)
        taught = Ust(per_class=most).teach(Rows(pool, np.arange(40)), now, Poison(), stream(1, "t"))
        assert np.bincount(taught.lessons[0].given["label"]).tolist() == counts


def test_weights_stay_between_the_floor_and_full_agreement() -> None:
    """alpha / 0.25 = 0.4 and alpha log(1e8) = 1.842."""
    weights = teach(members=2, seed=3).lessons[0].weight
    assert (weights >= 0.4).all() and (weights <= 0.1 * np.log(1e8) + 1e-9).all()


def test_easy_and_hard_draw_from_opposite_ends() -> None:
    """By mass: of 0 and log 2 the sure one is never drawn as hard, the doubtful one less often as easy."""
    codes, apart = np.zeros(2, dtype=np.int64), np.array([0.0, np.log(2)])
    assert Ust(draw="hard", per_class=1)._drawn(codes, apart, 1, stream(0, "t")).tolist() == [1]
    easy = [int(Ust(per_class=1)._drawn(codes, apart, 1, stream(seed, "t"))[0]) for seed in range(400)]
    share = 1 / (1 + 1 - np.log(2))
    assert abs(np.mean(np.array(easy) == 0) - share) < 4 * np.sqrt(share * (1 - share) / 400)


def test_nothing_without_a_lesson_or_a_label() -> None:
    now = view(student=Nearest(POOL.labels, np.full((2, 2), np.nan, dtype=np.float32)))
    taught = Ust().teach(Rows(POOL, np.arange(6)), now, Poison(), stream(0, "t"))
    assert taught.lessons == () and taught.facts == {"kept": 0.0, "coverage": 0.0}


def test_predictions_count_and_never_the_truth() -> None:
    """Lessons with left and right exchanged: what is taught is exchanged, too."""
    now = view(taught=np.array([0, 1, 4, 5]))
    swapped = tuple(block._replace(given={"label": 1 - block.given["label"]}) for block in now.lessons)
    rows = Rows(now.pool, np.arange(2))
    ours = Ust().teach(rows, now, Poison(), stream(2, "t")).lessons[0]
    theirs = Ust().teach(rows, now._replace(lessons=swapped), Poison(), stream(2, "t")).lessons[0]
    assert (ours.given["label"] == 1 - theirs.given["label"]).all() and CODES[0] == 0
