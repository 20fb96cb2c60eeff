"""Every objective keeps its room's promises: one finite loss a lesson, in any order, with the gradient it claims."""

import subprocess

import numpy as np
import pytest
import torch
import yaml

from tutelage.core.data import Block, Itself, Label, Preference, Replies, Rows, Soft, Supervision, Text
from tutelage.core.descent import Batch
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.kit.descent import as_tensors
from tutelage.student.vector.mlp import Mlp
from tutelage.toy_writer import preferences, replies, texts, writer
from tutelage.toys import vector_pool, view

ROOM = "objective"
NAMES = [name for name in names(ROOM) if "." not in name]  # a dot: from another package
POOL = vector_pool(np.random.default_rng(0).normal(size=(6, 3)), ("a", "b", "c"))
STUDENT = Mlp(hidden=(4,)).begin(POOL, stream(0, "student"))
WRITER = writer(stream(0, "student"))
GIVEN = {
    Label: {"label": np.array([0, 2, 1, 1, 2, 0])},
    Soft: {"probs": np.random.default_rng(1).dirichlet(np.ones(3), 6).astype(np.float32)},
}
PROMPTS, SAID = ["ab", "c", "", "hgf", "d e", "a"], ["a", "bcd", "hh", "", "cab", "fed"]
MANY = [["a", "bb", "c"], ["bc", None, "d"], ["e", "e", "ef"], ["", "a", None], ["abc", "cba", "b"], ["h", "g", "a"]]
REWARDS = [[1, 0, -1], [1, np.nan, -1], [1, 1, 1], [0.5, -2, np.nan], [-1, -1, 0.25], [0, 0, 0]]
WRITTEN = {
    Text: texts([*zip(PROMPTS, SAID, strict=True)]),
    Preference: preferences([*zip(PROMPTS, SAID, SAID[1:] + SAID[:1], strict=True)]),
    Replies: replies([*zip(PROMPTS, MANY, REWARDS, strict=True)], ends=np.arange(18).reshape(6, 3) % 5 > 0),
}
WRITTEN[Itself] = (WRITTEN[Text][0]._replace(kind=Itself, given={}),)
KINDS = [*GIVEN, *WRITTEN]  # a kind that is not here fails the test of a new objective that accepts nothing else
WEIGHT = np.array([1.0, 2, 1, 0.5, 1, 3])
HELD = {"kto"}  # a part of the loss has no gradient by definition: tests/objective checks the rest of it


def test_every_file_was_found() -> None:
    listed = subprocess.run(["ls", str(PACKAGE / ROOM)], capture_output=True, text=True, check=True).stdout.split()
    assert len(NAMES) == len([file for file in listed if file.endswith(".py") and not file.startswith("_")]) > 0
    assert set(NAMES) >= HELD


def lessons_of(kind: type[Supervision]) -> tuple[Block, ...]:
    if kind in WRITTEN:
        return (WRITTEN[kind][0]._replace(weight=WEIGHT),)
    return (Block(Rows(POOL, np.arange(6)), None, kind, GIVEN[kind], "test", np.zeros(6), WEIGHT),)


def student_of(kind: type[Supervision]) -> object:
    return WRITER if kind in WRITTEN else STUDENT


def module(kind: type[Supervision]) -> torch.nn.Module:
    """In double precision, with a head that is not where it began, so that finite differences mean something."""
    made = student_of(kind).module.double()
    with torch.no_grad():
        made.head.weight += torch.from_numpy(np.random.default_rng(2).normal(size=made.head.weight.shape))
    return made


def batch(part: object, kind: type[Supervision], rows: np.ndarray) -> Batch:
    lessons, student = lessons_of(kind), student_of(kind)
    now = view(pool=lessons[0].about.pool, student=student)
    prepared = part.prepare(lessons, now)
    whole = {name for name in prepared if name.startswith("all_")}
    tensors = as_tensors({name: array if name in whole else array[rows] for name, array in prepared.items()})
    made = student.encode(lessons).batch(rows)
    inputs = made.inputs if kind in WRITTEN else made.inputs.double()
    return made._replace(inputs=inputs, prepared=tensors, progress=0.5)


def accepted(part: object) -> list[type[Supervision]]:
    kinds = [kind for kind in KINDS if kind in part.accepts]
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
            losses = part.losses(module(kind), batch(part, kind, ALL), stream(0, "learn"))
            assert losses.shape == (6,) and torch.isfinite(losses).all()

    def test_the_order_of_the_batch_is_irrelevant(self, name: str) -> None:
        part, order = build(ROOM, name), np.array([3, 0, 5, 1, 4, 2])
        for kind in accepted(part):
            one = part.losses(module(kind), batch(part, kind, ALL), stream(0, "learn"))
            two = part.losses(module(kind), batch(part, kind, order), stream(0, "learn"))
            torch.testing.assert_close(one[order], two)

    def test_losses_that_do_not_couple_are_those_of_each_lesson_alone(self, name: str) -> None:
        part = build(ROOM, name)
        if part.couples:
            return
        for kind in accepted(part):
            whole = part.losses(module(kind), batch(part, kind, ALL), stream(0, "learn"))
            alone = [part.losses(module(kind), batch(part, kind, ALL[i : i + 1]), stream(0, "learn")) for i in ALL]
            torch.testing.assert_close(whole, torch.cat(alone))

    def test_the_gradient_agrees_with_finite_differences(self, name: str) -> None:
        part = build(ROOM, name)
        for kind in accepted(part) if name not in HELD else ():
            made, met = module(kind), batch(part, kind, ALL)
            start = made.head.weight.detach().clone().requires_grad_()
            del made.head.weight  # a plain tensor takes the parameter's place, so that it can be varied
            assert torch.autograd.gradcheck(lambda head, made=made, met=met: _at(part, made, met, head), (start,))


def _at(part: object, made: torch.nn.Module, met: Batch, head: torch.Tensor) -> torch.Tensor:
    made.head.weight = head
    return part.losses(made, met, stream(0, "learn"))
