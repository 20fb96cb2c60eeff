"""Self-training: the card's oracles, hand-worked weights, and the plain loop as the reference for the vote."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from tutelage.core.data import Floats32, Pool, Rows, labelled
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed, CanWeigh, Taught
from tutelage.teach.self_training import SelfTraining, confirmed, omega
from tutelage.toys import CODES, POOL, Nearest, vector_pool, view

RNG = stream(0, "teach")


class Poison:
    """Answers that must never be opened."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a free teacher used answers.{name}")


@dataclass(frozen=True)
class Scripted:
    """Says what it was told about each row of the table, and embeds a row as its vector."""

    table: Floats32
    labels: tuple[str, ...]
    embeds_as: str = "scripted"
    fingerprint: str = "scripted"

    def probs(self, pool: Pool) -> Floats32:
        return self.table[pool.numbers]

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return pool.vectors()


@dataclass(frozen=True)
class Unembedded:
    """Probabilities only."""

    inner: Scripted

    @property
    def labels(self) -> tuple[str, ...]:
        return self.inner.labels

    def probs(self, pool: Pool) -> Floats32:
        return self.inner.probs(pool)


def student(codes: object, classes: int, sure: float = 0.9) -> Scripted:
    """Predicts these codes, each with probability `sure`, the rest spread over the other classes."""
    codes = np.asarray(codes)
    table = np.full((len(codes), classes), (1 - sure) / max(classes - 1, 1), dtype=np.float32)
    table[np.arange(len(codes)), codes] = sure
    return Scripted(table, tuple(f"c{i}" for i in range(classes)))


def teach(points: object, who: object, asked: object = None, rng: object = None, **settings: object) -> Taught:
    pool = vector_pool(points, who.labels)
    rows = np.arange(len(pool)) if asked is None else np.asarray(asked)
    return SelfTraining(**settings).teach(Rows(pool, rows), view(pool, who), Poison(), rng or RNG)


def kept(taught: Taught) -> list[int]:
    return [int(row) for block in taught.lessons for row in block.about.numbers]


