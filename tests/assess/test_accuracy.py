"""Accuracy: by hand, against scikit-learn, unknown labels, label lists in another order, groups."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score

from tutelage.assess.accuracy import Accuracy
from tutelage.core.data import Exam, Itself, Rows
from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.rng import stream


def test_by_hand(school) -> None:
    """Truth 0 1 1 0, answers 0 1 0 1: two of four."""
    (score,) = school.sit(Accuracy(), school.says([0, 1, 0, 1], 2), school.exam([0, 1, 1, 0], 2))
    assert score.name == "accuracy" and score.value == 0.5 and score.higher_is_better
    assert (
        score.items.tolist() == [1, 1, 0, 0] and score.items.dtype == np.float32 and score.rows.tolist() == [0, 1, 2, 3]
    )
    assert score.groups is None


def test_one_label_is_always_right(school) -> None:
    assert school.sit(Accuracy(), school.says([0, 0], 1), school.exam([0, 0], 1))[0].value == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_equals_scikit_learn(school, seed: int) -> None:
    rng = stream(seed, "exam")
    truth, said = rng.integers(0, 14, (2, 50))
    value = school.sit(Accuracy(), school.says(said, 14), school.exam(truth, 14))[0].value
    assert value == pytest.approx(accuracy_score(truth, said), abs=1e-7)


def test_an_exam_label_that_the_student_does_not_know_is_wrong(school) -> None:
    """Two classes known of three: items of class 2 cannot be right."""
    (score,) = school.sit(Accuracy(), school.says([0, 1, 0], 2), school.exam([0, 1, 2], 3))
    assert score.items.tolist() == [1, 1, 0]


def test_a_label_that_only_the_student_knows_is_wrong(school) -> None:
    (score,) = school.sit(Accuracy(), school.says([0, 2], 3), school.exam([0, 1], 2))
    assert score.items.tolist() == [1, 0]


def test_names_decide_not_places(school) -> None:
    """The student lists the labels the other way round; its code 0 is c01."""
    student = school.Scripted(np.array([[1, 0], [0, 1]], dtype=np.float32), ("c01", "c00"))
    (score,) = school.sit(Accuracy(), student, school.exam([1, 0], 2))
    assert score.value == 1.0


def test_a_student_without_labels_is_wrong_throughout(school) -> None:
    student = school.Scripted(np.zeros((2, 0), dtype=np.float32), ())
    assert school.sit(Accuracy(), student, school.exam([0, 1], 2))[0].value == 0.0


def test_groups_are_numbered_and_loners_stand_alone(school) -> None:
    (score,) = school.sit(Accuracy(), school.says([0] * 5, 1), school.exam([0] * 5, 1, ["b", None, "a", "b", None]))
    assert score.groups.tolist() == [0, 1, 2, 0, 3]


def test_several_blocks_and_weight_zero(school) -> None:
    """Items in the order of the blocks; a lesson of weight 0 is no item."""
    (block,) = school.exam([0, 1, 1, 0], 2).truth
    second, first = (
        block._replace(
            about=block.about._replace(rows=np.array(rows)),
            given={"label": block.given["label"][rows]},
            cost=np.zeros(2),
            weight=np.array(weight, dtype=float),
        )
        for rows, weight in (([2, 3], [1, 0]), ([0, 1], [1, 1]))
    )
    (score,) = school.sit(Accuracy(), school.says([0, 0, 1, 1], 2), Exam((second, first)))
    assert score.rows.tolist() == [2, 0, 1] and score.items.tolist() == [1, 1, 0]


def test_no_items_is_not_a_number(school) -> None:
    (score,) = school.sit(Accuracy(), school.says([], 2), school.exam([], 2))
    assert math.isnan(score.value) and len(score.items) == 0


def test_exams_that_it_cannot_mark(school) -> None:
    student = school.says([0], 1)
    (block,) = school.exam([0], 1).truth
    with pytest.raises(ContractBroken, match="no items"):
        school.sit(Accuracy(), student, Exam(()))
    with pytest.raises(ContractBroken, match="Itself"):
        school.sit(Accuracy(), student, Exam((block._replace(kind=Itself, given={}),)))
    with pytest.raises(ContractBroken, match="one table"):
        school.sit(Accuracy(), student, Exam((block, *school.exam([0, 0], 1).truth)))


def test_an_answer_outside_the_students_labels_breaks_the_contract(school) -> None:
    class Astray(school.Scripted):
        def answer(self, pool, rng):
            block = super().answer(pool, rng)
            return block._replace(given={"label": block.given["label"] + 2})

    with pytest.raises(ContractBroken, match="outside"):
        school.sit(Accuracy(), Astray(np.ones((1, 1), dtype=np.float32), ("c00",)), school.exam([0], 1))


def test_taken_apart_by_a_column_by_hand(school) -> None:
    """Tasks x x y z, right 1 0 1 1: x 1/2, y and z 1, the worst 1/2, y and z together 1, x and y 2/3."""
    exam = school.exam([0, 1, 1, 0], 2)
    block = exam.truth[0]
    table = block.about.pool.table
    columns = table.columns.append_column("task", pa.array(["x", "x", "y", "z"]))
    exam = Exam((block._replace(about=Rows(replace(table, columns=columns).pool(), block.about.rows)),))
    part = Accuracy(by="task", together={"late": ("y", "z"), "early": ("x", "y")})
    scores = {score.name: score for score in school.sit(part, school.says([0, 0, 1, 0], 2), exam)}
    assert {name: round(score.value, 4) for name, score in scores.items()} == {
        "accuracy": 0.75, "accuracy_x": 0.5, "accuracy_y": 1.0, "accuracy_z": 1.0, "accuracy_worst": 0.5,
        "accuracy_late": 1.0, "accuracy_early": 0.6667,
    }  # fmt: skip
    assert scores["accuracy_x"].items.tolist() == [2, 0, 0, 0], "each is the mean of its items"
    with pytest.raises(Refused, match="no item of the exam is in gone"):
        school.sit(Accuracy(by="task", together={"gone": ("w",)}), school.says([0, 0, 1, 0], 2), exam)
    with pytest.raises(Refused, match="has no column 'tusk'"):
        school.sit(Accuracy(by="tusk"), school.says([0, 0, 1, 0], 2), exam)
    with pytest.raises(ValueError, match="by: task"):
        Accuracy(together={"late": ("y",)})
