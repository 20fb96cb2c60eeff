"""cross_entropy: numbers by hand, smoothing, temperature, the classes of the lessons alone, and torch's own."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Block, Label, Rows, Soft, labelled
from tutelage.core.descent import Batch
from tutelage.core.errors import ContractBroken
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.toys import stream, vector_pool, view


class Says:
    """A module that scores every batch like this."""

    def __init__(self, scores: object) -> None:
        self.table = torch.as_tensor(scores, dtype=torch.float64)

    def scores(self, batch: Batch) -> torch.Tensor:
        return self.table


def losses(scores: object, kind: type = Label, prepared: dict | None = None, given=None, **settings: object):
    column = "label" if kind is Label else "probs"
    batch = Batch(
        kind, None, {column: torch.as_tensor(np.asarray(given))}, torch.ones(len(given)), prepared=prepared or {}
    )
    return CrossEntropy(**settings).losses(Says(scores), batch, stream(0, "learn")).numpy()


def test_by_hand() -> None:
    """Scores log 1, log 2, log 5 are p = 1/8, 2/8, 5/8. Label 2: log(8/5). Soft 1/2 1/2 0: log 8 / 2 + log 4 / 2.

    Smoothing 0.3 of three classes gives label 2 the distribution 0.1, 0.1, 0.8.
    """
    scores = np.log([[1.0, 2, 5]])
    assert losses(scores, given=[2]) == pytest.approx([np.log(8 / 5)])
    half = losses(scores, Soft, given=np.array([[0.5, 0.5, 0]], dtype=np.float32))
    assert half == pytest.approx([np.log(8) / 2 + np.log(4) / 2])
    smooth = 0.1 * np.log(8) + 0.1 * np.log(4) + 0.8 * np.log(8 / 5)
    assert losses(scores, given=[2], smoothing=0.3) == pytest.approx([smooth])


def test_temperature_divides_the_scores() -> None:
    """At temperature 2 scores of log 4 and log 1 say 2/3 and 1/3."""
    assert losses(np.log([[4.0, 1]]), given=[0], temperature=2.0) == pytest.approx([np.log(3 / 2)])


def test_over_the_classes_of_the_lessons_alone() -> None:
    """Of p = 1/8, 2/8, 5/8 only classes 0 and 1 occur: 1/3, 2/3; and the score of class 2 gets no gradient."""
    pool = vector_pool(np.zeros((3, 1)), ("a", "b", "c"))
    soft = {"probs": np.array([[0.5, 0.5, 0]], dtype=np.float32)}
    lessons = (
        labelled(Rows(pool, np.array([0])), [1], "oracle"),
        Block(Rows(pool, np.array([1])), None, Soft, soft, "weak", np.zeros(1), np.ones(1)),
    )
    part = CrossEntropy(over="lesson_labels")
    prepared = part.prepare(lessons, view())
    assert prepared["all_labels"].tolist() == [0, 1]
    scores = torch.tensor(np.log([[1.0, 2, 5]]), requires_grad=True)
    batch = Batch(
        Label, None, {"label": torch.tensor([1])}, torch.ones(1), prepared={"all_labels": torch.tensor([0, 1])}
    )
    loss = part.losses(Says(scores), batch, stream(0, "learn"))
    loss.sum().backward()
    assert loss.item() == pytest.approx(np.log(3 / 2)) and scores.grad[0, 2] == 0 and scores.grad[0, 0] != 0
    assert CrossEntropy().prepare(lessons, view()) == {}


@given(st.integers(1, 5), st.integers(2, 5), st.integers(0, 99), st.sampled_from([0.0, 0.2]))
def test_it_is_torchs_own(b: int, c: int, seed: int, smoothing: float) -> None:
    """The neutral limit at smoothing 0; soft targets of fewer classes are padded with 0."""
    rng = np.random.default_rng(seed)
    scores, codes = rng.normal(size=(b, c)), rng.integers(0, c, b)
    soft = rng.dirichlet(np.ones(c - 1), b).astype(np.float32)
    wide = np.pad(soft, ((0, 0), (0, 1)))
    own = torch.nn.functional.cross_entropy
    want = own(torch.tensor(scores), torch.tensor(codes), reduction="none", label_smoothing=smoothing)
    assert losses(scores, given=codes, smoothing=smoothing) == pytest.approx(want.numpy())
    want = own(torch.tensor(scores), torch.tensor(wide).double(), reduction="none", label_smoothing=smoothing)
    assert losses(scores, Soft, given=soft, smoothing=smoothing) == pytest.approx(want.numpy(), rel=1e-6)


def test_a_label_that_the_module_does_not_know_is_named() -> None:
    with pytest.raises(ContractBroken, match="label 2, the module knows 2"):
        losses([[0.0, 0]], given=[2])
    with pytest.raises(ContractBroken, match="about 3 classes, the module knows 2"):
        losses([[0.0, 0]], Soft, given=np.array([[0, 0, 1]], dtype=np.float32))


@pytest.mark.parametrize("settings", [{"smoothing": 1.0}, {"temperature": 0}, {"over": "some"}])
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        CrossEntropy(**settings)
