"""gradient with privacy: a step by hand, neutral limits, clipping, noise, draws, the ledger of epsilon, refusals."""

import math

import numpy as np
import pytest
import torch

from tutelage.core.data import Block, Rows, labelled
from tutelage.core.errors import ContractBroken, Refused, Spent
from tutelage.core.method import settings
from tutelage.core.parts import build
from tutelage.core.stages import Stage
from tutelage.kit.accountant import Phase, epsilon
from tutelage.kit.batching import planned
from tutelage.kit.private_descent import drawn
from tutelage.learn.gradient import Gradient
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import CODES, POOL, stream, till, vector_pool, view

LOGISTIC = Mlp(hidden=()).begin(POOL, stream(0, "student"))
DEEP = Mlp(hidden=(5, 4)).begin(POOL, stream(0, "student"))
OPEN = {"sigma": 0.0, "clip": math.inf}  # no privacy


def block(*rows: int, weight: float = 1.0) -> Block:
    return labelled(Rows(POOL, np.array(rows, dtype=np.int64)), CODES[list(rows)], "oracle", 1.0, weight)


def learn(*stages: Stage, student=LOGISTIC, penalty=None, memory=None, seed=0, purse=None, pool=POOL, **how):
    now = view(student=student, purse=purse, pool=pool)._replace(memory=memory or {})
    return Gradient(**how).learn(stages, penalty, now, stream(seed, "learn"))


def apart(one, other) -> float:
    return float(max(np.abs(a - b).max() for x, y in zip((*one.layers, one.top), (*other.layers, other.top), strict=True)
                     for a, b in zip(x, y, strict=True)))  # fmt: skip


def test_by_hand() -> None:
    """One step from weights 0 on rows at z = -s and s: p = 1/2, so each lesson's gradient has entries of 1/2 at two
    biases and s/2 at two weights, norm sqrt((1 + s^2) / 2). Clipped to 0.1 and halved by the batch of 2, the weights
    move by 0.1 * 2 * (s/2) * (0.1 / norm) / 2; both gradients are longer than clip.
    """
    s = 3 / LOGISTIC.standard.deviation[0]
    learned = learn(
        Stage((block(0, 5),)), optimiser="sgd", lr=0.1, passes=1, batch=0, privacy={"sigma": 0, "clip": 0.1}
    )
    step = 0.1 * (s / 2) * 0.1 / math.sqrt((1 + s**2) / 2)
    assert learned.student.top.weights[0] == pytest.approx([-step, step], rel=1e-5)
    assert learned.student.top.bias == pytest.approx([0, 0], abs=1e-8)
    assert learned.facts["clipped"] == 1 and learned.facts["epsilon"] == math.inf
    assert learned.facts["loss"] == pytest.approx(np.log(2))


def test_neutral_limit_plain_training() -> None:
    """sigma 0, clip inf and everything in every step: `gradient` without privacy, in whatever pieces it is gone through."""
    how = {"student": DEEP, "batch": 0, "lr": 0.05, "passes": 7}
    plain = learn(Stage((block(*range(6)),)), **how)
    for most in (64, 4, 1):
        private = learn(Stage((block(*range(6)),)), privacy={**OPEN, "virtual_batch": most}, **how)
        assert apart(plain.student, private.student) < 1e-5, most
        assert private.facts["loss"] == pytest.approx(plain.facts["loss"], rel=1e-4)
    assert np.abs(plain.student.probs(POOL) - 0.5).max() > 0.1


def test_virtual_batches_are_one_big_one_with_noise() -> None:
    """Noise is added once a step: the same luck, whatever the pieces."""
    how = {"student": DEEP, "batch": 4, "lr": 0.05, "passes": 6}
    one, two = (learn(Stage((block(*range(6)),)), privacy={"sigma": 0.7, "virtual_batch": m}, **how) for m in (64, 2))
    assert apart(one.student, two.student) < 1e-5
    assert one.facts["sigma"] == 0.7 and one.facts["rate"] == pytest.approx(4 / 6)


def test_a_tiny_clip_makes_every_gradient_that_long() -> None:
    """sgd at rate 1, one lesson in every step: the step has norm clip, however long the gradient."""
    for row in range(6):
        learned = learn(Stage((block(row),)), optimiser="sgd", lr=1.0, passes=1, privacy={"sigma": 0, "clip": 1e-3})
        moved = np.concatenate([learned.student.top.weights.ravel(), learned.student.top.bias])
        assert np.linalg.norm(moved) == pytest.approx(1e-3, rel=1e-4)


