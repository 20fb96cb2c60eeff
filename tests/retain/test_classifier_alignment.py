"""classifier_alignment: decayed means by hand, LDA as its limit, the plain head goes on, one length for all scales."""

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from tutelage.core.data import Lessons, Rows, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.stages import Settled, Stage
from tutelage.learn.gradient import Gradient
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.retain.classifier_alignment import ClassifierAlignment, _normalised
from tutelage.retain.nothing import Nothing
from tutelage.student.vector.mlp import Mlp, MlpStudent
from tutelage.toys import vector_pool, view

RNG = stream(0, "test")
MIDDLES = np.array([[0.0, 0], [2, 0], [0, 2], [2, 2]])
CODES = np.repeat(np.arange(4), 100)
POOL = vector_pool(MIDDLES[CODES] + RNG.normal(size=(400, 2)) * [0.3, 0.8], labels=("a", "b", "c", "d"))
FIRST = Mlp(hidden=(), standardise=False).begin(POOL, stream(0, "student"))


def of(*classes: int) -> Lessons:
    rows = np.flatnonzero(np.isin(CODES, classes))
    return (labelled(Rows(POOL, rows), CODES[rows], "oracle"),)


def lived(part: object, *episodes: Lessons) -> tuple[MlpStudent, Settled]:
    """The student as learned in the last episode, and how it was settled."""
    student, memory = FIRST, {}
    how = Gradient(lr=0.05, passes=3, objective=CrossEntropy(over="lesson_labels"))
    for number, new in enumerate(episodes):
        now = view(student=student)._replace(memory=memory, round=number)
        student = how.learn((Stage(new),), None, now, stream(number, "learn")).student
        settled = part.settle(now.student, new, now._replace(student=student), stream(number, "retain"))
        memory = settled.memory or memory
    return student, settled


def test_by_hand() -> None:
    """Classes 0 and 1 come in episode 0, 2 in episode 1, 3 in episode 2: s = 0.9 + 0.1 (t_c + 1) / 3.

    Drawn with a covariance that is nearly 0 every vector is s_c mu_c, so the means are seen as they were scaled.
    """
    part = ClassifierAlignment(per_class=2)
    settled = lived(part, of(0, 1), of(2), of(3))[1]
    memory = settled.memory
    assert memory["classes"].tolist() == [0, 1, 2, 3] and memory["task"].tolist() == [0, 0, 1, 2]
    drawn, codes = part._drawn(memory, np.zeros((4, 2, 2)), stream(0, "test"))
    scale = np.array([0.9 + 0.1 / 3, 0.9 + 0.1 / 3, 0.9 + 0.2 / 3, 1.0])
    np.testing.assert_allclose(drawn.numpy(), (scale[:, None] * memory["means"])[codes.numpy()], rtol=1e-6)
    assert np.bincount(codes.numpy()).tolist() == [2, 2, 2, 2]


def test_the_plain_head_goes_on_and_the_aligned_one_is_shown() -> None:
    student, settled = lived(ClassifierAlignment(), of(0, 1), of(2, 3))
    assert settled.student is student and settled.shown is not None
    assert settled.shown.fingerprint != student.fingerprint
    plain = lived(Nothing(), of(0, 1), of(2, 3))[0]
    assert plain.fingerprint == student.fingerprint, "after any number of episodes the plain student is that of nothing"
    right = [
        float((one.answer(POOL, stream(0, "a")).given["label"] == CODES).mean()) for one in (student, settled.shown)
    ]
    assert right[1] > right[0] + 0.1 and right[1] > 0.8


@pytest.mark.parametrize(("part", "episodes"), [
    (ClassifierAlignment(epochs=0), (of(0, 1), of(2, 3))), (ClassifierAlignment(), (of(0, 1, 2, 3),)),
])  # fmt: skip
def test_neutral_limit_nothing(part: ClassifierAlignment, episodes: tuple[Lessons, ...]) -> None:
    student, settled = lived(part, *episodes)
    plain = lived(Nothing(), *episodes)
    assert settled.shown is None and settled.student.fingerprint == student.fingerprint == plain[0].fingerprint


@pytest.mark.parametrize("kept", ["full", "shared"])
def test_gaussians_of_one_covariance_end_at_the_boundary_of_lda(kept: str) -> None:
    """Two classes, means as they are, plain cross entropy, no decay: the direction is Sigma^-1 (mu_1 - mu_0)."""
    part = ClassifierAlignment(
        epochs=60, lr=0.2, per_class=2000, weight_decay=0, mean_decay=0, tau=None, covariance=kept
    )
    codes = np.repeat([0, 1], 300)
    x = stream(1, "test").multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 600) + codes[:, None] * [1.5, 0.0]
    pool = vector_pool(x, labels=("a", "b", "c"))
    student = Mlp(hidden=(), standardise=False).begin(pool, stream(0, "student"))
    pieces = [(labelled(Rows(pool, np.flatnonzero(codes == c)), codes[codes == c], "oracle"),) for c in (0, 1)]
    memory = part.settle(student, pieces[0], view(student=student), stream(0, "retain")).memory
    shown = part.settle(student, pieces[1], view(student=student)._replace(memory=memory), stream(1, "retain")).shown
    head = shown.module.head.weight.detach().numpy()
    ours, theirs = head[1] - head[0], LinearDiscriminantAnalysis().fit(pool.vectors(), codes).coef_[0]
    angle = np.degrees(np.arccos(ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)))
    assert angle < 3
    assert (head[2] == 0).all(), "a class never seen is left alone"


def test_no_scale_of_the_logits_changes_the_normalised_loss() -> None:
    """By hand: l = (3, 4 | 5, 12), two tasks of two, lengths 5 and 13, mean 9; tau 1/9 gives l back."""
    logits, tasks = torch.tensor([[3.0, 4, 5, 12]]), [torch.tensor([0, 1]), torch.tensor([2, 3])]
    torch.testing.assert_close(_normalised(logits, tasks, 1 / 9), logits)
    torch.testing.assert_close(_normalised(7 * logits, tasks, 0.1), _normalised(logits, tasks, 0.1))
    assert _normalised(logits, tasks, None) is logits


def test_only_new_lessons_count_and_the_rest_of_the_head_stays() -> None:
    """A class that comes again adds to its numbers, and keeps the episode in which it first came."""
    memory = lived(ClassifierAlignment(), of(0, 1), of(1, 2))[1].memory
    assert memory["counts"].tolist() == [100, 200, 100] and memory["task"].tolist() == [0, 0, 1]
    shown, student = (lived(ClassifierAlignment(), of(0), of(1))[1].shown, lived(Nothing(), of(0), of(1))[0])
    assert torch.equal(shown.module.head.weight[2:], student.module.head.weight[2:])


def test_a_head_that_is_no_line_is_told() -> None:
    student, settled = lived(ClassifierAlignment(), of(0), of(1))
    module = student.module
    module.head = torch.nn.Sequential(module.head)
    with pytest.raises(ContractBroken, match="no linear head"):
        ClassifierAlignment()._aligned(module, settled.memory, stream(0, "test"))


@pytest.mark.parametrize("settings", [{"tau": 0}, {"ridge": 0}, {"covariance": "low rank"}, {"mean_decay": 1}])
def test_settings_without_sense_are_refused(settings: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        ClassifierAlignment(**settings)
