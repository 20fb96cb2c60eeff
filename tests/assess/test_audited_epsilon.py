"""audited_epsilon: Clopper-Pearson as log odds, delta, guesses by hand, and that a private mechanism keeps its promise."""

import numpy as np
import pytest
from scipy.stats import beta, binom

from tutelage.assess.audited_epsilon import AuditedEpsilon, bound, chance, guessing
from tutelage.core.data import Exam, Rows, Table, labelled
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.toys import till


def test_without_delta_it_is_the_clopper_pearson_bound_as_log_odds() -> None:
    """All of 20 right: q = 0.05^(1/20) = 0.8609, log(q / (1 - q)) = 1.823. 18 of 20: by the beta distribution."""
    assert bound(20, 20, 40, 0.0, 0.95) == pytest.approx(np.log(0.05**0.05 / (1 - 0.05**0.05)), abs=1e-6)
    for right, guesses in ((18, 20), (70, 100), (990, 1000)):
        share = beta.ppf(0.05, right, guesses - right + 1)
        assert bound(right, guesses, 2 * guesses, 0.0, 0.95) == pytest.approx(np.log(share / (1 - share)), abs=1e-6)


def test_half_right_or_less_shows_nothing() -> None:
    """The neutral limit; and a delta that could explain every guess."""
    for right in (0, 5, 10):
        assert bound(right, 20, 40, 0.0, 0.95) == 0.0
    assert bound(20, 20, 40, 0.5, 0.95) == 0.0


def slow(right, guesses, canaries, epsilon, delta):
    """The formula, term by term."""
    odds = np.exp(epsilon) / (1 + np.exp(epsilon))
    tail = lambda k: sum(binom.pmf(j, guesses, odds) for j in range(k, guesses + 1))
    worst = max([(tail(right - i) - tail(right)) / i for i in range(1, right + 1)], default=0.0)
    return min(tail(right) + 2 * canaries * delta * worst, 1.0)


def test_delta_lowers_the_bound_as_the_formula_says() -> None:
    for right, guesses, canaries, epsilon, delta in (
        (9, 10, 30, 1.0, 0.01),
        (14, 20, 40, 0.5, 1e-3),
        (0, 4, 8, 1.0, 0.1),
    ):
        assert chance(right, guesses, canaries, epsilon, delta) == pytest.approx(
            slow(right, guesses, canaries, epsilon, delta)
        )
    bounds = [bound(19, 20, 40, delta, 0.95) for delta in (0.0, 1e-5, 1e-3, 1e-2)]
    assert bounds == sorted(bounds, reverse=True) and bounds[0] > bounds[-1]


def test_guesses_by_hand() -> None:
    """Six canaries, 4 guesses: 0.1 and 0.2 are called taught, one wrongly; 0.8 and 0.9 are not, one wrongly."""
    assert guessing(np.array([0.1, 0.9, 0.5]), np.array([0.2, 0.8, 0.4]), 0.7, stream(0, "assess")) == (2, 4)
    assert guessing(np.array([0.1]), np.array([0.2]), 0.01, stream(0, "assess")) == (2, 2)


def test_equal_losses_are_guessed_by_luck() -> None:
    shares = [guessing(np.ones(50), np.ones(50), 1.0, stream(seed, "assess")) for seed in range(40)]
    right = sum(one for one, _ in shares)
    assert abs(right / 4000 - 0.5) < 4 * 0.5 / np.sqrt(4000)


def test_who_answers_each_coin_by_randomised_response_keeps_his_promise() -> None:
    """Randomised response at epsilon 1 tells each coin with probability e / (1 + e): exactly epsilon-private. Its bound
    lies above 1 in at most 5 % of 400 audits (allowing 4 standard errors), and is near 1 with many canaries.
    """
    rng, odds = stream(0, "points"), np.e / (1 + np.e)
    right = rng.binomial(100, odds, size=400)
    over = np.mean([bound(int(one), 100, 100, 0.0, 0.95) > 1.0 for one in right])
    assert over < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)
    assert 0.9 < bound(int(rng.binomial(20_000, odds)), 20_000, 20_000, 0.0, 0.95) < 1.05


class Told:
    labels = ("a", "b")

    def probs(self, pool):
        p = pool.vectors()[:, 0]
        return np.stack([p, 1 - p], axis=1).astype(np.float32)


def block(probs, names=None):
    columns = {"vector": np.array(probs, dtype=np.float32)[:, None]} | ({} if names is None else {"canary": names})
    pool = Table.of("told", columns, ("a", "b")).pool()
    return labelled(Rows(pool, np.arange(len(pool))), np.zeros(len(pool)), "x")


def test_only_canaries_are_guessed_about_and_copies_count_once() -> None:
    """Two canaries taught, one of them twice, and an ordinary lesson: 2 of 4 and 4 guesses, all right."""
    taught = block([0.9, 0.9, 0.8, 0.01], ["one", "one", "two", None])
    exam = Exam((block([0.3, 0.2], ["three", "four"]),), taught=(taught,))
    scores = AuditedEpsilon(guessed=1.0, delta=0.0).assess(Told(), exam, till(), stream(0, "assess"))
    found = {score.name: score.value for score in scores}
    assert found["right_guesses"] == 1.0
    assert found["audited_epsilon"] == pytest.approx(bound(4, 4, 4, 0.0, 0.95), rel=1e-6)
    before = AuditedEpsilon().assess(Told(), exam._replace(taught=()), till(), stream(0, "assess"))
    assert all(np.isnan(score.value) for score in before)


def test_an_exam_of_others_is_no_audit() -> None:
    """Items for which no coin was thrown: guesses about them bound nothing."""
    exam = Exam((block([0.3, 0.2], ["three", None]),), taught=(block([0.9], ["one"]),))
    with pytest.raises(Refused, match="1 of 2 items of this exam are no canaries, the first is"):
        AuditedEpsilon().assess(Told(), exam, till(), stream(0, "assess"))
