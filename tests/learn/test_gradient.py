"""gradient: an update by hand, its limits, the syllabus, what is frozen, memory, luck, and what it refuses."""

import dataclasses

import numpy as np
import pytest
import torch

from tutelage.core.data import Block, Rows, Soft, labelled
from tutelage.core.errors import ContractBroken, Refused, Spent, TutelageError
from tutelage.core.parts import build
from tutelage.core.stages import Stage
from tutelage.kit.batching import updates_and_rows
from tutelage.learn.gradient import Gradient
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import CODES, POOL, stream, till, vector_pool, view

LOGISTIC = Mlp(hidden=()).begin(POOL, stream(0, "student"))
DEEP = Mlp(hidden=(5, 4)).begin(POOL, stream(0, "student"))
HEAD = build("adapter", "head_only")


def block(*rows: int, weight: float = 1.0) -> Block:
    about = Rows(POOL, np.array(rows, dtype=np.int64))
    return labelled(about, CODES[list(rows)], "oracle", 1.0, weight)


def learn(*stages: Stage, student=LOGISTIC, penalty=None, memory=None, seed=0, **settings):
    now = view(student=student)._replace(memory=memory or {})
    return Gradient(**settings).learn(stages, penalty, now, stream(seed, "learn"))


def test_by_hand() -> None:
    """One step of sgd from weights 0: p = 1/2, so the slope of row i is (1/2 - y_i) z_i, averaged over two rows.

    Rows a and f stand at x = -3 and 3, which is z = -s and s with s = 3 / deviation. For the class right: row a has
    1/2 * -s, row f has -1/2 * s, mean -s/2; at rate 0.1 its weight becomes s/20, that of left -s/20. Biases: 1/2 and
    -1/2 cancel out, 0. The losses before the step are log 2.
    """
    learned = learn(Stage((block(0, 5),)), optimiser="sgd", lr=0.1, passes=1, batch=0)
    s = 3 / LOGISTIC.standard.deviation[0]
    assert learned.student.top.weights[0] == pytest.approx([-s / 20, s / 20], rel=1e-6)
    assert learned.student.top.bias == pytest.approx([0, 0], abs=1e-8)
    assert learned.facts["loss"] == pytest.approx(np.log(2))
    assert learned.facts["updates"] == 1 and learned.facts["visits"] == learned.facts["lessons"] == 2


def test_neutral_limit_the_students_own_fit() -> None:
    """All lessons in one batch, adamw without decay, linear schedule: the closed loop of numpy, to float rounding."""
    rng = np.random.default_rng(1)
    pool = vector_pool(rng.normal(size=(40, 3)), ("a", "b", "c"))
    lessons = (labelled(Rows(pool, np.arange(40)), np.arange(40) % 3, "oracle"),)
    lessons[0].weight[:7] = 3.0
    first = Mlp(hidden=(6,), epochs=30, batch=0, lr=0.02, l2=0).begin(pool, stream(0, "student"))
    fitted = first.fit(lessons, stream(0, "learn"))
    now = view(pool=pool, student=first)
    moved = Gradient(passes=30, batch=0, lr=0.02, schedule="linear").learn(
        (Stage(lessons),), None, now, stream(0, "learn")
    )
    np.testing.assert_allclose(moved.student.probs(pool), fitted.probs(pool), atol=2e-5)
    assert np.abs(fitted.probs(pool) - 1 / 3).max() > 0.2


def test_neutral_limit_no_passes() -> None:
    learned = learn(Stage((block(0, 5),)), passes=0, memory={"optimiser": {}})
    assert learned.student is LOGISTIC and learned.memory == {"optimiser": {}} and learned.facts["updates"] == 0


def test_the_weight_of_a_lesson_pulls_where_it_stands() -> None:
    """Weight 2 beside weight 1, one batch each, sgd: steps of 4/3 and 2/3 of the plain one, for a mean weight of 3/2."""
    lessons = (block(5, weight=2.0), block(0))
    plain = [learn(Stage((block(row),)), optimiser="sgd", lr=0.3, passes=1).student.top.weights[0, 1] for row in (5, 0)]
    both = learn(Stage(lessons, np.arange(2), np.arange(3)), optimiser="sgd", lr=1e-3, passes=1).student.top.weights[
        0, 1
    ]
    assert both / 1e-3 == pytest.approx((plain[0] * 4 / 3 + plain[1] * 2 / 3) / 0.3, rel=1e-2)


