"""Votes and the label model: one round by hand, the plain loop as the reference, what EM is for."""

import numpy as np
import pytest

from tutelage.core.rng import stream
from tutelage.kit.crowds import dawid_skene, majority, vote_shares


def crowd(
    seed: int, n: int, errors: list[float], classes: int = 3, silent: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    rng = stream(seed, "crowd")
    truth = rng.integers(0, classes, n)
    codes = np.stack(
        [np.where(rng.random(n) < e, (truth + rng.integers(1, classes, n)) % classes, truth) for e in errors], axis=1
    )
    codes[rng.random(codes.shape) < silent] = -1
    return truth, codes


def obvious(codes: np.ndarray, classes: int, smoothing: float, rounds: int) -> np.ndarray:
    """Dawid and Skene's equations, element by element."""
    n, m = codes.shape
    truth = vote_shares(codes, classes)
    for _ in range(rounds):
        prior = [truth[:, j].sum() / n for j in range(classes)]
        pi = np.zeros((m, classes, classes))
        for a in range(m):
            for j in range(classes):
                cells = [smoothing + sum(truth[i, j] for i in range(n) if codes[i, a] == k) for k in range(classes)]
                pi[a, j] = np.array(cells) / sum(cells)
        for i in range(n):
            mass = np.array(prior)
            for a in range(m):
                if codes[i, a] >= 0:
                    mass = mass * pi[a, :, codes[i, a]]
            truth[i] = mass / mass.sum()
    return truth


def test_one_round_by_hand() -> None:
    """Votes 0 0 1 and 1 1 1: T = (2/3 1/3), (0 1), prior 1/3 2/3. The first two name 0 on class 0 always, on class 1 in
    (1/3) / (4/3) = 1/4; the third names 1 always. Item 1: 1/3 against 2/3 (1/4)^2 = 1/24: 8/9. Item 2: class 1."""
    found = dawid_skene(np.array([[0, 0, 1], [1, 1, 1]]), 2, smoothing=0.0, rounds=1)
    assert found.probs == pytest.approx(np.array([[8 / 9, 1 / 9], [0, 1]]))
    assert found.prior.tolist() == pytest.approx([1 / 3, 2 / 3])
    assert found.confusion[0] == pytest.approx(np.array([[1, 0], [1 / 4, 3 / 4]]))


@pytest.mark.parametrize("seed", range(4))
def test_equals_the_obvious_loop(seed: int) -> None:
    _, codes = crowd(seed, 25, [0.1, 0.4, 0.3], silent=0.2)
    assert dawid_skene(codes, 3, 0.5, 6, 0.0).probs == pytest.approx(obvious(codes, 3, 0.5, 6), abs=1e-10)


def test_one_labeller_is_believed() -> None:
    codes = stream(0, "one").integers(0, 3, (20, 1))
    assert dawid_skene(codes, 3, smoothing=0.0).probs == pytest.approx(np.eye(3)[codes[:, 0]])


def test_learns_whom_to_trust() -> None:
    """Two who know against three who guess alike often: the label model finds the two, the majority does not."""
    truth, codes = crowd(5, 800, [0.05, 0.05, 0.45, 0.45, 0.45], classes=2)
    found = dawid_skene(codes, 2)
    model, vote = ((guess == truth).mean() for guess in (found.probs.argmax(1), majority(codes, 2)))
    assert model > 0.92 > vote + 0.02
    accuracy = np.einsum("j,ajj->a", found.prior, found.confusion)
    assert accuracy == pytest.approx([0.95, 0.95, 0.55, 0.55, 0.55], abs=0.05)


def test_a_labeller_who_always_errs_is_read_backwards() -> None:
    truth, codes = crowd(6, 500, [0.1, 0.1, 0.1, 1.0], classes=2)
    found = dawid_skene(codes, 2)
    assert found.confusion[3].diagonal().max() < 0.1 and (found.probs.argmax(1) == truth).mean() > 0.98


def test_majority_and_ties() -> None:
    """2 of 3; a tie of 2 and 0 goes to the first labeller's class, also when the first is silent; silence is -1."""
    codes = np.array([[1, 0, 1], [2, 0, -1], [-1, 2, 0], [-1, -1, -1]])
    assert majority(codes, 3).tolist() == [1, 2, 2, -1]
    assert vote_shares(codes, 3)[[0, 3]] == pytest.approx(np.array([[1 / 3, 2 / 3, 0], [1 / 3] * 3]))


def test_labellers_may_change_places() -> None:
    _, codes = crowd(7, 60, [0.2, 0.3, 0.4], silent=0.1)
    one, other = dawid_skene(codes, 3), dawid_skene(codes[:, ::-1], 3)
    assert one.probs == pytest.approx(other.probs, abs=1e-9)
    assert one.confusion == pytest.approx(other.confusion[::-1], abs=1e-9)


def test_nothing_was_said() -> None:
    assert dawid_skene(np.zeros((0, 2), dtype=np.int64), 3).probs.shape == (0, 3)
    assert dawid_skene(np.full((2, 2), -1), 2).probs == pytest.approx(0.5)
