"""Lessons' own gradients from one backward pass: by hand, beside one lesson at a time, beside a second pass, refusals."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tutelage.core.errors import ContractBroken
from tutelage.kit.ghost import Outer, Picked, held, squares, weighted
from tutelage.kit.ghost_layers import of_lessons
from tutelage.kit.watched import watched

B, T, V, D = 5, 4, 11, 6


def ids(seed: int = 0, t: int = T) -> torch.Tensor:
    """With repetitions inside a lesson and the padding id 0."""
    made = torch.from_numpy(np.random.default_rng(seed).integers(0, 4, (B, t)))
    made[1] = 3
    return made


def floats(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


class Over(nn.Module):
    """A layer, then something that differs from place to place, so that slopes do."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        size = torch.arange(1, x[0].numel() + 1).reshape(x.shape[1:]) / x[0].numel()
        return torch.tanh(x * size).flatten(1).square().sum(1) + (x * size).flatten(1).sum(1)


class Tied(nn.Module):
    """Ids in, the same weight as head; a linear layer and a norm between."""

    def __init__(self, padding: int | None = None) -> None:
        super().__init__()
        self.words, self.middle, self.norm = nn.Embedding(V, D, padding), nn.Linear(D, D), nn.LayerNorm(D)
        self.head = nn.Linear(D, V, bias=False)
        self.head.weight = self.words.weight

    def forward(self, x: Any) -> Any:
        logits = self.head(self.norm(torch.tanh(self.middle(self.words(x)))))
        return -torch.log_softmax(logits, 2).gather(2, x.roll(-1, 1)[..., None])[..., 0].mean(1)


class Twice(nn.Module):
    """One layer used twice, on different things."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(D, D)

    def forward(self, x: Any) -> Any:
        return self.layer(torch.tanh(self.layer(x))).square().flatten(1).sum(1)


class Positions(nn.Module):
    """Positions are read once, (1, t), and added to every lesson, as transformers' encoders do it."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places, self.head = nn.Embedding(V, D), nn.Embedding(T, D), nn.Linear(D, 3)

    def forward(self, x: Any) -> Any:
        return self.head(torch.tanh(self.words(x) + self.places(torch.arange(T)[None]))).square().sum((1, 2))


class Chosen(nn.Module):
    """Only some places of each lesson reach the head, and none of lesson 2: rows are marked."""

    def __init__(self, mark: bool = True) -> None:
        super().__init__()
        self.words, self.head, self.mark = nn.Embedding(V, D), nn.Linear(D, V), mark

    def forward(self, x: Any) -> Any:
        keep = x % 2 == 1
        keep[2] = False
        rows, owners = torch.tanh(self.words(x))[keep], keep.nonzero()[:, 0]
        told = self.head(of_lessons(rows, owners) if self.mark else rows).square().sum(1)
        return torch.zeros(B).index_add(0, owners, told)


class RMSNorm(nn.Module):
    """As language models have it; `around` 1 is how Gemma counts."""

    def __init__(self, width: int, around: float = 0.0) -> None:
        super().__init__()
        self.weight, self.around = nn.Parameter(floats(width)), around

    def forward(self, x: Any) -> Any:
        return (self.weight + self.around) * x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()