def test_what_was_said_beforehand_is_what_was_done() -> None:
    soft = {"probs": np.array([[0.7, 0.3], [0.4, 0.6], [0.5, 0.5]], dtype=np.float32)}
    weak = Block(Rows(POOL, np.array([1, 2, 3])), None, Soft, soft, "weak", np.zeros(3), np.array([1.0, 0, 1]))
    syllabus = (Stage((block(0, 1, 5), weak), passes=1.5), Stage((block(4),), passes=0.4))
    learned = learn(*syllabus, passes=2.0, batch=2)
    counts = updates_and_rows(syllabus, Gradient(passes=2.0, batch=2))
    assert (learned.facts["updates"], learned.facts["visits"]) == (counts.updates, counts.visits) == (10, 16)
    assert learned.facts["lessons"] == 6


def test_stages_in_turn_and_a_given_order() -> None:
    """Two stages of one lesson are two calls in a row; an order is its slices in a row. sgd has no state to carry."""
    how = {"optimiser": "sgd", "lr": 0.5, "passes": 1}
    first = learn(Stage((block(0),)), **how).student
    second = learn(Stage((block(4),)), student=first, **how).student
    assert learn(Stage((block(0),)), Stage((block(4),)), **how).student.fingerprint == second.fingerprint
    ordered = Stage((block(4, 0),), order=np.array([1, 0]))
    assert learn(ordered, batch=1, **how).student.fingerprint == second.fingerprint


def test_support_is_shown_and_not_scored() -> None:
    """A support lesson under a loss that does not couple is as good as absent."""
    how = {"optimiser": "sgd", "lr": 0.5, "passes": 1}
    marks = Stage((block(0, 5),), np.arange(2), np.array([0, 2]), np.array([False, True]))
    with_support, alone = learn(marks, **how), learn(Stage((block(0),)), **how)
    assert with_support.student.fingerprint == alone.student.fingerprint and with_support.facts["visits"] == 2
    assert with_support.facts["loss"] == alone.facts["loss"]


def test_only_what_the_adapter_opens_moves() -> None:
    """Decay and momentum included: AdamW decays whatever it holds, so a frozen weight must not be held at all."""
    learned = learn(Stage((block(0, 2, 3, 5),)), student=DEEP, adapter=HEAD, lr=0.1, weight_decay=0.3)
    for before, after in zip(DEEP.layers, learned.student.layers, strict=True):
        assert (before.weights == after.weights).all() and (before.bias == after.bias).all()
    assert set(learned.memory["optimiser"]) == {"head.weight", "head.bias"}
    assert learned.student.embeds_as == DEEP.embeds_as and learned.student.fingerprint != DEEP.fingerprint


def test_memory_carries_the_moments() -> None:
    """Two calls with the memory handed on are one call of two passes; without it they are not."""
    stage, how = Stage((block(0, 2, 3, 5),), np.arange(4)), {"lr": 0.05, "batch": 4, "student": DEEP}
    whole = learn(stage, passes=2, **how)
    half = learn(stage, passes=1, **how)
    how["student"] = half.student
    assert learn(stage, passes=1, memory=half.memory, **how).student.fingerprint == whole.student.fingerprint
    assert learn(stage, passes=1, **how).student.fingerprint != whole.student.fingerprint
    arrays = [array for held in whole.memory["optimiser"].values() for array in held.values()]
    assert arrays and all(isinstance(array, np.ndarray) for array in arrays)


def test_a_label_that_was_added_is_learned() -> None:
    """Moments of a head that has grown start again; the old classes keep their weights until then."""
    taught = learn(Stage((block(0, 5),)))
    grown = POOL.with_labels(("left", "right", "up"))
    lesson = labelled(Rows(grown, np.array([2])), [2], "human")
    learned = learn(Stage((lesson,)), student=taught.student, memory=taught.memory, lr=0.3, passes=40)
    assert learned.student.labels == ("left", "right", "up")
    assert learned.student.probs(POOL)[2].argmax() == 2


