"""tempered: the temperature by hand, the inner learner untouched, what is held out, what cannot be divided."""

import numpy as np
import pytest
import torch

from tutelage.core.data import Block, Rows, Soft, Table, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.parts import build
from tutelage.core.stages import Learned, Stage
from tutelage.learn.gradient import Gradient
from tutelage.learn.refit import Refit
from tutelage.learn.tempered import Tempered, _apart, _best
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import CODES, POOL, NearestMean, stream, vector_pool, view

RNG = np.random.default_rng(5)
POINTS = vector_pool(RNG.normal(size=(60, 4)), ("a", "b", "c"))
TRUTH = RNG.integers(0, 3, 60)
LESSONS = (labelled(Rows(POINTS, np.arange(60)), TRUTH, "oracle"),)
FIRST = Mlp(hidden=(16,)).begin(POINTS, stream(0, "student"))
HOW = Gradient(lr=0.05, passes=40)


def learned(part, lessons=LESSONS) -> Learned:
    return part.learn((Stage(lessons),), None, view(pool=POINTS, student=FIRST), stream(0, "learn"))


def test_the_temperature_by_hand() -> None:
    """Scores of 2 log 3 and 0, right three times of four: p_T = 3/4 where 2 log 3 / T = log 3, so T = 2, and the loss
    is the entropy of 3/4. Weights count as lessons do."""
    scores = torch.tensor([[2 * np.log(3), 0.0]] * 2, dtype=torch.float64)
    probs = np.eye(2, dtype=np.float32)
    best, loss = _best(scores, probs, np.array([3.0, 1.0]), 1)
    assert best == pytest.approx(2, rel=1e-4) and loss == pytest.approx(0.25 * np.log(4) + 0.75 * np.log(4 / 3))


def test_the_more_draws_the_softer() -> None:
    """On two classes, right three times of four, two draws: the p that the shares 3/4 and 1/4 balance at."""
    scores = torch.tensor([[2 * np.log(3), 0.0]] * 2, dtype=torch.float64)
    found = [_best(scores, np.eye(2, dtype=np.float32), np.array([3.0, 1.0]), n)[0] for n in (1, 2, 4, 16)]
    assert found == sorted(found) and len(set(found)) == 4
    p = 1 / (1 + np.exp(-2 * np.log(3) / found[1]))
    ours, theirs = 2 * (1 - p) / (1 - (1 - p) ** 2), 2 * p / (1 - p**2)
    assert 0.75 * ours == pytest.approx(0.25 * theirs, rel=1e-4)


def test_no_temperature_tried_is_better() -> None:
    rng = np.random.default_rng(0)
    scores = torch.tensor(rng.normal(size=(30, 5)) * 4)
    probs = np.eye(5, dtype=np.float32)[rng.integers(0, 5, 30)]
    for n in (1, 8):
        best, loss = _best(scores, probs, np.ones(30), n)
        p = np.array([(torch.softmax(scores / t, 1).numpy() * probs).sum(1) for t in np.geomspace(0.01, 100, 400)])
        with np.errstate(divide="ignore"):  # some temperatures round a p to 0 or 1
            tried = -np.log(-np.expm1(n * np.log1p(-p))).mean(1)
        assert loss <= tried.min() + 1e-9 and 0.01 < best < 100


def test_neutral_limit_nothing_held_out() -> None:
    """Bit for bit the inner learner, facts included."""
    one, two = learned(Tempered(learn_by=HOW, share=0)), learned(HOW)
    assert one.student.fingerprint == two.student.fingerprint and one.facts == two.facts


def test_answers_stay_and_only_confidence_changes() -> None:
    """The inner learner on the lessons that were kept is the same student up to the scale of its scores."""
    soft = learned(Tempered(learn_by=HOW, share=0.25))
    (stage,), held = _apart((Stage(LESSONS),), 0.25, stream(0, "learn").spawn(1)[0])
    luck = stream(0, "learn")
    luck.spawn(1)
    plain = HOW.learn((stage,), None, view(pool=POINTS, student=FIRST), luck)
    one, two = (np.log(student.probs(POINTS).astype(float)) for student in (soft.student, plain.student))
    at = soft.facts["temperature"]
    both = [table - table.mean(1, keepdims=True) for table in (one * at, two)]
    np.testing.assert_allclose(*both, atol=2e-3 * at)
    assert soft.facts["held_out"] == held[0].size == 15 and soft.facts["lessons"] == 45 and at > 1.2
    assert soft.facts["updates"] == plain.facts["updates"]


