"""kto: numbers by hand, 1/2 at the start, what z0 does and where it comes from, its gradient, and that it learns."""

import numpy as np
import pytest
import torch

from tutelage.core.data import Preference, Replies
from tutelage.core.descent import Batch
from tutelage.core.stages import Stage
from tutelage.kit.descent import as_tensors
from tutelage.kit.reference import reference
from tutelage.learn.gradient import Gradient
from tutelage.objective.kto import Kto
from tutelage.toy_writer import Says, Writer, preferences, replies, writer
from tutelage.toys import stream, view

LESSONS = preferences([("a", "bc", "d"), ("b", "c", "efgh"), ("c", "", "a b"), ("d", "ee", "f")])


def s(z: float) -> float:
    return 1 / (1 + np.exp(-z))


class Others:
    """Encoded lessons whose batch is told apart from the one that is scored."""

    def batch(self, rows: np.ndarray) -> Batch:
        return Batch(Preference, "others", {}, torch.ones(len(rows)))


class Both:
    """A module that says one thing of the lessons and another of the replies to other prompts."""

    def __init__(self, told: Says, others: Says) -> None:
        self.told, self.others = told, others

    def token_logprobs(self, batch: Batch) -> object:
        return (self.others if batch.inputs == "others" else self.told).said


def losses(told: Says, others: Says, before: float = 0.0, rewards: object = None, **settings: object) -> torch.Tensor:
    """Of a student that said `before` of every reply at the start."""
    at = torch.full(told.said.mask.shape[:2], before, dtype=torch.float64)
    held = np.empty(1, dtype=object)
    held[0] = Others()
    prepared = {"reference": at, "other": at, "row": torch.arange(len(at)), "all_others": held}
    kind = Preference if rewards is None else Replies
    told_of = {} if rewards is None else {"rewards": torch.tensor(rewards)}
    batch = Batch(kind, "lessons", told_of, torch.ones(len(at)), prepared=prepared)
    return Kto(**settings).losses(Both(told, others), batch, stream(0, "learn"))


def test_by_hand() -> None:
    """Reference -3. Chosen -2: v = 1; rejected -4: v = -1. Others -2.5 and -2.5: z0 = 0.5. beta 2.

    Good: 1 - s(2 (1 - 0.5)) = 1 - s(1); bad: 1 - s(2 (0.5 + 1)) = 1 - s(3). Weights 1 and 2, mean of the two.
    """
    told, others = Says([[[-1.0, -1.0], [-4.0]]]), Says([[[-2.5], [-2.5]]])
    found = losses(told, others, -3.0, beta=2.0, undesirable=2.0)
    assert found.item() == pytest.approx(((1 - s(1)) + 2 * (1 - s(3))) / 2)


def test_z0_is_a_mean_over_the_batch_and_never_below_0() -> None:
    """Others of two lessons: (1 + 1 + 0.5 + 0.5) / 4 = 0.75; and where the mean is negative, 0."""
    told = Says([[[-1.0], [-1.0]], [[-1.0], [-1.0]]])
    up = losses(told, Says([[[1.0], [1.0]], [[0.5], [0.5]]]), beta=1.0)
    assert up.tolist() == pytest.approx([((1 - s(-1.75)) + (1 - s(1.75))) / 2] * 2)
    down = losses(told, Says([[[-9.0], [1.0]], [[0.5], [0.5]]]), beta=1.0, undesirable=0.0)
    assert down.tolist() == pytest.approx([(1 - s(-1)) / 2] * 2)


def test_a_constant_added_to_all_ratios_matters() -> None:
    """With z0 held at 0, unlike dpo and ipo: a good reply gains, a bad one loses."""
    low, high = Says([[[-4.0], [-4.0]]]), Says([[[-3.0], [-3.0]]])
    still = Says([[[-4.0], [-4.0]]])
    good = [losses(one, still, -4.0, undesirable=0.0).item() for one in (low, high)]
    bad = [losses(one, still, -4.0, desirable=0.0).item() for one in (low, high)]
    assert good[1] < good[0] == bad[0] == 0.25 < bad[1]


