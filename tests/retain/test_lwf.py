"""lwf: the divergence by hand, of classes and of texts, no pull at the start, and what is forgotten with and without it."""

from typing import Any

import numpy as np
import pytest
import torch

from tutelage.core.data import Block, Itself, Lessons, Rows, Table, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.stages import Stage, View
from tutelage.kit import pieces
from tutelage.learn.gradient import Gradient
from tutelage.retain.lwf import Lwf
from tutelage.retain.nothing import Nothing
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp, MlpStudent
from tutelage.toys import vector_pool, view

POOL = vector_pool([[-1, 0], [1, 0], [-1, 1], [1, 1], [0, 3]], labels=("a", "b", "c"))
FIRST = Mlp(hidden=(), standardise=False).begin(POOL, stream(0, "student"))


def lessons(rows: list[int], codes: list[int], weight: float = 1.0) -> Lessons:
    return (labelled(Rows(POOL, np.array(rows)), codes, "oracle", weight=weight),)


OLD, NEW = lessons([0, 1], [0, 1]), lessons([4, 2, 3], [2, 2, 2])


def learned(student: MlpStudent, new: Lessons, pull: object = None, **settings: object) -> MlpStudent:
    how = Gradient(**{"lr": 0.1, "passes": 20, **settings})
    return how.learn((Stage(new),), pull, view(student=student), stream(0, "learn")).student


KNOWS = learned(FIRST, OLD)


def second(part: Lwf, student: MlpStudent = KNOWS, new: Lessons = NEW) -> View:
    memory = part.settle(FIRST, OLD, view(student=student, lessons=OLD), stream(0, "retain")).memory
    return view(student=student, lessons=(*OLD, *new))._replace(memory=memory, round=1)


def test_by_hand() -> None:
    """Old scores 0: halves. New scores of a and b (2 log 3, 0) at T = 2: (3/4, 1/4).

    T^2 KL = 4 (1/2 log(2/3) + 1/2 log 2) = 2 log(4/3), whatever the third class scores.
    """
    now = second(Lwf(), FIRST)
    module = FIRST.module
    module.head.bias.data = torch.tensor([2 * np.log(3), 0, 50], dtype=torch.float32)
    assert Lwf().penalty(now)(module).item() == pytest.approx(2 * np.log(4 / 3), rel=1e-5)
    assert Lwf(strength=3).penalty(now)(module).item() == pytest.approx(6 * np.log(4 / 3), rel=1e-5)


def test_no_pull_at_the_start_of_an_episode() -> None:
    module = KNOWS.module
    value = Lwf().penalty(second(Lwf()))(module)
    assert value.item() == pytest.approx(0, abs=1e-7)
    assert all(float(slope.abs().max()) < 1e-6 for slope in torch.autograd.grad(value, list(module.parameters())))


def test_a_large_temperature_leaves_the_size_of_the_gradient() -> None:
    """For T beyond all scores T^2 KL tends to half the squared distance of the centred scores over C."""
    module = KNOWS.module
    module.head.bias.data += torch.tensor([0.4, -0.2, 0.0])
    found = [Lwf(temperature=t).penalty(second(Lwf()))(module).item() for t in (30.0, 100.0)]
    assert found[1] == pytest.approx(0.3**2 / 2, rel=1e-2) and found[0] == pytest.approx(found[1], rel=1e-2)


def test_old_classes_are_answered_as_before() -> None:
    """Learning c alone moves the line between a and b; under the pull it stays nearly where it was."""
    now, contrary = second(Lwf()), lessons([2, 3], [1, 0])
    far = []
    for strength in (0.0, 1.0, 10.0):
        pull = Lwf(strength=strength).penalty(now._replace(lessons=(*OLD, *contrary)))
        far.append(np.abs(learned(KNOWS, contrary, pull).probs(POOL)[:2] - KNOWS.probs(POOL)[:2]).max())
    assert far[0] > far[1] > far[2] and far[2] < far[0] / 3


def test_lessons_of_weight_0_are_not_asked_about() -> None:
    silent = lessons([0], [0], weight=0.0)
    with_silence, without = (Lwf().penalty(second(Lwf(), new=new)) for new in ((*NEW, *silent), NEW))
    assert with_silence(FIRST.module).item() == without(FIRST.module).item() > 0
    assert Lwf().penalty(second(Lwf(), new=silent)) is None


