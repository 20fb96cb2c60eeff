"""dark_replay: both terms by hand, scores kept as they were, its special cases, heads that have grown."""

import numpy as np
import pytest
import torch

from tutelage.core.data import Lessons, Rows, labelled
from tutelage.core.rng import stream
from tutelage.core.stages import Stage, View
from tutelage.learn.gradient import Gradient
from tutelage.retain.dark_replay import DarkReplay
from tutelage.retain.nothing import Nothing
from tutelage.retain.replay import Replay
from tutelage.student.vector.mlp import Mlp, MlpStudent
from tutelage.toys import CODES, POOL, view

FIRST = Mlp(hidden=(), standardise=False).begin(POOL, stream(0, "student"))


def lessons(*rows: int, weight: float = 1.0) -> Lessons:
    return (labelled(Rows(POOL, np.array(rows)), CODES[list(rows)], "oracle", weight=weight),)


def lived(part: object, episodes: list[tuple[Lessons, MlpStudent]]) -> View:
    """A view after these episodes, each with the student as learned in it."""
    memory, held, now = {}, (), view()
    for number, (new, student) in enumerate(episodes):
        held = (*held, *new)
        now = view(student=student, lessons=held)._replace(memory=memory, round=number)
        memory = part.settle(student, new, now, stream(0, "retain", number)).memory or memory
    return now._replace(memory=memory)


def shifted(*bias: float, student: MlpStudent = FIRST) -> MlpStudent:
    module = student.module
    module.head.bias.data = torch.tensor(bias)
    return student.with_module(module)


def test_by_hand() -> None:
    """Then z = (0, 0), now (log 3, 0), so p = (3/4, 1/4) and the square is (log 3)^2 / 2 a class.

    Lessons a (left) and f (right) say -log(3/4) and -log(1/4), (log 4 - log 3 / 2) in the mean.
    """
    now, module = lived(DarkReplay(), [(lessons(0, 5), FIRST)]), shifted(float(np.log(3)), 0.0).module
    for logits, labels in ((1.0, 0.0), (0.0, 1.0), (0.5, 2.0)):
        value = DarkReplay(logits=logits, labels=labels).penalty(now)(module).item()
        said = np.log(4) - np.log(3) / 2
        assert value == pytest.approx(logits * np.log(3) ** 2 / 2 + labels * said, rel=1e-5)


def test_weights_count() -> None:
    """A lesson of weight 3 beside one of weight 1: (3 log 4 + log(4/3)) / 4."""
    now = lived(DarkReplay(), [((*lessons(0), *lessons(5, weight=3.0)), FIRST)])
    value = DarkReplay(logits=0, labels=1).penalty(now)(shifted(float(np.log(3)), 0.0).module).item()
    assert value == pytest.approx((3 * np.log(4) + np.log(4 / 3)) / 4, rel=1e-5)


def test_scores_stay_those_of_their_episode() -> None:
    one, two = shifted(1.0, -1.0), shifted(2.0, 5.0)
    memory = lived(DarkReplay(keep=3), [(lessons(0, 1, 2), one), (lessons(3, 4, 5), two)]).memory
    assert len(memory["numbers"]) == 3
    for number, scores in zip(memory["numbers"], memory["scores"], strict=True):
        assert scores.tolist() == ([1, -1] if number < 3 else [2, 5])
    assert len({int(number) < 3 for number in memory["numbers"]}) == 2, "lessons of both episodes are there"


def test_the_lessons_kept_are_those_of_replay() -> None:
    episodes = [(lessons(0, 1, 2), FIRST), (lessons(3, 4, 5), FIRST)]
    ours = lived(DarkReplay(keep=3, by="class"), episodes).memory
    assert len(ours["numbers"]) == 3 and set(CODES[ours["numbers"]]) == {0, 1}
    theirs = lived(Replay(keep=6), episodes).memory["numbers"]
    assert lived(DarkReplay(keep=6), episodes).memory["numbers"].tolist() == theirs.tolist()


def test_neutral_limits() -> None:
    for part in (DarkReplay(keep=0), DarkReplay(logits=0, labels=0)):
        now = lived(part, [(lessons(0, 5), FIRST)])
        assert now.memory == {} and part.penalty(now) is None
        assert part.settle(FIRST, now.lessons, now, stream(0, "r")) == Nothing().settle(FIRST, (), now, stream(0, "r"))


def test_a_head_that_has_grown_is_compared_in_the_classes_of_then() -> None:
    grown = shifted(0.0, 0.0, 9.0, student=FIRST.with_labels(("left", "right", "up")))
    now = lived(DarkReplay(), [(lessons(0), FIRST), (lessons(5), grown)])
    assert now.memory["widths"].tolist() == [2, 3] and now.memory["scores"].tolist() == [[0, 0, 0], [0, 0, 9]]
    pull = DarkReplay(labels=0, logits=1).penalty(now)
    assert pull(grown.module).item() == 0
    assert pull(shifted(0.0, 0.0, 3.0, student=grown).module).item() == pytest.approx((0 + 36 / 3) / 2)


def test_old_answers_are_kept_better_than_without() -> None:
    how = Gradient(lr=0.1, passes=20)
    knows = how.learn((Stage(lessons(0, 5)),), None, view(student=FIRST), stream(0, "learn")).student
    wrong = (labelled(Rows(POOL, np.array([4])), [0], "liar"),)
    now = lived(DarkReplay(), [(lessons(0, 5), knows)])._replace(round=1)
    held, free = (how.learn((Stage(wrong),), pull, now, stream(1, "learn")).student
                  for pull in (DarkReplay(logits=5, labels=5).penalty(now), None))  # fmt: skip
    rows = np.array([0, 5])
    right = [one.probs(POOL)[rows, CODES[rows]].mean() for one in (held, free)]
    assert right[0] > right[1] + 0.02


def test_same_luck_same_batches() -> None:
    part = DarkReplay(batch=1)
    now = lived(part, [(lessons(0, 2, 5), shifted(1.0, 0.0))])
    one, two = (part.penalty(now) for _ in range(2))
    module = shifted(3.0, 0.0).module
    told = [(one(module).item(), two(module).item()) for _ in range(6)]
    assert all(a == b for a, b in told) and len({a for a, _ in told}) > 1
    assert sorted(a for a, _ in told[:3]) == sorted(a for a, _ in told[3:]), "each once before any comes twice"