class Loose(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.free, self.layer = nn.Parameter(torch.ones(D)), nn.Linear(D, 2)

    def forward(self, x: Any) -> Any:
        return self.layer(x * self.free).sum(1)

    def told(self, x: Any) -> Any:
        """As a face is asked: not through forward, so nobody sees what the weight is used on."""
        return self.forward(x)


MODULES = {
    "linear, 2-D": (lambda: Over(nn.Linear(D, 3)), floats(B, D)),
    "linear, 3-D": (lambda: Over(nn.Linear(D, 3)), floats(B, T, D)),
    "linear, 3-D, wide: ghost": (lambda: Over(nn.Linear(D, 40)), floats(B, 2, D)),
    "linear, 4-D": (lambda: Over(nn.Linear(D, 3)), floats(B, 2, T, D)),
    "linear twice in a row": (lambda: Over(nn.Linear(D, 8), nn.GELU(), nn.Linear(8, 3, bias=False)), floats(B, T, D)),
    "embedding": (lambda: Over(nn.Embedding(V, 40)), ids()),
    "embedding, small: formed": (lambda: Over(nn.Embedding(V, 2)), ids()),
    "embedding, padding": (lambda: Over(nn.Embedding(V, 40, padding_idx=3)), ids()),
    "layer norm": (lambda: Over(nn.LayerNorm(D)), floats(B, T, D)),
    "layer norm over two dimensions": (lambda: Over(nn.LayerNorm((T, D))), floats(B, 2, T, D)),
    "layer norm, 2-D": (lambda: Over(nn.LayerNorm(D)), floats(B, D)),
    "rms norm of torch": (lambda: Over(nn.RMSNorm(D)), floats(B, T, D)),
    "rms norm": (lambda: Over(RMSNorm(D)), floats(B, T, D)),
    "rms norm around 1": (lambda: Over(RMSNorm(D, 1.0)), floats(B, T, D)),
    "convolution: torch.func": (lambda: Over(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Conv2d(3, 2, 2)), floats(B, 2, 5, 5)),
    "prelu: torch.func": (lambda: Over(nn.Linear(D, 3), nn.PReLU(3)), floats(B, D)),
    "a weight of the root: torch.func": (Loose, floats(B, D)),
    "tied": (Tied, ids()),
    "tied, padding": (lambda: Tied(3), ids()),
    "tied, long": (Tied, ids(t=9)),
    "used twice": (Twice, floats(B, T, D)),
    "used twice, 2-D": (Twice, floats(B, D)),
    "positions shared by all": (Positions, ids()),
    "places picked out": (Chosen, ids()),
}


def made(maker: Any) -> nn.Module:
    """Weights by numpy, so that no luck of torch is used."""
    module, rng = maker(), np.random.default_rng(7)
    with torch.no_grad():
        for one in module.parameters():
            one.copy_(torch.from_numpy(rng.normal(size=one.shape).astype(np.float32)))
    return module


def one_by_one(module: nn.Module, x: Any) -> dict[str, torch.Tensor]:
    """The obvious way: a backward pass for each lesson, on the batch as it is."""
    names, losses = dict(module.named_parameters()), module(x)
    rows = [torch.autograd.grad(loss, list(names.values()), retain_graph=True, allow_unused=True) for loss in losses]
    return {
        name: torch.stack([torch.zeros_like(one) if row[at] is None else row[at] for row in rows])
        for at, (name, one) in enumerate(names.items())
    }


def own(module: nn.Module, x: Any, ask: Any = None) -> dict[str, Any]:
    names = dict(module.named_parameters())
    with watched(module, names, len(x)) as seen:
        return seen.checked((ask or module)(x), names)


@pytest.mark.parametrize("name", MODULES)
def test_norms_and_clipped_sums_are_those_of_one_lesson_at_a_time(name: str) -> None:
    """Every parameter that disagrees is named; the two-pass form is inside `checked`."""
    maker, x = MODULES[name]
    module = made(maker)
    right, ours = one_by_one(module, x), own(module, x)
    by = torch.linspace(0.1, 1.0, B)
    wrong = []
    for key, each in right.items():
        norms, total = squares(ours[key]), weighted(ours[key], by)
        size = float(each.norm()) + 1e-12
        if not (norms - each.flatten(1).square().sum(1)).abs().max() <= 1e-5 * size**2:
            wrong.append(f"{key}: norms")
        if not (total - torch.einsum("b,b...->...", by, each)).norm() <= 1e-5 * size:
            wrong.append(f"{key}: sum")
    assert not wrong and set(ours) == set(right)


def test_by_hand() -> None:
    """Two places, one lesson: g = (1, 0)'(1, 2) + (0, 2)'(1, 0) = [[1, 2], [2, 0]], whose squares add up to 9."""
    outer = Outer(torch.tensor([[[1.0, 0], [0, 2]]]), torch.tensor([[[1.0, 2], [1, 0]]]))
    for one in (held([outer], (2, 2)), held([outer], (2, 2))._replace(outer=outer, whole=None)):
        assert squares(one).tolist() == [9.0] and weighted(one, torch.ones(1)).tolist() == [[1, 2], [2, 0]]


def test_the_cross_term_by_hand() -> None:
    """Id 1 with slope (3, 0) puts 3 at [1, 0]; the head gives (0, 1)'(2, 1) = [[0, 0], [2, 1]]. Sum [[0, 0], [5, 1]].

    9 + 5 alone, and 2 x 3 x 2 = 12 between them: 26 = 5^2 + 1^2.
    """
    picked = Picked(torch.tensor([[1]]), torch.tensor([[[3.0, 0]]]))
    outer = Outer(torch.tensor([[[0.0, 1]]]), torch.tensor([[[2.0, 1]]]))
    ghost = held([picked, outer], (2, 2))
    assert ghost.whole is None and squares(ghost).tolist() == [26.0]
    assert weighted(ghost, torch.ones(1)).tolist() == [[0, 0], [5, 1]]


@given(b=st.integers(1, 4), t=st.integers(1, 7), d=st.integers(1, 9), p=st.integers(1, 9), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_both_forms_agree_on_any_shape(b: int, t: int, d: int, p: int, seed: int) -> None:
    """The t x t tables and the formed gradients, linear and embedding on one weight."""
    outer = Outer(floats(b, t, p, seed=seed), floats(b, t, d, seed=seed + 1))
    picked = Picked(
        torch.from_numpy(np.random.default_rng(seed).integers(0, p, (b, t))), floats(b, t, d, seed=seed + 2)
    )
    formed = torch.bmm(outer.out.transpose(1, 2), outer.read)
    for i in range(b):
        for place in range(t):
            formed[i, picked.ids[i, place]] += picked.slopes[i, place]
    for one in (held([outer, picked], (p, d)), held([outer], (p, d))._replace(outer=outer, picked=picked, whole=None)):
        torch.testing.assert_close(squares(one), formed.flatten(1).square().sum(1), rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(weighted(one, torch.ones(b)), formed.sum(0), rtol=1e-4, atol=1e-3)


def test_dropout_is_the_same_in_both_passes() -> None:
    module = made(lambda: Over(nn.Linear(D, 8), nn.Dropout(0.5), nn.Linear(8, 3)))
    own(module.train(), floats(B, T, D))


def test_only_what_is_opened_is_asked_about() -> None:
    module = made(Tied)
    names = {"middle.bias": module.middle.bias}
    for key, one in module.named_parameters():
        one.requires_grad_(key in names)
    with watched(module, names, B) as seen:
        kept = seen.checked(module(ids()), names)
    assert set(kept) == {"middle.bias"}


class Centred(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(D, 2)

    def forward(self, x: Any) -> Any:
        y = self.layer(x)
        return (y - y.mean(0)).square().sum(1)


def test_what_cannot_be_told_is_refused_by_name() -> None:
    """A weight outside any layer, lessons that see each other, unmarked rows: nothing is clipped wrongly in silence."""
    with pytest.raises(ContractBroken, match="gradients of free cannot be told"):
        module = made(Loose)
        own(module, floats(B, D), module.told)
    with pytest.raises(ContractBroken, match=r"layer\.weight.*mixes the lessons"):
        own(made(Centred), floats(B, D))
    with pytest.raises(ContractBroken, match="BatchNorm1d mixes"):
        own(Over(nn.Linear(D, 3), nn.BatchNorm1d(3)), floats(B, D))
    with pytest.raises(ContractBroken, match=r"layer head reads 6 rows for 5 lessons.*of_lessons"):
        module = made(lambda: Chosen(mark=False))
        x = torch.zeros(B, T, dtype=torch.int64)
        x[0, 0] = x[1, 0] = x[1, 1] = x[3, 0] = x[4, 0] = x[4, 1] = 1
        own(module, x)
    with pytest.raises(ContractBroken, match="sparse"):
        own(Over(nn.Embedding(V, D, sparse=True)), ids())


def test_rows_counted_off_without_a_mark_are_doubted() -> None:
    module = made(lambda: Chosen(mark=False))
    names = dict(module.named_parameters())
    x = torch.ones(B, T, dtype=torch.int64)
    x[2] = 0
    x[0, :], x[1, :2] = 0, 0
    with watched(module, names, B) as seen:
        losses = module(x)
    assert seen.doubtful, "10 rows of 5 lessons, by chance a multiple"
    with pytest.raises(ContractBroken, match=r"head\.weight"):
        seen.checked(losses, names)
