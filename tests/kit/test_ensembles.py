"""Fits of resampled lessons: as many lessons as there were, weights kept, luck from the argument alone."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tutelage.core.data import Lessons, Rng, Rows, labelled
from tutelage.core.rng import stream
from tutelage.core.stages import Student
from tutelage.kit.ensembles import opinions, resampled_fits
from tutelage.toys import CODES, POOL, Nearest, view


@dataclass(frozen=True)
class Recording:
    """Keeps the weights that it was fitted with."""

    weights: tuple[float, ...] = ()
    fingerprint: str = "recording"
    labels: tuple[str, ...] = field(default=POOL.labels)

    def fit(self, lessons: Lessons, rng: Rng) -> Student:
        return replace(self, weights=tuple(float(w) for block in lessons for w in block.weight))


LESSONS = (
    labelled(Rows(POOL, np.arange(4)), CODES[:4], "oracle"),
    labelled(Rows(POOL, np.array([4, 5])), CODES[4:], "oracle")._replace(weight=np.array([0.5, 0.0])),
)


def test_as_many_lessons_as_there_were() -> None:
    """Five lessons have weight: each fit draws five; the one of weight 0.5 counts half each time, the last never."""
    fits = resampled_fits(Recording(), LESSONS, 200, stream(0, "fits"))
    weights = np.array([one.weights for one in fits])
    times = weights / [1, 1, 1, 1, 0.5, 1]
    assert (times.sum(axis=1) == 5).all() and (times == np.floor(times)).all() and (weights[:, 5] == 0).all()
    assert times[:, :5].mean(axis=0) == pytest.approx(1, abs=0.3), "each is drawn once on average"
    assert len({one.weights for one in fits}) > 50


def test_same_luck_same_members() -> None:
    one, two, other = (
        [fit.fingerprint for fit in resampled_fits(view().student, LESSONS, 4, stream(seed, "fits"))]
        for seed in (0, 0, 1)
    )
    assert one == two != other


def test_opinions_are_stacked() -> None:
    members = resampled_fits(view().student, LESSONS, 3, stream(0, "fits"))
    said = opinions(members, POOL)
    assert said.shape == (3, 6, 2) and (said[1] == members[1].probs(POOL)).all()


def test_no_lesson_is_no_draw() -> None:
    blank = Nearest(POOL.labels, np.full((2, 2), np.nan, dtype=np.float32))
    absent = LESSONS[0]._replace(weight=np.zeros(4))
    for lessons in ((), (absent,)):
        (one,) = resampled_fits(blank, lessons, 1, stream(0, "fits"))
        assert (one.probs(POOL) == 0.5).all()
