"""weight_average: the middle by hand, both ends, heads that have grown, and students of unlike weights."""

import numpy as np
import pytest

from tutelage.adapter.lora import Lora
from tutelage.core.data import Rows, Table, labelled
from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit.weights import combined, weights_of
from tutelage.learn.gradient import Gradient
from tutelage.retain.weight_average import WeightAverage
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import POOL, view

FIRST = Mlp(hidden=(3,)).begin(POOL, stream(0, "student"))
NEW = view(taught=np.array([0, 5])).lessons
BEFORE = Gradient(lr=0.1).learn((Stage(NEW),), None, view(student=FIRST), stream(0, "learn")).student
AFTER = Gradient(lr=0.3).learn((Stage(NEW),), None, view(student=BEFORE), stream(1, "learn")).student
NOW = view(student=AFTER)._replace(first=FIRST)


def test_by_hand() -> None:
    """A quarter of the way from before to after, for each number of each weight."""
    settled = WeightAverage(share=0.25, of="before").settle(BEFORE, NEW, NOW, stream(0, "r"))
    old, new, shown = weights_of(BEFORE), weights_of(AFTER), weights_of(settled.shown)
    assert settled.student is AFTER and settled.memory == {}
    for name in shown:
        np.testing.assert_allclose(shown[name], 0.75 * old[name] + 0.25 * new[name], rtol=1e-5, atol=1e-7)
    assert any(np.abs(new[name] - old[name]).max() > 0.1 for name in new)


@pytest.mark.parametrize(("of", "old"), [("first", FIRST), ("before", BEFORE)])
def test_both_ends(of: str, old: object) -> None:
    part = WeightAverage(share=0.0, of=of).settle(BEFORE, NEW, NOW, stream(0, "r"))
    for name, array in weights_of(part.shown).items():
        assert (array == weights_of(old)[name]).all()
    whole = WeightAverage(share=1.0, of=of).settle(BEFORE, NEW, NOW, stream(0, "r"))
    assert whole.shown is None and whole.student is AFTER, "share 1 is nothing"


def test_rows_of_a_head_that_has_grown_are_the_new_ones() -> None:
    grown = AFTER.with_labels(("left", "right", "up"))
    shown = WeightAverage(share=0.0).settle(BEFORE, NEW, NOW._replace(student=grown), stream(0, "r")).shown
    assert shown.labels == ("left", "right", "up") and weights_of(shown)["head.weight"].shape[0] == 3
    assert (weights_of(shown)["head.weight"][:2] == weights_of(FIRST)["head.weight"]).all()


def test_a_language_model_with_tied_weights() -> None:
    pool = Table.of("said", {"text": ["one", "two", "three"]}, ("a", "b")).pool()
    first = Tiny(hidden=16, layers=1, heads=2, window=32).begin(pool, stream(0, "student"))
    new = (labelled(Rows(pool, np.arange(3)), np.array([0, 1, 0]), "oracle"),)
    how = Gradient(lr=0.01, passes=2)
    after = how.learn((Stage(new),), None, view(pool=pool, student=first), stream(0, "learn")).student
    now = view(pool=pool, student=after)._replace(first=first)
    middle = WeightAverage().settle(first, new, now, stream(0, "r")).shown
    ends = [one.probs(pool)[0, 0] for one in (first, after)]
    assert min(ends) < middle.probs(pool)[0, 0] < max(ends)


def test_unlike_students_are_told() -> None:
    other = Mlp(hidden=()).begin(POOL, stream(0, "student"))
    with pytest.raises(ContractBroken, match=r"not in all of them"):
        combined(AFTER, {"old": other}, lambda now, old: now)


def test_of_a_low_rank_adapter_the_mean_of_the_weights_that_it_stands_for() -> None:
    """W_0 + share s B A, whose A is the adapter's and whose B is share of it; before it is put on, share 1 or 0."""
    pool = Table.of("said", {"text": ["one", "two", "three"]}, ("a", "b")).pool()
    first = Tiny(hidden=16, layers=1, heads=2, window=32).begin(pool, stream(0, "student"))
    new = (labelled(Rows(pool, np.arange(3)), np.array([0, 1, 0]), "oracle"),)
    how = Gradient(lr=0.05, passes=3, adapter=Lora(r=2, targets="linear"))
    after = how.learn((Stage(new),), None, view(pool=pool, student=first), stream(0, "learn")).student
    now = view(pool=pool, student=after)._replace(first=first)
    shown = WeightAverage(share=0.25).settle(first, new, now, stream(0, "r")).shown
    was, made, old = weights_of(after), weights_of(shown), weights_of(first)
    for name in was:
        plain = name.replace(".base_layer.", ".")
        share = 0.25 if ".lora_B." in name else 1.0
        np.testing.assert_allclose(made[name], share * was[name], rtol=1e-6)
        assert ".lora_" in name or (made[name] == old[plain]).all(), "the layers themselves never moved"
    none = WeightAverage(share=0.0).settle(first, new, now, stream(0, "r")).shown
    np.testing.assert_allclose(none.probs(pool), first.probs(pool), atol=1e-6)
    again = how.learn((Stage(new),), None, view(pool=pool, student=after), stream(1, "learn")).student
    later = view(pool=pool, student=again)._replace(first=first)
    assert WeightAverage().settle(after, new, later, stream(0, "r")).shown is not None
    with pytest.raises(Refused, match="no adapter of their rank"):
        WeightAverage(of="before").settle(after, new, later, stream(0, "r"))