def test_a_penalty_is_added_to_the_mean_loss() -> None:
    """With a strong pull of the weights to 7 and one lesson, the weights go there."""
    penalty = lambda module: 50 * ((module.head.weight - 7) ** 2).sum()
    learned = learn(Stage((block(0),)), penalty=penalty, optimiser="sgd", lr=0.005, passes=60)
    assert learned.student.top.weights == pytest.approx(np.full((2, 2), 7), abs=0.05)
    assert learned.facts["loss"] < 50, "the loss reported is that of the lessons"


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_schedules_by_hand(schedule: str) -> None:
    """sgd under a constant slope of 1: the distance travelled is the sum of the rates; 2 of 8 updates warm up."""

    class Slope:
        accepts, needs, couples = frozenset(), frozenset(), False

        def prepare(self, lessons, view):
            return {}

        def losses(self, module, batch, rng):
            return module.head.bias[0].expand(len(batch.weight))

    learned = learn(Stage((block(0),)), objective=Slope(), optimiser="sgd", lr=1.0, passes=8, schedule=schedule,
                    warm_up=0.25)  # fmt: skip
    gone = np.arange(6) / 6
    rest = {"constant": np.ones(6), "linear": 1 - gone, "cosine": (1 + np.cos(np.pi * gone)) / 2}[schedule]
    assert -learned.student.top.bias[0] == pytest.approx(0.5 + 1 + rest.sum(), rel=1e-5)


def test_clipping_bounds_a_step() -> None:
    """sgd at rate 1: the step is the gradient, cut to norm 0.01."""
    learned = learn(Stage((block(0, 5),)), optimiser="sgd", lr=1.0, passes=1, clip=0.01)
    assert np.sqrt((learned.student.top.weights**2).sum()) == pytest.approx(0.01, rel=1e-3)


def test_luck_is_an_argument_and_the_global_one_is_left_alone() -> None:
    before = torch.get_rng_state()
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    one, two, other = (learn(Stage((block(*range(6)),)), student=DEEP, batch=2, seed=seed) for seed in (0, 0, 1))
    assert one.student.fingerprint == two.student.fingerprint != other.student.fingerprint
    assert (torch.get_rng_state() == before).all()
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == (threads, strict)


def test_precision_is_a_setting() -> None:
    """bf16 keeps three digits: near the fp32 result, and not it; afterwards fp32 is itself again."""
    stage = Stage((block(*range(6)),))
    full, half, again = (learn(stage, student=DEEP, precision=p, lr=0.01).student for p in ("fp32", "bf16", "fp32"))
    assert full.fingerprint == again.fingerprint != half.fingerprint
    np.testing.assert_allclose(full.probs(POOL), half.probs(POOL), atol=0.02)


def test_a_loss_that_is_no_number_is_said() -> None:
    with pytest.raises(TutelageError, match=r"smaller learn\.lr"):
        learn(Stage((block(*range(6)),)), student=DEEP, optimiser="sgd", lr=1e30, passes=20)


def test_contracts_that_are_broken_are_named() -> None:
    @dataclasses.dataclass
    class Mean:
        accepts, needs, couples = frozenset(), frozenset(), False

        def prepare(self, lessons, view):
            return {}

        def losses(self, module, batch, rng):
            return module.head.bias.sum()

    class Nothing:
        def open(self, module, rng):
            from tutelage.core.descent import Opened

            return Opened(module, ())

    with pytest.raises(ContractBroken, match=r"Mean\.losses: one loss for each of 2 lessons, got \(\)"):
        learn(Stage((block(0, 5),)), objective=Mean())
    with pytest.raises(ContractBroken, match="opens nothing"):
        learn(Stage((block(0, 5),)), adapter=Nothing())
    with pytest.raises(ContractBroken, match="CanDescend"):
        learn(Stage((block(0, 5),)), student=None)


@pytest.mark.parametrize(
    "settings", [{"passes": -1}, {"lr": 0}, {"momentum": 1}, {"warm_up": 1.5}, {"optimiser": "adam"}]
)
def test_settings_without_sense_are_refused(settings) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Gradient(**settings)


def test_flop_is_counted_from_the_shapes_and_charged_before_the_first_update() -> None:
    """2 inputs, 8 hidden units, 2 classes: P = 16 + 16. 2 lessons x 10 passes = 20 visits of 6 P; head alone 4 P + 2 x 16."""
    student = build("student", {"use": "vector.mlp", "hidden": [8]}).begin(POOL, stream(0, "student"))
    for adapter, each in (("full", 6 * 32), ("head_only", 4 * 32 + 2 * 16)):
        purse = till()
        seen = view(student=student, taught=np.array([0, 5]), purse=purse)
        build("learn", {"use": "gradient", "adapter": {"use": adapter}}).learn(
            (Stage(seen.lessons),), None, seen, stream(0, "learn")
        )
        assert purse.book.ledger.spent["flop"] == 20 * each
    poor = view(student=student, taught=np.array([0, 5]), purse=till({"flop": 100}))
    with pytest.raises(Spent):
        Gradient().learn((Stage(poor.lessons),), None, poor, stream(0, "learn"))


