"""sum: one part alone is that part, weights by hand and along the way, what is asked and accepted, and misfits."""

import numpy as np
import pytest
import torch

from tutelage.core.data import Label, Preference, Soft
from tutelage.core.descent import Batch, Scores, TokenLogprobs
from tutelage.core.errors import Refused
from tutelage.core.method import settings
from tutelage.core.parts import build
from tutelage.core.stages import Stage
from tutelage.kit.descent import as_tensors
from tutelage.kit.reference import reference
from tutelage.learn.gradient import Gradient
from tutelage.objective.by_kind import ByKind
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.objective.dpo import Dpo
from tutelage.objective.kto import Kto
from tutelage.objective.simpo import Simpo
from tutelage.objective.soft_targets import SoftTargets
from tutelage.objective.sum import Sum
from tutelage.toy_writer import preferences, writer
from tutelage.toys import stream, view

PAIRS = preferences([("a", "bc", "d"), ("b", "c", "efgh"), ("c", "", "a b")])


class Two:
    def scores(self, batch: Batch) -> torch.Tensor:
        return torch.tensor([[0.0, 0.0]])


def losses(part: object, progress: float = 0.0) -> torch.Tensor:
    student = writer(stream(0, "student"))
    prepared = as_tensors(part.prepare(PAIRS, view(student=student)))
    batch = student.encode(PAIRS).batch(np.arange(3))._replace(prepared=prepared, progress=progress)
    module = student.module
    with torch.no_grad():
        module.head.weight *= 0.2
    return part.losses(module, batch, stream(0, "learn"))


@pytest.mark.parametrize("one", [Dpo(), Kto(), Simpo()])
def test_one_part_of_weight_1_is_that_part(one: object) -> None:
    """The neutral limit, exactly."""
    part = Sum(of=(one,))
    assert (losses(part) == losses(one)).all()
    assert (part.accepts, part.needs, part.couples) == (one.accepts, one.needs, one.couples)


def test_by_hand() -> None:
    """A score of 0 for both: cross-entropy log 2; of 3 log 2 / 4 (softened 2 : 1), 0.2265. 2 log 2 + 0.5 * 0.2265."""
    batch = Batch(Soft, None, {"probs": torch.tensor([[0.8, 0.2]])}, torch.ones(1))
    part = Sum(of=(CrossEntropy(), SoftTargets(temperature=2)), weights=(2.0, 0.5))
    assert part.losses(Two(), batch, stream(0, "learn")).item() == pytest.approx(2 * np.log(2) + 0.5 * 0.2265, abs=1e-4)


@pytest.mark.parametrize(("progress", "share"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0)])
def test_a_weight_moves_along_the_way(progress: float, share: float) -> None:
    """From dpo to simpo: weights 1 - progress and progress."""
    part = Sum(of=(Dpo(), Simpo()), weights=((1.0, 0.0), (0.0, 1.0)))
    wanted = (1 - share) * losses(Dpo()) + share * losses(Simpo())
    torch.testing.assert_close(losses(part, progress), wanted)


def test_each_finds_what_it_prepared() -> None:
    """Two that prepare arrays of the same name, and one that hands something over whole."""
    parts = (Dpo(beta=1.0), Kto(beta=2.0), Dpo(beta=3.0))
    torch.testing.assert_close(losses(Sum(of=parts)), sum(losses(one) for one in parts))


def test_inside_by_kind_and_around_it() -> None:
    inner = Sum(of=(Dpo(), Simpo()))
    torch.testing.assert_close(losses(ByKind(preference=inner)), losses(inner))
    outer = Sum(of=(ByKind(preference=Dpo()), Simpo()))
    torch.testing.assert_close(losses(outer), losses(inner))
    assert outer.accepts == {Preference} and outer.needs == {TokenLogprobs}
    assert Sum(of=(ByKind(), CrossEntropy())).faces == {Label: {Scores}, Soft: {Scores}}


def test_it_is_learned_from_in_a_descent() -> None:
    part = build("objective", {"use": "sum", "of": [{"use": "dpo"}, {"use": "orpo"}], "weights": [1, [0, 0.5]]})
    assert build("objective", settings(part)) == part
    student = writer(stream(0, "student"))
    learned = Gradient(objective=part, lr=0.05).learn((Stage(PAIRS),), None, view(student=student), stream(0, "learn"))
    before, after = (reference(PAIRS, view(student=one)).totals for one in (student, learned.student))
    assert ((after - before) @ [1, -1] > 0.5).all()


def test_misfits_are_told() -> None:
    with pytest.raises(Refused, match="2 objectives and 1 weights"):
        build("objective", {"use": "sum", "of": [{"use": "dpo"}, {"use": "ipo"}], "weights": [1]})
    with pytest.raises(Refused, match="no kind of lesson that dpo and soft_targets all accept"):
        build("objective", {"use": "sum", "of": [{"use": "dpo"}, {"use": "soft_targets"}]})
    with pytest.raises(Refused):
        build("objective", {"use": "sum", "of": []})
    with pytest.raises(Refused):
        build("objective", {"use": "sum", "of": [{"use": "dpo"}], "weights": [-1]})
