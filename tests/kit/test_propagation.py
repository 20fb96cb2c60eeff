"""Belief propagation: exact on forests and on a tree with counts, the energy of both forms, loops within bounds."""

import itertools

import numpy as np
import pytest

from tutelage.core.rng import stream
from tutelage.kit.propagation import Bags, Edges, joined, pairs_in, propagate, pulls

NONE = Edges(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))


def scores(unary: np.ndarray, edges: Edges, bags: Bags | None) -> dict[tuple[int, ...], float]:
    """The exponent of the docstring for every assignment."""
    rows, classes = unary.shape
    out = {}
    for y in itertools.product(range(classes), repeat=rows):
        named = np.array(y)
        score = unary[np.arange(rows), named].sum()
        score -= edges.weight[named[edges.left] != named[edges.right]].sum()
        if bags is not None:
            for start, stop, known in zip(bags.starts[:-1], bags.starts[1:], bags.counts, strict=True):
                score -= bags.strength / 2 * ((np.bincount(named[start:stop], minlength=classes) - known) ** 2).sum()
        out[y] = float(score)
    return out


def marginals(unary: np.ndarray, edges: Edges, bags: Bags | None) -> np.ndarray:
    found = np.zeros(unary.shape)
    for y, score in scores(unary, edges, bags).items():
        found[np.arange(len(y)), list(y)] += np.exp(score)
    return found / found[0].sum()


def forest(rows: int, seed: int) -> Edges:
    rng = stream(seed, "tree")
    child = np.array([i for i in range(1, rows) if i != rows // 2])  # one edge left out: two trees
    parent = np.array([rng.integers(0, i) for i in child])
    return joined(child, parent, rng.normal(size=len(child)) * 2, rows, add=True)


def test_by_hand() -> None:
    """Two rows, one sure by log 3, joined by weight log 2: P(y_2 = 0) = (3 + 1/2) / (3 + 1/2 + 3/2 + 1) = 7/12."""
    unary = np.array([[np.log(3.0), 0.0], [0.0, 0.0]])
    found = propagate(unary, joined(np.array([0]), np.array([1]), np.array([np.log(2.0)]), 2, True), None, 10, 0.0)
    assert found.probs[1, 0] == pytest.approx(7 / 12) and found.probs[0, 0] == pytest.approx(9 / 12)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_a_forest_is_exact(classes: int, seed: int) -> None:
    rows = 7 if classes < 5 else 5
    unary, edges = stream(seed, "unary").normal(size=(rows, classes)) * 2, forest(rows, seed)
    assert propagate(unary, edges, None, 60, 0.0, 0.0).probs == pytest.approx(marginals(unary, edges, None), abs=1e-12)


def test_damping_ends_at_the_same_place() -> None:
    unary, edges = stream(4, "unary").normal(size=(7, 3)), forest(7, 4)
    slow = propagate(unary, edges, None, 400, 0.5, 0.0)
    assert slow.probs == pytest.approx(marginals(unary, edges, None), abs=1e-9)


def test_counts_and_one_edge_between_two_bags_are_exact() -> None:
    """Bags are factors of a tree as long as edges close no loop; two classes."""
    unary = stream(0, "unary").normal(size=(9, 2)) * 2
    bags = Bags(np.array([0, 3, 9]), np.array([[1.0, 2.0], [4.0, 2.0]]), 1.3)
    edge = joined(np.array([5]), np.array([0]), np.array([1.5]), 9, True)
    for edges in (NONE, edge):
        assert propagate(unary, edges, bags, 300, 0.0, 0.0).probs == pytest.approx(marginals(unary, edges, bags))


@pytest.mark.parametrize("classes", [2, 3])
def test_pairs_have_the_energy_of_the_counts(classes: int) -> None:
    """For all 2^8 or 3^6 assignments the two exponents differ by one and the same number."""
    rows = 8 if classes == 2 else 6
    counts = np.array([[1, 2], [2, 3]]) if classes == 2 else np.array([[1, 1, 1], [2, 0, 1]])
    bags = Bags(np.array([0, 3, rows]), counts.astype(np.float64), 10.0)
    unary = stream(2, "unary").normal(size=(rows, classes))
    one, other = scores(unary, NONE, bags), scores(unary + pulls(bags), pairs_in(bags), None)
    apart = np.array([one[y] - other[y] for y in one])
    assert np.ptp(apart) < 1e-10


def test_loops_stay_near_the_truth() -> None:
    """Ten rows, weak edges with loops, two bags: within 0.05 of brute force at every seed tried here."""
    for seed in range(4):
        rng = stream(seed, "loops")
        unary = rng.normal(size=(10, 2))
        edges = joined(rng.integers(0, 10, 14), rng.integers(0, 10, 14), rng.random(14) * 0.5, 10, False)
        bags = Bags(np.array([0, 5, 10]), np.array([[2.0, 3.0], [4.0, 1.0]]), 10.0)
        found = propagate(unary, edges, bags, 200)
        assert found.change <= 1e-6 and found.probs == pytest.approx(marginals(unary, edges, bags), abs=0.05)


def test_three_classes_of_one_bag_are_close() -> None:
    """The three counts of a bag form loops: within 0.05 of brute force, expected counts within 0.02."""
    for seed in range(3):
        unary = stream(seed, "unary").normal(size=(8, 3))
        bags = Bags(np.array([0, 3, 8]), np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 1.0]]), 10.0)
        found = propagate(unary, NONE, bags, 300)
        assert found.probs == pytest.approx(marginals(unary, NONE, bags), abs=0.05)
        assert np.add.reduceat(found.probs, bags.starts[:-1]) == pytest.approx(bags.counts, abs=0.02)


def test_no_opinion_gives_the_shares_of_any_number_of_classes() -> None:
    bags = Bags(np.array([0, 8]), np.array([[4.0, 3.0, 1.0]]), 1e4)
    assert propagate(np.zeros((8, 3)), NONE, bags, 300).probs == pytest.approx(
        np.tile([4 / 8, 3 / 8, 1 / 8], (8, 1)), abs=1e-3
    )


def test_exchanging_the_classes_exchanges_the_beliefs() -> None:
    rng = stream(5, "flip")
    unary, edges = (
        rng.normal(size=(12, 2)),
        joined(rng.integers(0, 12, 20), rng.integers(0, 12, 20), rng.random(20), 12, False),
    )
    bags = Bags(np.array([0, 6, 12]), np.array([[2.0, 4.0], [5.0, 1.0]]), 10.0)
    swapped = Bags(bags.starts, bags.counts[:, ::-1], bags.strength)
    one, other = propagate(unary, edges, bags, 50), propagate(unary[:, ::-1], edges, swapped, 50)
    assert one.probs == pytest.approx(other.probs[:, ::-1], abs=1e-9)


def test_a_pair_named_twice_is_one_edge() -> None:
    """0-1 in both directions and 2-2: one edge at its first weight, or at the sum; nobody is joined to himself."""
    one, other, weight = np.array([0, 1, 2]), np.array([1, 0, 2]), np.array([0.5, 0.5, 9.0])
    once, twice = (joined(one, other, weight, 3, add) for add in (False, True))
    assert once.left.tolist() == [0] and once.right.tolist() == [1] and once.weight.tolist() == [0.5]
    assert twice.weight.tolist() == [1.0]


def test_nothing_to_say_leaves_the_unary_scores() -> None:
    unary = np.array([[0.0, np.log(3.0)]])
    assert propagate(unary, NONE, None, 5).probs == pytest.approx(np.array([[0.25, 0.75]]))