@pytest.mark.parametrize("pieces", [2, 3, 7])
def test_pieces_of_a_batch_make_the_update_of_the_whole(pieces: int) -> None:
    """Weights, support, a penalty and clipping included; sums are taken in another order, hence 1e-6. Less than 7 fit."""
    penalty = lambda module: 0.3 * (module.head.weight**2).sum()
    stage = Stage((block(0, 1, 2), block(4, 5, weight=3.0)), np.arange(5), support=np.array([0, 0, 1, 0, 0], bool))
    how = {"student": DEEP, "lr": 0.05, "passes": 4, "batch": 5, "clip": 0.5, "penalty": penalty}
    whole, cut = learn(stage, **how), learn(stage, accumulate=pieces, **how)
    np.testing.assert_allclose(cut.student.probs(POOL), whole.student.probs(POOL), atol=1e-6)
    assert cut.facts["loss"] == pytest.approx(whole.facts["loss"], rel=1e-6)
    assert cut.facts["updates"] == whole.facts["updates"] == 4


def test_one_piece_is_the_batch() -> None:
    """Neutral limit, bit for bit; more pieces than lessons are one lesson each."""
    stage = Stage((block(0, 2, 5),))
    assert learn(stage, accumulate=1).student.fingerprint == learn(stage).student.fingerprint
    alone = learn(Stage((block(3),)), batch=1)
    assert learn(Stage((block(3),)), batch=1, accumulate=9).student.fingerprint == alone.student.fingerprint


def test_pieces_that_cannot_be_are_refused() -> None:
    kto = {"use": "kto"}
    with pytest.raises(Refused, match="couples the lessons of a batch"):
        build("learn", {"use": "gradient", "objective": kto, "accumulate": 2})
    assert build("learn", {"use": "gradient", "objective": kto, "accumulate": 1}).objective.couples
    for other in ({"accumulate": 2}, {"recompute": True}):
        with pytest.raises(Refused, match=r"privacy\.virtual_batch"):
            build("learn", {"use": "gradient", "privacy": {"epsilon": 8}, **other})
    with pytest.raises(Refused, match="no layers that could be computed again"):
        learn(Stage((block(0, 5),)), recompute=True)


def test_a_round_begins_its_schedule_anew() -> None:
    """Re-warming: the rate of a call goes up and down again, whatever was learned before; only the moments go on.

    Four updates of sgd at rate 1 with half of them to warm up, then a line down: .5, 1, 1, .5, and in the next round the
    same again. One call with twice the passes goes up once. The slope is constant where the weight stands alone.
    """
    how = {"optimiser": "sgd", "lr": 0.01, "passes": 4, "batch": 0, "warm_up": 0.5, "schedule": "linear"}
    first = learn(Stage((block(0, 5),)), **how)
    second = learn(Stage((block(0, 5),)), student=first.student, memory=first.memory, **how)
    fresh = learn(Stage((block(0, 5),)), student=first.student, **how)
    assert second.student.fingerprint == fresh.student.fingerprint  # nothing of the first round's place is carried on

    def rates(passes: int, rounds: int) -> list[float]:
        """How far the weight moves at each update under a penalty whose slope is always 1."""
        student, memory, moved = LOGISTIC, None, []
        for _ in range(rounds):
            seen = []

            def tug(module, seen=seen):
                seen.append(float(module.head.weight.sum().detach()))
                return module.head.weight[0, 0]

            silent = block(0, weight=1.0)
            done = learn(
                Stage((silent,)), student=student, memory=memory, penalty=tug, **{**how, "passes": passes, "lr": 1.0}
            )
            student, memory = done.student, done.memory
            moved += [*-np.diff([*seen, float(student.top.weights.sum())])]
        return moved

    # The lesson pulls the rows of the head by opposite amounts, so their sum moves by the penalty's slope alone.
    assert rates(4, 2) == pytest.approx([0.5, 1.0, 1.0, 0.5] * 2, abs=1e-5)
    assert rates(8, 1) == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 0.75, 0.5, 0.25], abs=1e-5)