def test_neighbours_differ_by_at_most_clip() -> None:
    """The sum of a step with and without one lesson, sgd at rate 1 times the batch; also for a lesson of weight 9."""
    for more in (block(3), block(3, weight=9.0)):
        how = {"optimiser": "sgd", "passes": 1, "batch": 0, "student": DEEP, "privacy": {"sigma": 0, "clip": 0.05}}
        without, with_it = (
            learn(Stage((block(0, 1, 5),)), lr=3.0, **how),
            learn(Stage((block(0, 1, 5), more)), lr=4.0, **how),
        )
        parts = [(a - b).ravel() for one, other in zip((*with_it.student.layers, with_it.student.top),
                                                       (*without.student.layers, without.student.top), strict=True)
                 for a, b in zip(one, other, strict=True)]  # fmt: skip
        assert 0 < np.linalg.norm(np.concatenate(parts)) <= 0.05 * (1 + 1e-4)


def test_the_noise_has_the_deviation_that_it_should() -> None:
    """16,500 weights, one step of sgd without a lesson's pull to speak of: deviation rate * sigma * C / batch.

    The share of the sample deviation has standard error 1 / sqrt(2 n), 0.55 %; five of them are allowed.
    """
    pool = vector_pool(np.random.default_rng(0).normal(size=(4, 163)))
    student = Mlp(hidden=(100,)).begin(pool, stream(0, "student"))
    lesson = labelled(Rows(pool, np.arange(4)), np.array([0, 1, 0, 1]), "oracle")
    how = {"optimiser": "sgd", "lr": 1.0, "passes": 1, "batch": 2, "privacy": {"sigma": 3.0, "clip": 1e-3}}
    moved = (
        learn(Stage((lesson,)), student=student, pool=pool, **how).student.layers[0].weights - student.layers[0].weights
    )
    updates = 2
    assert moved.std() == pytest.approx(math.sqrt(updates) * 3.0 * 1e-3 / 2, rel=0.03)
    assert abs(moved.mean()) < 5 * moved.std() / math.sqrt(moved.size)


def test_a_draw_takes_each_lesson_with_its_probability() -> None:
    """2,000 draws of 6 lessons at rate 0.25: sizes are binomial, mean 1.5 and variance 1.125; some draws are empty."""
    plan, rng = planned((Stage((block(*range(6)),)),)), np.random.default_rng(0)
    sizes = [sum(len(batch) for batch in drawn(plan, 0.25, 2, rng)) for _ in range(2000)]
    assert np.mean(sizes) == pytest.approx(1.5, abs=5 * math.sqrt(1.125 / 2000))
    assert np.var(sizes) == pytest.approx(1.125, rel=0.15) and min(sizes) == 0


def test_an_empty_draw_is_a_step_of_noise() -> None:
    """One lesson among six a step: most draws hold none or one, all 12 steps count, and the optimiser saw 12."""
    learned = learn(Stage((block(*range(6)),)), batch=1, passes=2, privacy={"sigma": 1.0})
    assert learned.facts["updates"] == 12
    assert all(int(held["step"]) == 12 for held in learned.memory["optimiser"].values())


def test_epsilon_is_kept_and_paid_before_the_first_step() -> None:
    purse = till()
    learned = learn(Stage((block(*range(6)),)), batch=2, passes=5, purse=purse, privacy={"epsilon": 3.0})
    facts = learned.facts
    assert facts["epsilon"] == purse.book.ledger.spent["epsilon"] <= 3.0 and facts["epsilon"] > 2.99
    assert facts["delta"] == 1 / 12 and facts["rate"] == 1 / 3
    assert facts["epsilon"] == epsilon([Phase(facts["sigma"], 1 / 3, 15)], 1 / 12)
    with pytest.raises(Spent, match="epsilon"):
        learn(Stage((block(*range(6)),)), batch=2, passes=5, purse=till({"epsilon": 2.5}), privacy={"epsilon": 3.0})


