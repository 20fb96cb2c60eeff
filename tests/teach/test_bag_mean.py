"""Every row gets its bag's shares, and its part of the bag's price."""

import numpy as np
import pytest

from tutelage.core.answers import Sealed
from tutelage.core.data import Rows, Soft, Table
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.runs.till import RecordedTill, till
from tutelage.teach.bag_mean import BagMean
from tutelage.toys import CODES, POINTS, view


def teach(groups: list[str], purse: RecordedTill) -> Taught:
    pool = Table.of("wards", {"vector": POINTS, "group": groups}, ["left", "right"]).pool()
    sealed = Sealed(pool.table, CODES).through(purse)
    return BagMean().teach(Rows(pool, np.arange(6)), view(pool, purse=purse), sealed, stream(0, "teach"))


def test_by_hand() -> None:
    """Bag a of four, one right; bag b of two, both right: 1/4 each, then 1; prices 1/4 and 1/2; 2 shares charged."""
    purse = till({"shares": 2})
    taught = teach(["a", "a", "a", "a", "b", "b"], purse)
    (block,) = taught.lessons
    assert block.kind is Soft and block.about.starts is None
    assert block.given["probs"].tolist() == [[0.75, 0.25]] * 4 + [[0.0, 1.0]] * 2
    assert block.cost.tolist() == [0.25] * 4 + [0.5] * 2 and purse.left("shares") == 0
    assert taught.facts["bags"] == 2


def test_bags_of_one_are_labels() -> None:
    (block,) = teach(list("abcdef"), till()).lessons
    assert (block.given["probs"] == np.eye(2)[CODES]).all() and block.cost.tolist() == [1] * 6


def test_declares_what_its_teacher_spends() -> None:
    assert BagMean().spends == {"shares"} and BagMean().needs == frozenset()
    assert sum(block.cost.sum() for block in teach(["a"] * 6, till()).lessons) == pytest.approx(1)