def test_neutral_limit_strength_0() -> None:
    part, now = Lwf(strength=0), second(Lwf())
    assert part.penalty(now) is None
    assert part.settle(FIRST, NEW, now, stream(0, "r")) == Nothing().settle(FIRST, NEW, now, stream(0, "r"))


def test_memory_names_the_classes_of_all_episodes_and_tells_lessons_that_are_gone() -> None:
    now = second(Lwf())
    later = Lwf().settle(KNOWS, NEW, now, stream(0, "r")).memory
    assert now.memory["classes"].tolist() == [0, 1] and later["classes"].tolist() == [0, 1, 2]
    with pytest.raises(ContractBroken, match="keep: false"):
        Lwf().penalty(now._replace(lessons=(), memory=later))


TEXTS = Table.of("texts", {"text": ["abab", "ba", "aabbab", "b"]}).pool()
WRITER = Tiny(hidden=8, layers=1, heads=1, window=16).begin(TEXTS, stream(0, "student"))


def texts(*rows: int) -> Lessons:
    return (Block(Rows(TEXTS, np.array(rows)), None, Itself, {}, "itself", np.zeros(len(rows)), np.ones(len(rows))),)


def reading(part: Lwf, *rows: int) -> View:
    past = texts(0, 1)
    memory = part.settle(WRITER, past, view(student=WRITER, lessons=past), stream(0, "retain")).memory
    return view(student=WRITER, lessons=(*past, *texts(*rows)))._replace(memory=memory, round=1)


def moved() -> Any:
    module = WRITER.module.requires_grad_(True)
    luck = torch.Generator().manual_seed(0)
    for weight in module.parameters():
        weight.data = weight.data + 0.3 * torch.randn(weight.shape, generator=luck)
    return module


@pytest.mark.parametrize("at_once", [2**25, 1])
def test_of_texts_it_is_the_divergence_at_every_place(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean over the places of a text, then over texts, of T^2 KL between all tokens; in pieces or at once."""
    monkeypatch.setattr(pieces, "AT_ONCE", at_once)
    module, before = moved(), WRITER.module
    value = Lwf(batch=2, temperature=3.0).penalty(reading(Lwf(), 2, 3))(module)
    wanted: Any = 0.0
    for row in (2, 3):
        ids = WRITER.encode(texts(row)).batch(np.array([0])).inputs["ids"][:, 0]
        p, q = (torch.log_softmax(one.logits(ids)[0, :-1] / 3, 1) for one in (module, before))
        wanted = wanted + 9 * (q.detach().exp() * (q.detach() - p)).sum(1).mean() / 2
    assert value.item() == pytest.approx(wanted.item(), rel=1e-5) and value.item() > 0.01
    slopes, right = (torch.autograd.grad(one, list(module.parameters())) for one in (value, wanted))
    for one, other in zip(slopes, right, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_a_reader_starts_without_a_pull_and_stays_nearer_to_what_it_said() -> None:
    now = reading(Lwf(), 3)
    assert Lwf().penalty(now)(WRITER.module).item() == pytest.approx(0, abs=1e-7)
    away = []
    for strength in (0.0, 1.0, 10.0):
        pull = Lwf(strength=strength).penalty(now)
        after = learned(WRITER, texts(3), pull, lr=0.02)  # type: ignore[arg-type]
        ids = WRITER.encode(texts(3)).batch(np.array([0])).inputs["ids"][:, 0]
        p, q = (torch.log_softmax(one.module.eval().logits(ids)[0, :-1], 1).detach() for one in (after, WRITER))
        away.append(float((q.exp() * (q - p)).sum(1).mean()))
    assert away[0] > away[1] > away[2] and away[2] < away[0] / 3


def test_texts_and_labels_in_one_episode() -> None:
    """Each batch is of one kind: in turn the mean over the texts and that over the labels."""
    pool = Table.of("texts", {"text": ["abab", "ba", "aabbab", "b"]}, ("a", "b")).pool()
    student = Tiny(hidden=8, layers=1, heads=1, window=16).begin(pool, stream(0, "student"))
    sure = (labelled(Rows(pool, np.array([0, 1])), [0, 1], "oracle"),)
    memory = Lwf().settle(student, sure, view(student=student, lessons=sure), stream(0, "retain")).memory
    now = view(student=student, lessons=(*sure, *texts(2, 3), *sure))._replace(memory=memory, round=1)
    pull, module = Lwf(batch=2).penalty(now), student.module
    for weight in module.parameters():
        weight.data = weight.data * 1.5
    values = {round(pull(module).item(), 6) for _ in range(8)}
    assert len(values) == 2 and min(values) > 0
