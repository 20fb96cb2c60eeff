"""Belief propagation over bags as a teacher: the card's oracles, both factors, costs, shares handed on or kept back."""

import numpy as np
import pytest

from tutelage.core.answers import Sealed
from tutelage.core.data import Rows, Share, Soft, Table
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed, Taught
from tutelage.recipe.fit import fit_one
from tutelage.recipe.lines import Source
from tutelage.recipe.schema import Recipe
from tutelage.runs.till import till
from tutelage.teach import bag_propagation
from tutelage.teach.bag_mean import BagMean
from tutelage.teach.bag_propagation import BagPropagation
from tutelage.toys import Nearest, view


def clusters(each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two bundles far apart."""
    rng = stream(seed, "points")
    codes = np.repeat([0, 1], each)
    return rng.normal(0, 1, (2 * each, 3)) + 6.0 * codes[:, None], codes


def teach(
    points: np.ndarray, codes: np.ndarray, size: int, seed: int = 0, classes: int = 2, **settings: object
) -> Taught:
    """Bags of `size`, at random."""
    order = stream(seed, "bags").permutation(len(points))
    bag = np.empty(len(points), dtype=np.int64)
    bag[order] = np.arange(len(points)) // size
    names = [f"c{i}" for i in range(classes)]
    pool = Table.of("bags", {"vector": points, "group": [f"b{i}" for i in bag]}, names).pool()
    student = Nearest(pool.labels, np.full((classes, points.shape[1]), np.nan, dtype=np.float32))
    purse = till({"shares": 1000.0})
    sealed = Sealed(pool.table, codes).through(purse)
    asked = Rows(pool, np.arange(len(pool)))
    return BagPropagation(**settings).teach(asked, view(pool, student, purse=purse), sealed, stream(seed, "teach"))


def beliefs(taught: Taught) -> np.ndarray:
    """(n, C) in the order of the table."""
    block = taught.lessons[0]
    out = np.empty(block.given["probs"].shape)
    out[block.about.numbers] = block.given["probs"]
    return out


def test_by_hand() -> None:
    """One bag of three, one of them right, weight log 2, no graph. k right have mass C(3, k) 2^-(k - 1)^2: 1/2, 3,
    3/2, 1/16, together 81/16. Of that a given row is right in 1 + 2/2 + 1/16 = 33/16: 33/81."""
    taught = teach(np.zeros((3, 1)), np.array([0, 1, 0]), 3, near_weight=0.0, bag_weight=float(np.log(2)))
    assert beliefs(taught)[:, 1] == pytest.approx(33 / 81, abs=1e-5)


def test_separated_bundles_are_found_from_totals_alone() -> None:
    points, codes = clusters(60)
    taught = teach(points, codes, 8, near_weight=2.0)
    assert (beliefs(taught).argmax(axis=1) == codes).mean() > 0.98
    assert taught.facts["misfit_hard"] < 0.02 and taught.facts["change"] <= 1e-6


def test_bags_of_one_give_the_labels() -> None:
    points, codes = clusters(10)
    assert beliefs(teach(points, codes, 1, bag_weight=1e6)) == pytest.approx(np.eye(2)[codes], abs=1e-6)


def test_without_a_graph_every_row_gets_its_bags_shares() -> None:
    """Two classes, hard counts: S / b by exchangeability, as bag_mean says. Bags of 0 and of all are settled."""
    points, codes = clusters(24)
    taught = teach(points, codes, 6, near_weight=0.0, bag_weight=1e6)
    soft, shares = taught.lessons
    assert soft.given["probs"] == pytest.approx(np.repeat(shares.given["probs"], 6, axis=0), abs=1e-5)
    settled = teach(np.zeros((6, 1)), np.array([0, 0, 0, 0, 0, 0]), 3, bag_weight=1e6)
    assert beliefs(settled) == pytest.approx(np.array([[1.0, 0.0]] * 6))


def test_expected_counts_are_the_counts() -> None:
    points, codes = clusters(40, seed=2)
    taught = teach(points, codes, 8, bag_weight=100.0)
    sums = np.add.reduceat(taught.lessons[0].given["probs"], np.arange(0, 80, 8))
    assert sums == pytest.approx(taught.lessons[1].given["probs"] * 8, abs=0.02)


def test_swapping_the_classes_swaps_the_beliefs() -> None:
    points, codes = clusters(16)
    one, other = (beliefs(teach(points, c, 8)) for c in (codes, 1 - codes))
    assert one == pytest.approx(other[:, ::-1], abs=1e-6)


def test_the_plain_form_misfits_where_the_exact_one_does_not() -> None:
    """At the usual weights a clique of pairs in each bag oscillates: the sums of its beliefs are off."""
    points, codes = clusters(40)
    plain, exact = (teach(points, codes, 8, factor=factor).facts for factor in ("pairs", "count"))
    assert exact["misfit"] < 0.02 < 0.1 < plain["misfit"] and plain["change"] > 0.1


def test_the_two_forms_agree_where_no_bag_has_a_pair() -> None:
    points, codes = clusters(8)
    one, other = (teach(points, codes, 1, factor=factor, bag_weight=2.0) for factor in ("pairs", "count"))
    assert beliefs(one) == pytest.approx(beliefs(other), abs=1e-5)


def test_a_random_graph_knows_less() -> None:
    points, codes = clusters(60)
    near, drawn = (beliefs(teach(points, codes, 8, graph=graph)) for graph in ("near", "random"))
    right = [(found.argmax(axis=1) == codes).mean() for found in (near, drawn)]
    assert right[0] > 0.95 > 0.85 > right[1]


def test_three_classes() -> None:
    rng = stream(0, "three")
    codes = np.repeat([0, 1, 2], 30)
    points = rng.normal(0, 0.5, (90, 3)) + 5 * np.eye(3)[codes]
    taught = teach(points, codes, 6, classes=3, near_weight=2.0)
    assert (beliefs(taught).argmax(axis=1) == codes).mean() > 0.95 and taught.facts["misfit_hard"] < 0.05


def test_who_carries_the_price() -> None:
    """Handed on, the bags do; kept back, their rows, in equal parts. Either way 10 bags cost 10 shares."""
    points, codes = clusters(40)
    both, rows = teach(points, codes, 8), teach(points, codes, 8, shares=False)
    soft, shares = both.lessons
    assert (soft.kind, shares.kind) == (Soft, Share) and soft.cost.sum() == 0 and shares.cost.tolist() == [1.0] * 10
    (alone,) = rows.lessons
    assert alone.cost.tolist() == [0.125] * 80 and (alone.given["probs"] == soft.given["probs"]).all()
    assert BagPropagation().gives == {Soft, Share} and BagPropagation(shares=False).gives == {Soft}
    assert BagPropagation().spends == {"shares"} and BagPropagation().needs == {CanEmbed}


def test_hard_lessons() -> None:
    points, codes = clusters(20)
    assert set(np.unique(beliefs(teach(points, codes, 8, hard=True)))) == {0.0, 1.0}


def test_duplicates_have_no_length() -> None:
    found = beliefs(teach(np.zeros((8, 2)), np.array([0, 1] * 4), 4))
    assert np.isfinite(found).all()


def test_too_many_pairs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bag_propagation, "MOST_PAIRS", 100)
    points, codes = clusters(40)
    with pytest.raises(Refused, match="280 pairs"):
        teach(points, codes, 8, factor="pairs")


def test_refit_takes_the_rows_and_refuses_the_bags() -> None:
    whole = {
        "data": {"use": "digits", "task": "odd_even", "bags": 8},
        "student": {"use": "vector.logistic"},
        "rounds": 1,
    }
    nowhere = Source("study.yaml", {})
    fit_one(Recipe(**whole, teach={"use": "bag_propagation", "shares": False}), nowhere)
    with pytest.raises(Refused, match="gives Share, refit accepts"):
        fit_one(Recipe(**whole, teach={"use": "bag_propagation"}), nowhere)


def test_a_nested_teacher_is_read_from_a_recipe() -> None:
    made = build("teach", {"use": "bag_propagation", "of": {"use": "bag_counts", "part": "gold"}})
    assert made.of.part == "gold" and BagMean().of.part is None