def test_replies_count_by_the_sign_of_their_reward() -> None:
    """+: good; -: bad; 0 and absent: not at all. A lesson without a judged reply has loss 0."""
    told = Says([[[-1.0], [-2.0], [-3.0]], [[-1.0], [], [-1.0]]])
    still = Says([[[0.0], [0.0], [0.0]], [[0.0], [], [0.0]]])
    found = losses(told, still, rewards=[[2.0, 0.0, -0.5], [0.0, float("nan"), 0.0]], beta=1.0)
    assert found.tolist() == pytest.approx([((1 - s(-1)) + (1 - s(3))) / 2, 0.0])


def test_pairs_are_replies_of_rewards_1_and_minus_1() -> None:
    pairs = LESSONS[0].given
    as_replies = replies([(f"{letter}", [one, two], [1.0, -1.0]) for letter, one, two in
                          zip("abcd", pairs["chosen"], pairs["rejected"], strict=True)])  # fmt: skip
    torch.testing.assert_close(moved_losses(LESSONS), moved_losses(as_replies))


def moved(student: Writer) -> torch.nn.Module:
    """Its module, less sure of everything, so that unlikely replies have become likelier."""
    module = student.module
    with torch.no_grad():
        module.head.weight *= 0.2
    return module


def moved_losses(lessons: object, rows: object = (0, 1, 2, 3), beta: float = 1.0) -> torch.Tensor:
    """Of a student whose head has moved since the start."""
    student, part = writer(stream(0, "student")), Kto(beta=beta)
    prepared = part.prepare(lessons, view(student=student))
    at = np.asarray(rows)
    mine = {name: array if name.startswith("all_") else array[at] for name, array in prepared.items()}
    batch = student.encode(lessons).batch(at)._replace(prepared=as_tensors(mine))
    return part.losses(moved(student), batch, stream(0, "learn"))


@pytest.mark.parametrize("lessons", [LESSONS, replies([("a", ["b", None], [1.0, np.nan]), ("b", ["c", "d"], [-1, 1])])])
def test_at_the_start_every_loss_is_one_half(lessons: object) -> None:
    student, part = writer(stream(0, "student"), dropout=0.5), Kto()
    prepared = as_tensors(part.prepare(lessons, view(student=student)))
    batch = student.encode(lessons).batch(np.arange(len(prepared["row"])))._replace(prepared=prepared)
    found = part.losses(student.module.eval(), batch, stream(0, "learn"))
    assert found.tolist() == pytest.approx([0.5] * len(found), abs=1e-6)


def test_z0_is_read_off_the_replies_of_another_prompt() -> None:
    """Half a block further on: of lessons 0 and 1, the replies of lessons 2 and 3 to prompts 0 and 1."""
    student = writer(stream(0, "student"))
    crossed = preferences([("a", "", "a b"), ("b", "ee", "f")])
    module = moved(student)
    own = [reference(lessons, view(student=one)).totals for lessons in (LESSONS, crossed)
           for one in (student, student.with_module(module))]  # fmt: skip
    z0 = max(0.0, float((own[3] - own[2]).mean()))
    v = (own[1] - own[0])[:2]
    wanted = ((1 - s(v[:, 0] - z0)) + (1 - s(z0 - v[:, 1]))) / 2
    assert z0 > 0 and moved_losses(LESSONS, (0, 1)).tolist() == pytest.approx(wanted.tolist(), rel=1e-4)


def test_the_gradient_leaves_z0_alone() -> None:
    """d/dv of (1 - s(z)) / 2 is -s(z) (1 - s(z)) / 2 with z = v - z0; the others get no gradient."""
    told, others = Says([[[-1.0], [-1.0]]]), Says([[[0.5], [0.5]]])
    losses(told, others, -2.0, beta=1.0).sum().backward()
    slope = s(1 - 2.5) * (1 - s(1 - 2.5)) / 2
    assert told.said.logprobs.grad.flatten().tolist() == pytest.approx([-slope, slope])
    assert others.said.logprobs.grad is None


def test_it_teaches_what_is_good() -> None:
    student = writer(stream(0, "student"))
    how = Gradient(objective=Kto(beta=0.5), lr=0.05, passes=20, batch=2)
    learned = how.learn((Stage(LESSONS),), None, view(student=student), stream(0, "learn"))
    before, after = (reference(LESSONS, view(student=one)).totals for one in (student, learned.student))
    assert ((after - before) @ [1, -1] > 0.5).all() and learned.facts["loss"] < 0.5


@pytest.mark.parametrize("settings", [{"beta": 0}, {"desirable": -1}, {"undesirable": -1}])
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Kto(**settings)
