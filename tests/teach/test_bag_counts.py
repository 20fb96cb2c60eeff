"""Counting bags: whole bags only, a price a bag, the same bag paid once in whatever order its rows are asked about."""

import numpy as np
import pytest

from tutelage.core.answers import Sealed
from tutelage.core.data import Pool, Rows, Share, Table
from tutelage.core.errors import ContractBroken, Refused, Spent
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.kit.bags import bags_of, counted, misfit
from tutelage.runs.till import RecordedTill, till
from tutelage.teach.bag_counts import BagCounts
from tutelage.teach.oracle import Oracle
from tutelage.toys import CODES, POINTS, POOL, view

NAMES = ["a", "b", "a", "a", "b", "b"]


def bagged(groups: list[str | None]) -> Pool:
    return Table.of("wards", {"id": list("uvwxyz"), "vector": POINTS, "group": groups}, ["left", "right"]).pool()


def teach(pool: Pool, rows: object = None, purse: RecordedTill | None = None, **prices: float) -> Taught:
    asked = Rows(pool, np.arange(len(pool)) if rows is None else np.asarray(rows, dtype=np.int64))
    sealed = Sealed(pool.table, CODES, {"labels": 1.0, **prices}).through(purse or till())
    return BagCounts().teach(asked, view(pool), sealed, stream(0, "teach"))


def test_by_hand() -> None:
    """Bag a is u, w, x (left, left, right), bag b is v, y, z (left, right, right): 2/3 and 1/3 left; 2 of 3 shares."""
    purse = till({"shares": 3})
    taught = teach(bagged(NAMES), purse=purse)
    (block,) = taught.lessons
    assert block.kind is Share and block.about.examples().ids() == list("uwxvyz")
    assert block.about.starts.tolist() == [0, 3, 6] and block.given["probs"] == pytest.approx(
        np.array([[2 / 3, 1 / 3], [1 / 3, 2 / 3]], dtype=np.float32)
    )
    assert block.cost.tolist() == [1, 1] and purse.left("shares") == 1
    assert taught.facts["bags"] == 2 and taught.facts["bag_size"] == 3
    assert taught.facts["spread"] == pytest.approx(1 / 36), "shares 1/3 and 2/3: variance (1/6)^2"


def test_bags_of_one_say_what_the_oracle_says() -> None:
    pool = bagged(list("abcdef"))
    (block,) = teach(pool).lessons
    (labels,) = (
        Oracle()
        .teach(Rows(pool, np.arange(6)), view(pool), Sealed(pool.table, CODES).through(till()), stream(0, "t"))
        .lessons
    )
    assert (block.given["probs"] == np.eye(2)[labels.given["label"]]).all()


def test_the_price_is_the_datas_and_a_bag_is_paid_once() -> None:
    purse = till({"shares": 5})
    pool = bagged(NAMES)
    first, second = teach(pool, purse=purse, shares=2.5), teach(pool, [5, 4, 3, 2, 1, 0], purse, shares=2.5)
    assert purse.left("shares") == 0 and first.lessons[0].cost.tolist() == [2.5, 2.5]
    assert first.lessons[0].digest() == second.lessons[0].digest(), "the order of asking does not matter"


def test_spent_before_anything_is_counted() -> None:
    purse = till({"shares": 1})
    with pytest.raises(Spent):
        teach(bagged(NAMES), purse=purse)
    assert purse.left("shares") == 1 and purse.book.charged == {}


def test_part_of_a_bag_is_refused() -> None:
    """Rows u and v of bags of three each: both would be counted in part."""
    with pytest.raises(Refused, match="2 were asked about in part") as refused:
        teach(bagged(NAMES), [0, 1])
    assert "everything" in refused.value.faults[0].help
    (block,) = teach(bagged(NAMES), [3, 2, 0]).lessons
    assert block.size == 1, "one bag, whole, is enough"


def test_material_without_bags_is_refused() -> None:
    with pytest.raises(Refused, match="no column `group`"):
        BagCounts().teach(Rows(POOL, np.arange(6)), view(), Sealed(POOL.table, CODES).through(till()), stream(0, "t"))
    with pytest.raises(Refused, match="1 of the rows asked about are in none"):
        teach(bagged(["a", "a", "a", "a", "a", None]))


def test_only_bags_can_be_counted() -> None:
    sealed = Sealed(POOL.table, CODES).through(till())
    for about in (Rows(POOL, np.arange(6)), Rows(POOL, np.arange(6), np.array([0, 6, 6]))):
        with pytest.raises(ContractBroken, match="at least one row a bag"):
            sealed.reveal(about, Share)
    unknown = Sealed(POOL.table, np.array([0, 0, 0, 1, 1, -1])).through(till())
    with pytest.raises(ContractBroken, match="no stored answer"):
        unknown.reveal(Rows(POOL, np.arange(6), np.array([0, 6])), Share)


def test_counts_come_back_whole_from_their_shares() -> None:
    """Thirds of 3 and shares of 2,047 rows are no exact float32; the counts are."""
    pool = Table.of("large", {"vector": np.zeros((2050, 1)), "group": ["a"] * 3 + ["b"] * 2047}, ["x", "y"]).pool()
    codes = (np.arange(2050) % 3 == 0).astype(np.int64)
    block = Sealed(pool.table, codes).through(till()).reveal(bags_of(Rows(pool, np.arange(2050)), "test"), Share)
    bags = counted(block)
    assert bags.counts.tolist() == [[2, 1], [2047 - codes[3:].sum(), codes[3:].sum()]]
    assert misfit(np.eye(2)[codes], bags) == 0 and misfit(np.eye(2)[1 - codes], bags) == pytest.approx(1 / 3, abs=1e-3)


def test_a_shuffled_pool_has_the_same_bags() -> None:
    pool = bagged(NAMES)
    order = np.array([4, 2, 0, 5, 1, 3])
    assert teach(pool).lessons[0].digest() == teach(pool.take(order)).lessons[0].digest()
