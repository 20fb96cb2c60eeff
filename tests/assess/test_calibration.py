"""Calibration error and Brier score: by hand, against an obvious loop and scikit-learn, bins of both kinds."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from tutelage.assess.calibration import Calibration
from tutelage.core.rng import stream


def test_by_hand(school) -> None:
    """Ten bins. Confidence 0.75 twice, right once: |1.5 - 1| / 4; confidence 0.95 twice, right twice: |1.9 - 2| / 4.
    Together 0.125 + 0.025 = 0.15. Brier: right 2 (1 - p)^2, wrong 2 p^2:
    (0.125 + 1.125 + 0.005 + 0.005) / 4 = 0.315."""
    sure = np.array([0.75, 0.75, 0.95, 0.95])
    student = school.Scripted(np.stack([sure, 1 - sure], axis=1).astype(np.float32), school.names(2))
    error, brier = school.sit(Calibration(bins=10), student, school.exam([0, 1, 0, 0], 2))
    assert (error.name, brier.name) == ("calibration", "brier")
    assert not error.higher_is_better and not brier.higher_is_better
    assert error.value == pytest.approx(0.15, abs=1e-6) and error.items == pytest.approx(
        [-0.25, 0.75, 0.05, 0.05], abs=1e-6
    )
    assert brier.value == pytest.approx(0.315, abs=1e-6)
    assert brier.items == pytest.approx([0.125, 1.125, 0.005, 0.005], abs=1e-6)


def draw(school, seed: int, n: int = 60, classes: int = 4):
    rng = stream(seed, "exam")
    table = rng.dirichlet(np.full(classes, 0.6), n).astype(np.float32)
    return school.Scripted(table, school.names(classes)), rng.integers(0, classes, n)


@pytest.mark.parametrize("equal", ["width", "mass"])
def test_one_bin_is_confidence_less_accuracy(school, equal: str) -> None:
    student, truth = draw(school, 1)
    error, _ = school.sit(Calibration(bins=1, equal=equal), student, school.exam(truth, 4))
    right = student.table.argmax(1) == truth
    assert error.value == pytest.approx(abs(student.table.max(1).mean() - right.mean()), abs=1e-6)


def obvious(table: np.ndarray, truth: np.ndarray, bins: int) -> float:
    """Guo et al. (2017), equation 3: sum over bins of |B| / n |accuracy - confidence|."""
    conf, right = table.max(1).astype(float), table.argmax(1) == truth
    total = 0.0
    for number in range(bins):
        mine = (conf > number / bins) & (conf <= (number + 1) / bins)
        if mine.any():
            total += mine.mean() * abs(right[mine].mean() - conf[mine].mean())
    return total


@pytest.mark.parametrize("seed", range(6))
def test_equals_the_obvious_loop_and_scikit_learn(school, seed: int) -> None:
    student, truth = draw(school, seed)
    bins = (5, 15)[seed % 2]
    error, brier = school.sit(Calibration(bins=bins), student, school.exam(truth, 4))
    assert error.value == pytest.approx(obvious(student.table, truth, bins), abs=1e-6)
    theirs = brier_score_loss(truth, student.table, labels=range(4), scale_by_half=False)
    assert brier.value == pytest.approx(theirs, abs=1e-6)


def test_equal_mass_by_hand(school) -> None:
    """Confidences 0.6 0.7 | 0.8 0.9 (two bins, cut at the median 0.75), the first and the last right:
    |1.3 - 1| / 4 + |1.7 - 1| / 4 = 0.25. Of equal width all four lie in the upper half: |3.0 - 2| / 4 = 0.25 too;
    with 0.6 and 0.7 right it is |1.3 - 2| / 4 + 1.7 / 4 = 0.6 against 0.25."""
    sure = np.array([0.6, 0.7, 0.8, 0.9])
    student = school.Scripted(np.stack([sure, 1 - sure], axis=1).astype(np.float32), school.names(2))
    mass, width = Calibration(bins=2, equal="mass"), Calibration(bins=2)
    assert school.sit(mass, student, school.exam([0, 1, 1, 0], 2))[0].value == pytest.approx(0.25, abs=1e-6)
    assert school.sit(mass, student, school.exam([0, 0, 1, 1], 2))[0].value == pytest.approx(0.6, abs=1e-6)
    assert school.sit(width, student, school.exam([0, 0, 1, 1], 2))[0].value == pytest.approx(0.25, abs=1e-6)


def test_bins_are_closed_above(school) -> None:
    """Two bins. 0.5 lies in the lower one, 0.75 in the upper: (|0.5 - 0| + |0.75 - 1|) / 2 = 0.375; together it were
    |1.25 - 1| / 2 = 0.125."""
    sure = np.array([0.5, 0.75])
    student = school.Scripted(np.stack([sure, 1 - sure], axis=1).astype(np.float32), school.names(2))
    error, _ = school.sit(Calibration(bins=2), student, school.exam([1, 0], 2))
    assert error.value == pytest.approx(0.375, abs=1e-6)


def test_equal_confidences_share_a_bin(school) -> None:
    """Twelve times 0.8, nine right: whatever the bins, |0.8 - 0.75| = 0.05."""
    student = school.says([0] * 12, 2, 0.8)
    truth = [0, 0, 0, 1] * 3
    for equal in ("width", "mass"):
        error, _ = school.sit(Calibration(bins=4, equal=equal), student, school.exam(truth, 2))
        assert error.value == pytest.approx(0.05, abs=1e-6)


def test_a_class_that_the_student_does_not_know(school) -> None:
    """Says c00 with 0.9, c01 with 0.1; it is c02: 0.81 + 0.01 + 1 = 1.82, and wrong at confidence 0.9."""
    error, brier = school.sit(Calibration(), school.says([0], 2, 0.9), school.exam([2], 3))
    assert error.value == pytest.approx(0.9, abs=1e-6) and brier.value == pytest.approx(1.82, abs=1e-6)


def test_names_decide_not_places(school) -> None:
    student = school.Scripted(np.array([[0.9, 0.1]], dtype=np.float32), ("c01", "c00"))
    _, brier = school.sit(Calibration(), student, school.exam([1], 2))
    assert brier.value == pytest.approx(0.02, abs=1e-6)


def test_sure_and_right_is_0_and_sure_and_wrong_is_worst(school) -> None:
    best = school.sit(Calibration(), school.says([0, 1], 2), school.exam([0, 1], 2))
    worst = school.sit(Calibration(), school.says([1, 0], 2), school.exam([0, 1], 2))
    assert [score.value for score in best] == [0, 0] and [score.value for score in worst] == [1, 2]


def test_no_items_and_no_labels(school) -> None:
    assert all(np.isnan(s.value) for s in school.sit(Calibration(), school.says([], 2), school.exam([], 2)))
    blank = school.Scripted(np.zeros((2, 0), dtype=np.float32), ())
    assert [s.value for s in school.sit(Calibration(), blank, school.exam([0, 1], 2))] == [0, 1]
    mass = Calibration(equal="mass")
    assert all(np.isnan(s.value) for s in school.sit(mass, school.says([], 2), school.exam([], 2)))