def test_rounds_share_the_promise_and_add_up() -> None:
    """Three calls of different sizes: each leaves enough for the rest, the whole keeps the promise, a fourth is not made."""
    purse, memory, spent = till(), {}, []
    how = {"batch": 2, "passes": 3, "purse": purse, "privacy": {"epsilon": 4.0, "delta": 1e-3, "rounds": 3}}
    for rows in ((0, 5), (0, 1, 5), tuple(range(6))):
        learned = learn(Stage((block(*rows),)), memory=memory, **how)
        memory, spent = learned.memory, [*spent, purse.book.ledger.spent["epsilon"]]
    assert 0 < spent[0] < spent[1] < spent[2] <= 4.0 and spent[2] > 3.99
    assert spent[2] == pytest.approx(learned.facts["epsilon"])
    history = [Phase(s, q, int(k)) for s, q, k in memory["privacy"]["history"]]
    assert len(history) == 3 and spent[2] == pytest.approx(epsilon(history, 1e-3))
    with pytest.raises(Spent, match="epsilon"):
        learn(Stage((block(0, 5),)), memory=memory, **how)


def test_noise_that_is_given_is_only_counted() -> None:
    purse, memory = till(), {}
    for _ in range(2):
        memory = learn(Stage((block(0, 5),)), memory=memory, purse=purse, privacy={"sigma": 2.0, "delta": 1e-4}).memory
    assert purse.book.ledger.spent["epsilon"] == pytest.approx(epsilon([Phase(2.0, 1.0, 20)], 1e-4))


def test_a_promise_that_no_noise_keeps_is_refused() -> None:
    with pytest.raises(Refused, match=r"learn\.privacy\.epsilon: no noise keeps"):
        learn(Stage((block(*range(6)),)), privacy={"epsilon": 1e-9, "delta": 1e-12})


def test_nothing_to_learn_costs_nothing() -> None:
    purse = till()
    memory = {"privacy": {"charged": 1.0}}
    assert learn(Stage(()), purse=purse, memory=memory, privacy={}).memory == memory
    assert purse.book.ledger.spent == {}


def test_luck_is_an_argument() -> None:
    before = torch.get_rng_state()
    one, two, other = (
        learn(Stage((block(*range(6)),)), student=DEEP, batch=2, seed=s, privacy={"sigma": 1.0}) for s in (0, 0, 1)
    )
    assert one.student.fingerprint == two.student.fingerprint != other.student.fingerprint
    assert (torch.get_rng_state() == before).all()


def test_what_the_count_does_not_cover_is_refused_together() -> None:
    class Couples:
        accepts, needs, couples = frozenset(), frozenset(), True

    with pytest.raises(Refused) as caught:
        learn(Stage((block(0, 5),), np.arange(2)), objective=Couples(), penalty=lambda module: 0.0, privacy={})
    assert [fault.where for fault in caught.value.faults] == ["learn.objective", "order", "retain"]
    with pytest.raises(Refused, match="no order, stages or batches"):
        learn(Stage((block(0),)), Stage((block(5),)), privacy={})


def test_a_loss_that_mixes_lessons_without_saying_so_is_caught() -> None:
    class Mixes:
        accepts, needs, couples = frozenset(), frozenset(), False

        def prepare(self, lessons, view):
            return {}

        def losses(self, module, batch, rng):
            scores = module.scores(batch)
            return ((scores - 1 - scores.mean(0)) ** 2).sum(1)

    with pytest.raises(ContractBroken, match=r"head\.weight"):
        learn(Stage((block(0, 3, 5),)), objective=Mixes(), batch=0, privacy={"sigma": 1.0})


def test_settings_are_checked_and_come_back() -> None:
    made = build("learn", {"use": "gradient", "privacy": {"clip": 0.3, "sigma": 1}})
    assert build("learn", settings(made)) == made and settings(made)["privacy"]["clip"] == 0.3
    for wrong, said in (({"clip": 0}, r"privacy\.clip"), ({"clip": math.inf}, "sigma: 0"), ({"epsilo": 3}, "epsilo")):
        with pytest.raises(Refused, match=said):
            build("learn", {"use": "gradient", "privacy": wrong})
    with pytest.raises(Refused, match=r"privacy\.clip instead"):
        build("learn", {"use": "gradient", "clip": 1.0, "privacy": {}})


def test_half_precision_is_clipped_too() -> None:
    stage = Stage((block(*range(6)),))
    how = {"student": DEEP, "lr": 0.01, "privacy": {"sigma": 0.0, "clip": 0.05}}
    full, half = (learn(stage, precision=p, **how).student for p in ("fp32", "bf16"))
    assert full.fingerprint != half.fingerprint
    np.testing.assert_allclose(full.probs(POOL), half.probs(POOL), atol=0.02)
