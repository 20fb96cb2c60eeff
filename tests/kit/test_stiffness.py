"""stiffness: the optimum of one weight by hand, penalty against rate, what is held to the bit, and the report of b."""

import math

import numpy as np
import pytest
import torch

from tutelage.core.data import Label
from tutelage.core.descent import Batch, Group, Opened
from tutelage.core.rng import stream
from tutelage.kit.descent import Turn, descended
from tutelage.kit.stiffness import Held, Stiff, loosened, said, slowed
from tutelage.learn.gradient import Gradient

A, T = 3.0, -1.0  # the weight that the loss wants, and the one that it is held to


class One(torch.nn.Module):
    """A weight of one number, and another that nothing moves but the optimiser."""

    def __init__(self, start: float = T) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor([start]))
        self.idle = torch.nn.Parameter(torch.tensor([start]))


class Quadratic:
    """(w - A)^2 for every lesson; the idle weight has a gradient, which is 0."""

    couples = False

    def losses(self, module, batch, rng):
        return ((module.w - A) ** 2 + 0 * module.idle).expand(len(batch.weight))


def pulled_to(b: float, **groups: float) -> Stiff:
    at = {"w": np.array([T], np.float32)}
    held = [Held(names=names, b=value) for names, value in groups.items()]
    return Stiff("test", held, at, {} if groups else {"w": np.ones(1, np.float32)}, b)


def moved(penalty: Stiff | None, steps: int, groups: tuple[Group, ...] | None = None, **how) -> One:
    opened = Opened(One(), groups or (Group(("w", "idle")),))
    if penalty is not None:
        opened = loosened(opened, penalty.held(opened.module))
    batch = Batch(Label, None, {"label": torch.zeros(1, dtype=torch.int64)}, torch.ones(1))
    settings = Gradient(**{"optimiser": "sgd", "lr": 0.05, **how})
    return descended(
        opened, Quadratic(), [Turn(batch, 1.0, True)] * steps, steps, settings, stream(0, "l"), penalty
    ).module


@pytest.mark.parametrize("b", [0.0, 0.5, 3.0])
def test_the_optimum_of_one_weight(b: float) -> None:
    """(w - a)^2 + b (w - t)^2 is least at (a + b t) / (1 + b), however b is said."""
    for penalty in (pulled_to(b), pulled_to(0.0, w=b)):
        assert moved(penalty, 400).w.item() == pytest.approx((A + b * T) / (1 + b), abs=1e-5)


def test_an_importance_multiplies_b() -> None:
    """b 2 with importance 1/4 is b 1/2; what no array covers is free."""
    penalty = Stiff("test", (), {"w": np.array([T], np.float32)}, {"w": np.array([0.25], np.float32)}, 2.0)
    assert moved(penalty, 400).w.item() == pytest.approx((A + 0.5 * T) / 1.5, abs=1e-5)
    assert {name: b.item() for name, b in penalty.table(One()).items()} == {"w": 0.5, "idle": 0.0}


def test_a_penalty_is_not_a_rate() -> None:
    """At w = w* the penalty has no slope: its first step is a whole one, 2 lr (a - t); as a rate it is 1 / (1 + b) of it.

    In the end the penalty stands between a and t, the rate at a. Only b = 0 and b = inf are the same both ways.
    """
    whole = T + 2 * 0.05 * (A - T)
    for b in (0.0, 4.0, math.inf):
        groups = slowed([Held(names="^w$", b=b)], ["w", "idle"])
        pull, slow = pulled_to(b), None
        first = [moved(pull, 1).w.item(), moved(slow, 1, groups).w.item()]
        last = [moved(pull, 1000).w.item(), moved(slow, 1000, groups).w.item()]
        if b == 4:
            assert first == pytest.approx([whole, T + (whole - T) / 5])
            assert last == pytest.approx([(A + 4 * T) / 5, A], abs=1e-4)
        else:
            assert first[0] == first[1] and last[0] == last[1]
            assert (last[0] == T) == math.isinf(b)


@pytest.mark.parametrize("how", [{"optimiser": "adamw", "weight_decay": 0.5}, {"momentum": 0.9, "weight_decay": 0.5}])
def test_held_weights_keep_their_bits(how: dict) -> None:
    """Weight decay and momentum move whatever an optimiser has, even where no gradient comes; not what is held."""
    free, held = moved(None, 20, **how), moved(pulled_to(0.0, idle=math.inf), 20, **how)
    assert held.idle.item() == T != free.idle.item()
    assert held.w.item() == free.w.item()


def test_part_of_a_parameter_is_held() -> None:
    """Two of three entries, under momentum, decay and clipping: the third moves as it does when it is alone."""

    class Three(torch.nn.Module):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(torch.full((size,), T))

    class Far(Quadratic):
        def losses(self, module, batch, rng):
            return ((module.w - A) ** 2).sum().expand(len(batch.weight))

    batch = Batch(Label, None, {"label": torch.zeros(1, dtype=torch.int64)}, torch.ones(1))
    ends = []
    for size, penalty in ((3, Stiff("test", (), {}, {"w": np.ones(2, np.float32)}, math.inf)), (1, None)):
        how = Gradient(optimiser="adamw", lr=0.05, weight_decay=0.5, clip=0.5)
        opened = Opened(Three(size), (Group(("w",)),))
        ends.append(descended(opened, Far(), [Turn(batch, 1.0, True)] * 9, 9, how, stream(0, "l"), penalty).module.w)
    assert ends[0][:2].tolist() == [T, T] and ends[0][2].item() == ends[1][0].item() != T


def test_the_first_pattern_counts_and_a_weight_that_was_not_there_is_pulled_to_0() -> None:
    groups = [Held(names="^w", b=0), Held(names=".", b=2)]
    assert [said(groups, name) for name in ("w", "idle")] == [0, 2] and said([], "w") is None
    assert Stiff("test", groups, {}, {}, 0.0)(One()).item() == pytest.approx(2 * T**2)


def test_the_report_of_capacity() -> None:
    """Of five weights one is held, two are elastic and two free."""

    class Five(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = (torch.nn.Parameter(torch.zeros(size)) for size in (1, 3, 1))

    penalty = Stiff("test", [Held(names="^a", b=math.inf)], {}, {"b": np.array([2, 1, 0], np.float32)}, 1.0)
    assert penalty.facts(Five()) == {"weights_free": 0.4, "weights_elastic": 0.4, "weights_held": 0.2}


@pytest.mark.parametrize("settings", [{"names": "(", "b": 1}, {"names": ".", "b": -1}, {"names": ".", "b": math.nan}])
def test_settings_without_sense_are_refused(settings: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Held(**settings)
