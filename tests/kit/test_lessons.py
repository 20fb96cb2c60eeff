"""What is held: labels of positive weight, each example once."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.core.data import Block, Itself, Label, Rows, Soft, labelled
from tutelage.core.errors import ContractBroken
from tutelage.kit.lessons import classes_held, classes_of, held, held_count, held_embeddings
from tutelage.toys import POINTS, POOL, vector_pool, view


def test_each_example_once_and_only_with_weight():
    """Rows 3 and 1 labelled, 1 again by somebody else, 4 with weight 0, 5 softly: rows 1 and 3 are held."""
    soft = Block(Rows(POOL, np.array([5])), None, Soft, {"probs": np.ones((1, 2)) / 2}, "x", np.zeros(1), np.ones(1))
    lessons = (
        labelled(Rows(POOL, np.array([3, 1])), np.array([1, 0]), "oracle", 1.0),
        labelled(Rows(POOL, np.array([1])), np.array([1]), "human", 1.0),
        labelled(Rows(POOL, np.array([4])), np.array([1]), "oracle", weight=0.0),
        soft,
    )
    assert [pool.numbers.tolist() for pool in held(lessons)] == [[1, 3]]
    assert held_count(lessons) == 2
    assert held_embeddings(view().student, lessons, 2).tolist() == POINTS[[1, 3]].tolist()


def test_two_tables_two_pools():
    other = vector_pool([[9.0, 9.0]])
    lessons = (
        labelled(Rows(POOL, np.array([0])), np.array([0]), "oracle"),
        labelled(Rows(other, np.array([0])), np.array([0]), "model"),
    )
    assert held_count(lessons) == 2
    assert held_embeddings(view().student, lessons, 2).tolist() == [[-3, 0], [9, 9]]


def test_a_lesson_about_several_rows_counts_each():
    about = Rows(POOL, np.array([0, 1, 2]), np.array([0, 2, 3]))
    block = Block(about, None, Label, {"label": np.array([0, 1])}, "x", np.zeros(2), np.array([1.0, 0.0]))
    assert held((block,))[0].numbers.tolist() == [0, 1]


def test_nothing_taught():
    assert held(()) == ()
    assert held_embeddings(view().student, (), 2).shape == (0, 2)


def test_classes_of_labels_and_of_distributions():
    """Label 1 and, of weight 0, label 0; (1/4, 3/4) is about 1, (1/2, 1/2) about the first, 0: two classes are held."""
    given = {"probs": np.array([[0.25, 0.75], [0.5, 0.5]])}
    soft = Block(Rows(POOL, np.array([2, 3])), None, Soft, given, "x", np.zeros(2), np.ones(2))
    hard = labelled(Rows(POOL, np.array([5])), np.array([1]), "oracle")
    absent = labelled(Rows(POOL, np.array([0])), np.array([0]), "oracle", weight=0.0)
    assert classes_of(soft).tolist() == [1, 0] and classes_of(hard).tolist() == [1]
    assert [classes_held(one) for one in ((), (hard,), (hard, absent), (hard, soft))] == [0, 1, 1, 2]
    itself = Block(Rows(POOL, np.array([0])), None, Itself, {}, "x", np.zeros(1), np.ones(1))
    assert classes_held((hard, itself)) == 1
    with pytest.raises(ContractBroken, match="not of Itself"):
        classes_of(itself)