def clusters(classes: int, each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Tight bundles in mutually orthogonal directions, of various lengths, far apart."""
    rng = stream(seed, "points")
    codes = np.repeat(np.arange(classes), each)
    points = np.eye(classes)[codes] * rng.uniform(4, 6, (len(codes), 1)) + rng.normal(0, 0.02, (len(codes), classes))
    return points, codes


@pytest.mark.parametrize("classes", [2, 14])
def test_well_separated_clusters_are_all_accepted_and_right(classes: int) -> None:
    """One label a cluster, 20 points each: every pool point is kept with its true label, weight 0.1 x 5."""
    points, truth = clusters(classes, 20)
    names = tuple(f"c{i}" for i in range(classes))
    pool = vector_pool(points, names)
    first = np.arange(classes) * 20
    lessons = (labelled(Rows(pool, first), truth[first], "oracle", 1.0),)
    start = Nearest(names, np.full((classes, classes), np.nan, dtype=np.float32))
    knows = start.fit(lessons, RNG)
    rest = pool.without(first)
    (block,) = SelfTraining().teach(Rows(rest, np.arange(len(rest))), view(rest, knows, lessons), Poison(), RNG).lessons
    assert block.size == classes * 19
    assert (block.given["label"] == truth[block.about.numbers]).all()
    assert block.weight == pytest.approx(0.5)


def test_a_mislabelled_isolated_point_is_vetoed_by_its_neighbours() -> None:
    """One point amid cluster 0 is predicted 1 with certainty 0.99; alone it is refused, and it sinks nobody else."""
    points, codes = clusters(2, 20)
    codes = codes.copy()
    codes[7] = 1
    assert kept(teach(points, student(codes, 2, 0.99))) == [row for row in range(40) if row != 7]
    assert kept(teach(points, student(codes, 2, 0.99), strategy="threshold")) == list(range(40))


def test_agreement_by_hand() -> None:
    """k = 5, four voters. Row 0: 2 of 4 for its class, not over one half; with a third vote, 3 of 4, it is kept."""
    points = [
        [1, 0],
        [1, 0.01],
        [1, -0.01],
        [1, 0.02],
        [1, -0.02],
        [-1, 0],
        [-1, 0.01],
        [-1, -0.01],
        [-1, 0.02],
        [-1, -0.02],
    ]
    tie = student([0, 0, 0, 1, 1, 1, 1, 1, 1, 1], 2)
    most = student([0, 0, 0, 0, 1, 1, 1, 1, 1, 1], 2)
    assert 0 not in kept(teach(points, tie, k=5)) and 0 in kept(teach(points, most, k=5))
    assert 0 not in kept(teach(points, most, k=5, agreement=0.75)), "the bound is strict"


def test_the_bounds_are_strict() -> None:
    points, codes = clusters(2, 10)
    assert kept(teach(points, student(codes, 2, 0.75), threshold=0.75)) == []
    assert len(kept(teach(points, student(codes, 2, 0.75), threshold=0.74))) == 20
    assert kept(teach(points, student(codes, 2, 0.5))) == [], "max p = 0.5 is no certainty"


def test_threshold_alone_needs_no_embedding_and_keeps_what_is_over_it() -> None:
    """Certainties 0.85, 0.9 (float32: 0.89999998), 0.95: only the last is over the usual 0.9."""
    table = np.array([[0.85, 0.15], [0.9, 0.1], [0.05, 0.95]], dtype=np.float32)
    who = Unembedded(Scripted(table, ("c0", "c1")))
    taught = teach(np.zeros((3, 1)), who, strategy="threshold")
    assert kept(taught) == [2] and taught.lessons[0].given["label"].tolist() == [1]
    assert taught.facts == {"kept": 1.0, "coverage": pytest.approx(1 / 3)}
    assert SelfTraining(strategy="threshold").needs == {CanWeigh} and SelfTraining().needs == {CanWeigh, CanEmbed}


def test_threshold_1_or_nothing_asked_is_no_self_training() -> None:
    """The very same student comes out of the fit with and without what was taught."""
    now = view(taught=np.array([0, 5]))
    plain = now.student.fit(now.lessons, RNG).fingerprint
    rows = np.arange(len(now.pool))
    for settings, asked in (
        ({"threshold": 1.0}, rows),
        ({"threshold": 1.0, "strategy": "threshold"}, rows),
        ({}, rows[:0]),
    ):
        taught = SelfTraining(**settings).teach(Rows(now.pool, asked), now, Poison(), RNG)
        assert taught.lessons == () and taught.facts == {"kept": 0.0, "coverage": 0.0}
        assert now.student.fit((*now.lessons, *taught.lessons), RNG).fingerprint == plain
    with_it = SelfTraining(k=2).teach(Rows(now.pool, rows), now, Poison(), RNG)
    assert now.student.fit((*now.lessons, *with_it.lessons), RNG).fingerprint != plain


def test_a_single_example_has_no_neighbour_to_agree() -> None:
    assert kept(teach([[1.0]], student([0], 2))) == []
    assert kept(teach([[1.0]], student([0], 2, 0.95), strategy="threshold")) == [0]


def test_balanced_classes_weigh_5() -> None:
    """n_c = nbar: d = 0, 10 / (1 + 1) = 5."""
    assert omega(np.repeat(np.arange(4), 7), 4) == pytest.approx(5)


def test_omega_by_hand() -> None:
    """9 and 1 of two classes: nbar 5, d = -4/9 and 4,
    omega = 10 / (1 + e^(4/9)) = 3.9068 and 10 / (1 + e^-4) = 9.8201."""
    values = omega(np.array([0] * 9 + [1]), 2)
    assert values[:9] == pytest.approx(10 / (1 + math.exp(4 / 9))) and values[0] == pytest.approx(3.9068, abs=1e-4)
    assert values[9] == pytest.approx(9.8201, abs=1e-4)


def test_omega_lies_between_2_689_and_10() -> None:
    """All of a hundred classes' worth in one: d = 1/100 - 1, close to -1. One against a mean of 500: d = 499."""
    crowd = omega(np.zeros(100_000, dtype=np.int64), 100)
    assert crowd == pytest.approx(10 / (1 + math.exp(0.99))) and (crowd > 10 / (1 + math.e)).all()
    rare = omega(np.array([0] * 999 + [1]), 2)
    assert rare[-1] == pytest.approx(10) and rare.max() <= 10
    few = omega(np.array([3]), 77)
    assert few == pytest.approx(10 / (1 + math.e)), "fewer kept than classes: nbar is floored to 0"


def test_a_class_that_nobody_predicts_divides_nothing_by_zero() -> None:
    """Three classes, the third never predicted: nbar = floor(20 / 3) = 6, n = 10 each, d = -0.4."""
    points, codes = clusters(2, 10)
    (block,) = teach(points, student(codes, 3)).lessons
    assert block.size == 20 and block.weight == pytest.approx(0.1 * 10 / (1 + math.exp(0.4)))


def test_beta_and_balance() -> None:
    points, codes = clusters(2, 10)
    who = student(codes, 2)
    assert teach(points, who, balance=False).lessons[0].weight == pytest.approx(0.1)
    assert teach(points, who, beta=1.0).lessons[0].weight == pytest.approx(5.0)
    assert teach(points, who, beta=1.0, balance=False).lessons[0].weight == pytest.approx(1.0)


def test_a_lesson_of_weight_3_counts_as_three() -> None:
    """For the student of the toys; its own lessons have weight 1, as without self-training."""
    now = view(taught=np.array([0, 5]))
    taught = SelfTraining(k=2, beta=3.0, balance=False).teach(Rows(now.pool, np.arange(4)), now, Poison(), RNG)
    single = SelfTraining(k=2, beta=1.0, balance=False).teach(Rows(now.pool, np.arange(4)), now, Poison(), RNG)
    assert kept(taught) == kept(single) != []
    heavy, copies = (now.student.fit((*now.lessons, *new), RNG).means for new in (taught.lessons, single.lessons * 3))
    assert heavy == pytest.approx(copies) and now.lessons[0].weight.tolist() == [1, 1]


def test_nobody_votes_for_himself() -> None:
    """k = 2, one voter: two rows side by side that disagree refuse each other. A vote for oneself would keep both."""
    assert kept(teach([[1, 0], [1, 0.01]], student([0, 1], 2), k=2)) == []


def test_duplicates_do_not_vote_for_themselves_through_ties() -> None:
    """Four copies of one point, codes 0 0 1 1: each has one of three others on its side. Dropping the first of the
    list instead of oneself would give rows 2 and 3 two of three."""
    assert kept(teach([[1, 2]] * 4, student([0, 0, 1, 1], 2), k=4)) == []
    assert kept(teach([[1, 2]] * 30, student([0] * 29 + [1], 2), k=3)) == list(range(29)), "crowded out of its own list"


def test_votes_are_hard() -> None:
    """Row 0 has neighbours 0.51 / 0.51 / 0.01 for its class: two of three votes, though the mean is 0.34."""
    table = np.array([[0.9, 0.1], [0.51, 0.49], [0.51, 0.49], [0.01, 0.99]], dtype=np.float32)
    assert 0 in kept(teach([[1, 0], [1, 0.01], [1, -0.01], [1, 0.02]], Scripted(table, ("c0", "c1")), k=4))


def test_only_directions_count() -> None:
    """Unit length: stretching each vector by its own factor changes nothing."""
    rng = stream(3, "points")
    points, codes = rng.normal(size=(60, 5)), rng.integers(0, 3, 60)
    stretched = points * rng.uniform(0.5, 8, (60, 1))
    assert kept(teach(points, student(codes, 3), k=4)) == kept(teach(stretched, student(codes, 3), k=4)) != []


def test_a_zero_vector_is_no_trouble() -> None:
    assert kept(teach([[0, 0], [0, 0], [0, 0]], student([1, 1, 1], 2), k=3)) == [0, 1, 2]


def obvious(vectors: np.ndarray, codes: np.ndarray, classes: int, k: int) -> list[int]:
    """Card 31, step 2 and 3, one row at a time."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    out = []
    for row in range(len(unit)):
        others = [other for other in range(len(unit)) if other != row]
        others.sort(key=lambda other: float(((unit[row] - unit[other]) ** 2).sum()))
        votes = [codes[other] for other in others[: k - 1]]
        shares = [votes.count(code) / len(votes) for code in range(classes)]
        if int(np.argmax(shares)) == codes[row] and max(shares) > 0.5:
            out.append(row)
    return out


@pytest.mark.parametrize("seed", range(12))
def test_equals_the_obvious_loop(seed: int) -> None:
    rng = stream(seed, "obvious")
    n, classes, k = int(rng.integers(2, 40)), int(rng.choice([2, 3, 14])), int(rng.integers(2, 18))
    codes = rng.integers(0, classes, n)
    points = rng.normal(size=(n, 4)) + 1.5 * np.eye(14, 4)[codes]
    got = confirmed(points.astype(np.float32), codes, np.arange(n), k, 0.5)
    assert np.flatnonzero(got).tolist() == obvious(points.astype(np.float32), codes, classes, k)


def test_unsure_examples_vote_but_are_not_kept() -> None:
    """Row 3 is unsure (p = 0.5); its vote still counts: without it row 0 would have one of two."""
    table = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.5, 0.5]], dtype=np.float32)
    points = [[1, 0], [1, 0.01], [1, 0.02], [1, -0.01]]
    assert 0 in (rows := kept(teach(points, Scripted(table, ("c0", "c1")), k=4))) and 3 not in rows


def test_only_rows_that_were_asked_about_are_kept_or_vote() -> None:
    points, codes = clusters(2, 10)
    taught = teach(points, student(codes, 2), asked=[3, 15, 4, 16, 5, 17], k=3)
    assert sorted(kept(taught)) == [3, 4, 5, 15, 16, 17] and taught.facts["coverage"] == 1.0


def test_a_large_pool_is_subsampled_by_luck() -> None:
    points, codes = clusters(2, 40)
    runs = [teach(points, student(codes, 2), rng=stream(seed, "teach"), subsample=30) for seed in (0, 0, 1)]
    rows = [kept(run) for run in runs]
    assert len(rows[0]) == 30 and rows[0] == rows[1] != rows[2] and runs[0].facts["coverage"] == 30 / 80
    assert sorted(set(rows[0])) == rows[0]


def test_predictions_count_and_never_the_truth() -> None:
    """A student that takes left for right teaches itself just that: all six lessons are wrong."""
    swapped = Nearest(POOL.labels, np.array([[2, 0], [-2, 0]], dtype=np.float32))
    taught = SelfTraining(k=3).teach(Rows(POOL, np.arange(6)), view(student=swapped), Poison(), RNG)
    assert taught.lessons[0].given["label"].tolist() == (1 - CODES).tolist()


def test_without_any_label_nothing_is_taught() -> None:
    who = Scripted(np.zeros((3, 0), dtype=np.float32), ())
    assert teach(np.zeros((3, 1)), who).lessons == ()