def test_a_student_that_learnt_noise_is_softened_and_the_held_out_loss_is_what_it_says() -> None:
    made = learned(Tempered(learn_by=HOW, share=0.25, n=4))
    _, (held,) = _apart((Stage(LESSONS),), 0.25, stream(0, "learn").spawn(1)[0])
    p = made.student.probs(POINTS)[held.about.rows, held.given["label"]].astype(float)
    assert made.facts["held_out_loss"] == pytest.approx(-np.log(1 - (1 - p) ** 4).mean(), rel=1e-4)


def test_what_is_held_out_is_of_positive_weight_and_leaves_orders_alone() -> None:
    soft = {"probs": np.full((4, 3), 1 / 3, dtype=np.float32)}
    weak = Block(Rows(POINTS, np.arange(4)), None, Soft, soft, "weak", np.zeros(4), np.array([0.0, 1, 2, 0]))
    stages = (Stage((LESSONS[0], weak)), Stage((weak,), np.array([3, 2, 1, 0])))
    made, held = _apart(stages, 0.5, stream(1, "learn"))
    assert sum(block.size for block in held) == 31 and all((block.weight > 0).all() for block in held)
    assert made[0].lessons[1] is made[1].lessons[0] and made[1].order is stages[1].order
    kept = sum(int((block.weight > 0).sum()) for block in made[0].lessons)
    assert kept == 31 and (weak.weight == [0, 1, 2, 0]).all()


def test_one_lesson_is_never_held_out() -> None:
    lessons = (labelled(Rows(POOL, np.array([0])), CODES[:1], "oracle"),)
    student = Mlp(hidden=()).begin(POOL, stream(0, "student"))
    made = Tempered(share=0.9).learn((Stage(lessons),), None, view(student=student), stream(0, "learn"))
    assert "temperature" not in made.facts and made.facts["lessons"] == 1


def test_a_student_without_a_head_is_named() -> None:
    class Headless:
        module = torch.nn.Module()

        def with_module(self, module):
            raise AssertionError("it has no head")

        def encode(self, lessons):
            raise AssertionError("it has no head")

    class Gives:
        needs = accepts = frozenset()

        def learn(self, *given):
            return Learned(Headless(), {}, {})

    part = Tempered(learn_by=Gives())
    with pytest.raises(ContractBroken, match="linear head"):
        learned(part)


def test_it_needs_what_the_inner_learner_needs() -> None:
    part = Tempered(learn_by=Refit())
    assert part.needs >= Refit().needs and part.accepts == Refit().accepts and not part.needs <= NearestMean.can
    inner = Gradient(objective=build("objective", "direct_coverage"))
    kinds = inner.accepts
    assert all(Tempered(learn_by=inner).needs_of(kind) == inner.needs_of(kind) for kind in kinds)


@pytest.mark.parametrize("settings", [{"share": 1.0}, {"share": -0.1}, {"n": 0}])
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Tempered(**settings)


def test_a_language_model_whose_head_gives_tokens_is_refused() -> None:
    """Its classes are scored by their words: a head divided by T, tied to the embeddings at that, is no temperature."""
    pool = Table.of("said", {"text": ["one", "two", "three", "four"]}, ("a", "b")).pool()
    student = Tiny(hidden=16, layers=1, heads=2, window=32).begin(pool, stream(0, "student"))
    lessons = (labelled(Rows(pool, np.arange(4)), np.array([0, 1, 0, 1]), "oracle"),)
    with pytest.raises(ContractBroken, match="a language model's head scores tokens"):
        Tempered(share=0.5).learn((Stage(lessons),), None, view(pool=pool, student=student), stream(0, "learn"))
