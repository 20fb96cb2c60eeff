"""Grading: belief of a student against a loop over lessons."""

import numpy as np
import pytest

from tutelage.core.data import Itself, Rows, Soft, labelled
from tutelage.core.errors import ContractBroken
from tutelage.kit.grading import belief
from tutelage.toys import Nearest, vector_pool

LUCK = np.random.default_rng(2)
POOL = vector_pool(LUCK.normal(size=(30, 2)), ("a", "b", "c"))
STUDENT = Nearest(("c", "d", "a"), LUCK.normal(size=(3, 2)).astype(np.float32))


def test_labels_by_name() -> None:
    """The student knows c, d and a in this order: b has probability 0."""
    codes = LUCK.integers(3, size=30)
    probs = STUDENT.probs(POOL)
    place = {"a": 2, "c": 0}
    names = [POOL.labels[code] for code in codes]
    wanted = [float(probs[row, place[name]]) if name in place else 0.0 for row, name in enumerate(names)]
    block = labelled(Rows(POOL, np.arange(30)), codes, "oracle")
    assert belief(block, STUDENT, "x").tolist() == wanted


def test_distributions_by_name() -> None:
    mix = LUCK.dirichlet(np.ones(3), size=30).astype(np.float32)
    probs = STUDENT.probs(POOL).astype(np.float64)
    block = labelled(Rows(POOL, np.arange(30)), np.zeros(30, dtype=np.int64), "oracle")
    block = block._replace(kind=Soft, given={"probs": mix})
    assert np.allclose(belief(block, STUDENT, "x"), mix[:, 0] * probs[:, 2] + mix[:, 2] * probs[:, 0])
    narrow = block._replace(given={"probs": mix[:, :2]})
    assert np.allclose(belief(narrow, STUDENT, "x"), mix[:, 0] * probs[:, 2])


def test_what_has_no_probability_is_refused_by_who_asks() -> None:
    block = labelled(Rows(POOL, np.array([0])), np.array([0]), "oracle")._replace(kind=Itself, given={})
    with pytest.raises(ContractBroken, match="somebody goes by labels and distributions; Itself"):
        belief(block, STUDENT, "somebody")
