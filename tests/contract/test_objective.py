"""Every objective keeps its room's promises: one finite loss a lesson, in any order, with the gradient it claims."""

import subprocess

import numpy as np
import pytest
import torch
import yaml

from tutelage.core.data import Block, Label, Rows, Soft, Supervision, Text
from tutelage.core.descent import Batch, Said
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import vector_pool, view

ROOM = "objective"
NAMES = [name for name in names(ROOM) if "." not in name]  # a dot: from another package
POOL = vector_pool(np.random.default_rng(0).normal(size=(6, 3)), ("a", "b", "c"))
STUDENT = Mlp(hidden=(4,)).begin(POOL, stream(0, "student"))
GIVEN = {
    Label: {"label": np.array([0, 2, 1, 1, 2, 0])},
    Soft: {"probs": np.random.default_rng(1).dirichlet(np.ones(3), 6).astype(np.float32)},
    Text: {"text": np.array(["x", "xyz", "xy", "xyz", "xy", "x"], dtype=object)},
}  # a kind that is not here fails the test of a new objective that accepts nothing else: add what it needs


def test_every_file_was_found() -> None:
    listed = subprocess.run(["ls", str(PACKAGE / ROOM)], capture_output=True, text=True, check=True).stdout.split()
    assert len(NAMES) == len([file for file in listed if file.endswith(".py") and not file.startswith("_")]) > 0


def block(kind: type[Supervision]) -> Block:
    rows = Rows(POOL, np.arange(6))
    return Block(rows, None, kind, GIVEN[kind], "test", np.zeros(6), np.array([1.0, 2, 1, 0.5, 1, 3]))


def module() -> torch.nn.Module:
    """In double precision, with a head that is not 0, so that finite differences mean something."""
    made = STUDENT.module.double()
    with torch.no_grad():
        made.head.weight += torch.from_numpy(np.random.default_rng(2).normal(size=made.head.weight.shape))
    made.token_logprobs = lambda batch: said(made, batch)
    return made


def said(made: torch.nn.Module, batch: Batch) -> Said:
    """A character is a token; the k-th has the probability of class k."""
    mask = torch.tensor([[place < len(text) for place in range(3)] for text in batch.given["text"]])[:, None]
    return Said(torch.log_softmax(made.scores(batch), dim=1)[:, None] * mask, mask)


def batch(part: object, kind: type[Supervision], rows: np.ndarray) -> Batch:
    lessons = (block(kind),)
    now = view(pool=POOL, student=STUDENT)
    prepared = {
        name: torch.from_numpy(array if name.startswith("all_") else array[rows])
        for name, array in part.prepare(lessons, now).items()
    }
    made = STUDENT.encode(lessons).batch(rows)
    return made._replace(inputs=made.inputs.double(), prepared=prepared, progress=0.5)


def accepted(part: object) -> list[type[Supervision]]:
    kinds = [kind for kind in GIVEN if kind in part.accepts]
    assert kinds, f"no lessons here for any of {part.accepts}"
    return kinds


ALL = np.arange(6)


@pytest.mark.parametrize("name", NAMES)
class TestEveryObjective:
    def test_is_built_from_defaults_and_survives_yaml(self, name: str) -> None:
        part = build(ROOM, name)
        assert build(ROOM, yaml.safe_load(yaml.safe_dump(settings(part)))) == part
        assert part.accepts and all(issubclass(kind, Supervision) for kind in part.accepts)
        assert isinstance(part.needs, frozenset) and isinstance(part.couples, bool)

    def test_one_finite_loss_each(self, name: str) -> None:
        part = build(ROOM, name)
        for kind in accepted(part):
            losses = part.losses(module(), batch(part, kind, ALL), stream(0, "learn"))
            assert losses.shape == (6,) and torch.isfinite(losses).all()

    def test_the_order_of_the_batch_is_irrelevant(self, name: str) -> None:
        part, order = build(ROOM, name), np.array([3, 0, 5, 1, 4, 2])
        for kind in accepted(part):
            one = part.losses(module(), batch(part, kind, ALL), stream(0, "learn"))
            two = part.losses(module(), batch(part, kind, order), stream(0, "learn"))
            torch.testing.assert_close(one[order], two)

    def test_losses_that_do_not_couple_are_those_of_each_lesson_alone(self, name: str) -> None:
        part = build(ROOM, name)
        if part.couples:
            return
        for kind in accepted(part):
            whole = part.losses(module(), batch(part, kind, ALL), stream(0, "learn"))
            alone = [part.losses(module(), batch(part, kind, ALL[i : i + 1]), stream(0, "learn")) for i in ALL]
            torch.testing.assert_close(whole, torch.cat(alone))

    def test_the_gradient_agrees_with_finite_differences(self, name: str) -> None:
        part = build(ROOM, name)
        for kind in accepted(part):
            made, met = module(), batch(part, kind, ALL)
            start = made.head.weight.detach().clone().requires_grad_()
            del made.head.weight  # a plain tensor takes the parameter's place, so that it can be varied
            assert torch.autograd.gradcheck(lambda head, made=made, met=met: _at(part, made, met, head), (start,))


def _at(part: object, made: torch.nn.Module, met: Batch, head: torch.Tensor) -> torch.Tensor:
    made.head.weight = head
    return part.losses(made, met, stream(0, "learn"))
