"""by_kind: one kind alone is its objective, each prepares from its own lessons, and misfits are told."""

import numpy as np
import pytest
import torch

from tutelage.core.data import Label, Preference, Replies, Rows, Soft, labelled
from tutelage.core.descent import Batch, Scores, TokenLogprobs
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.stages import Stage
from tutelage.kit.blocks import some
from tutelage.kit.descent import as_tensors
from tutelage.kit.reference import reference
from tutelage.learn.gradient import Gradient
from tutelage.objective.by_kind import ByKind
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.objective.dpo import Dpo
from tutelage.objective.kto import Kto
from tutelage.objective.multi_target import MultiTarget
from tutelage.toy_writer import preferences, replies, writer
from tutelage.toys import POOL, stream, view

PAIRS = preferences([("a", "bc", "d"), ("b", "c", "efgh"), ("c", "", "a b")])
MANY = replies([("d", ["ab", "c", "e"], [1, -1, 1]), ("e", ["f", "g", None], [-1, 1, np.nan])])
MIXED = (some(PAIRS[0], np.array([0, 1])), *MANY, some(PAIRS[0], np.array([2])))


def losses(part: object, lessons: object, rows: object) -> torch.Tensor:
    student, at = writer(stream(0, "student")), np.asarray(rows)
    prepared = part.prepare(lessons, view(student=student))
    mine = {name: array if name.startswith("all_") else array[at] for name, array in prepared.items()}
    module = student.module
    with torch.no_grad():
        module.head.weight *= 0.2
    batch = student.encode(lessons).batch(at)._replace(prepared=as_tensors(mine))
    return part.losses(module, batch, stream(0, "learn"))


@pytest.mark.parametrize("one", [Dpo(beta=2.0), Kto(beta=2.0)])
def test_with_one_kind_it_is_that_kinds_objective(one: object) -> None:
    """The neutral limit, exactly."""
    part = ByKind(preference=one)
    assert (losses(part, PAIRS, [0, 1, 2]) == losses(one, PAIRS, [0, 1, 2])).all() and part.couples == one.couples


def test_each_finds_what_it_prepared_among_lessons_of_other_kinds() -> None:
    """Pairs are lessons 0, 1 and 4 of the mixture; theirs are the losses that they have alone."""
    for one in (Dpo(beta=2.0), Kto(beta=2.0)):
        part = ByKind(preference=one, replies=MultiTarget())
        torch.testing.assert_close(losses(part, MIXED, [0, 1, 4]), losses(one, (MIXED[0], MIXED[2]), [0, 1, 2]))
        torch.testing.assert_close(losses(part, MIXED, [2, 3]), losses(MultiTarget(), MANY, [0, 1]))


def test_it_learns_a_mixture() -> None:
    student = writer(stream(0, "student"))
    how = Gradient(objective=ByKind(preference=Dpo(beta=0.5), replies=Kto(beta=0.5)), lr=0.05, passes=20, batch=2)
    learned = how.learn((Stage(MIXED),), None, view(student=student), stream(0, "learn")).student
    before, after = (reference(MIXED, view(student=one)).totals for one in (student, learned))
    gain = after - before
    assert (gain[[0, 1, 4], 0] > gain[[0, 1, 4], 1]).all() and gain[2, 0] > gain[2, 1] and gain[3, 1] > gain[3, 0]


def test_what_is_asked_is_asked_kind_by_kind() -> None:
    part = ByKind(preference=Dpo())
    assert part.accepts == {Label, Soft, Preference} and part.needs == frozenset()
    how = Gradient(objective=part)
    assert how.needs_of(Label) == {Scores} and how.needs_of(Preference) == {TokenLogprobs}
    assert how.needs_of(Replies) == frozenset()


def test_labels_go_where_their_setting_says() -> None:
    lessons = (labelled(Rows(POOL, np.arange(2)), np.array([0, 1]), "oracle"),)
    part = ByKind(label=CrossEntropy(over="lesson_labels"))
    assert part.prepare(lessons, view())["all_Label.labels"].tolist() == [0, 1]

    class Two:
        def scores(self, batch: Batch) -> torch.Tensor:
            return torch.tensor([[0.0, 0.0], [2.0, 0.0]])

    batch = Batch(Label, None, {"label": torch.tensor([0, 0])}, torch.ones(2))
    found = ByKind(label=CrossEntropy(temperature=2)).losses(Two(), batch, stream(0, "learn"))
    assert found.tolist() == pytest.approx([np.log(2), np.log(1 + np.exp(-1))])


def test_an_objective_that_does_not_accept_its_kind_is_refused() -> None:
    with pytest.raises(Refused, match="dpo accepts Preference, not Text"):
        build("objective", {"use": "by_kind", "text": {"use": "dpo"}})
    with pytest.raises(Refused, match="no objective method is called 'dqo'"):
        build("objective", {"use": "by_kind", "preference": {"use": "dqo"}})
