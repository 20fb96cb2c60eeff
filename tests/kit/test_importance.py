"""Lessons that go through together give what they give one at a time, of every form and for kinds in a row."""

from typing import Any

import numpy as np
import pytest
import torch

from tutelage.core.data import Block, Lessons, Rows, Soft, Table, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit import importance
from tutelage.kit.importance import fisher, sensitivity
from tutelage.learn.gradient import Gradient
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import view

RNG = np.random.default_rng(0)
POOL = Table.of("points", {"vector": RNG.normal(size=(90, 5)).astype(np.float32)}, ("a", "b", "c")).pool()
CODES = RNG.integers(0, 3, 90)
SOFT = RNG.dirichlet(np.ones(3), 15).astype(np.float32)


def lessons() -> Lessons:
    """75 of one class each, of weights 1 to 3, and 15 of several."""
    sure = labelled(Rows(POOL, np.arange(75)), CODES[:75], "oracle")
    sure = sure._replace(weight=np.resize([1.0, 2.0, 3.0], 75))
    weak = Block(Rows(POOL, np.arange(75, 90)), None, Soft, {"probs": SOFT}, "weak", np.zeros(15), np.ones(15))
    return sure, weak


def taught(*hidden: int) -> Any:
    student = Mlp(hidden=hidden).begin(POOL, stream(0, "student"))
    stages = (Stage(lessons()),)
    return Gradient(lr=0.02, passes=2).learn(stages, None, view(student=student), stream(0, "learn")).student


def found(what: str, student: Any) -> dict[str, Any]:
    luck = stream(3, "retain")
    if what == "outputs":
        return sensitivity(student, lessons(), 80, luck)
    return fisher(student, lessons(), what, 80, luck)  # type: ignore[arg-type]


@pytest.mark.parametrize("what", ["exact", "sampled", "empirical", "outputs"])
@pytest.mark.parametrize("hidden", [(), (7, 4)])
def test_together_is_one_at_a_time(what: str, hidden: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    student = taught(*hidden)
    together = found(what, student)
    monkeypatch.setattr(importance, "_linear", lambda module: False)
    monkeypatch.setattr(importance, "watched", None)  # one at a time, no layer is asked
    for name, array in found(what, student).items():
        np.testing.assert_allclose(together[name], array, rtol=2e-5, atol=1e-9, err_msg=name)


def test_a_weight_that_is_used_twice_for_a_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its gradient is a sum of two products, whose square is not that of its parts."""
    student = taught(5)

    class Twice(type(student.module)):  # type: ignore[misc]
        def vectors(self, batch: Any, side: str = "") -> Any:
            (layer,) = self.body
            return layer(torch.relu(layer(batch.inputs)))

    module = student.module
    module.__class__ = Twice
    monkeypatch.setattr(type(student), "module", property(lambda self: module))
    batch = student.encode(lessons()).batch(np.array([4]))
    (slope,) = torch.autograd.grad((module.scores(batch) ** 2).sum(), [module.body[0].weight])
    fourth = (labelled(Rows(POOL, np.array([4])), CODES[[4]], "oracle"),)
    one = sensitivity(student, fourth, None, stream(0, "retain"))
    np.testing.assert_allclose(one["body.0.weight"], slope.abs().numpy(), rtol=1e-5)


def test_a_weight_that_is_used_outside_its_layer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    student = taught()

    class Past(type(student.module)):  # type: ignore[misc]
        def scores(self, batch: Any) -> Any:
            return super().scores(batch) + batch.inputs @ self.head.weight.T

    module = student.module
    module.__class__ = Past
    monkeypatch.setattr(type(student), "module", property(lambda self: module))
    with pytest.raises(ContractBroken, match=r"head\.weight"):
        sensitivity(student, lessons(), None, stream(0, "retain"))
