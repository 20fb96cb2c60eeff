"""Loss: a letter's mean loss, the hardest reply is the one that does not fit."""

from dataclasses import dataclass

import numpy as np
import pytest

from tutelage.core.data import Block, Preference, Rows, Text, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.order.difficulty import loss
from tutelage.order.difficulty.loss import Loss
from tutelage.toys import CODES, POOL, Reader, replies_pool, view

RNG = stream(0, "order")
PROMPTS = replies_pool([("p", "x", "a"), ("q", "x", "b"), ("r", "x", "c")])
KNOWS = view(PROMPTS, Reader({"a": -1.0, "b": -4.0}, other=-2.0))


def texts(*told: str) -> tuple[Block]:
    about, given = Rows(PROMPTS, np.arange(len(told))), {"text": np.array(told, dtype=object)}
    return (Block(about, None, Text, given, "file", np.zeros(len(told)), np.ones(len(told))),)


def test_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """aab: (1 + 1 + 4) / 3 = 2; b: 4; az: (1 + 2) / 2 = 1.5; the same when asked two at a time."""
    assert Loss().rate(texts("aab", "b", "az"), KNOWS, RNG).tolist() == [2.0, 4.0, 1.5]
    monkeypatch.setattr(loss, "AT_ONCE", 2)
    assert Loss().rate(texts("aab", "b", "az"), KNOWS, RNG).tolist() == [2.0, 4.0, 1.5]


def test_equal_tokens_are_equally_hard_and_of_a_pair_the_chosen_counts() -> None:
    even = view(PROMPTS, Reader())
    assert set(Loss().rate(texts("ab", "cdef", "g"), even, RNG).tolist()) == {2.0}
    given = {"chosen": np.array(["a", "b"], dtype=object), "rejected": np.array(["b", "b"], dtype=object)}
    pairs = Block(Rows(PROMPTS, np.arange(2)), None, Preference, given, "file", np.zeros(2), np.ones(2))
    assert Loss().rate((pairs,), KNOWS, RNG).tolist() == [1.0, 4.0]


@dataclass(frozen=True, eq=False)
class Narrow(Reader):
    """A reader with a window of two letters."""

    def rate(self, prompts, replies):
        return np.where([len(reply) > 2 for reply in replies], np.nan, super().rate(prompts, replies))


def test_what_does_not_fit_is_the_hardest() -> None:
    assert Loss().rate(texts("ab", "abc"), view(PROMPTS, Narrow()), RNG).tolist() == [2.0, np.inf]


def test_labels_have_no_loss() -> None:
    with pytest.raises(ContractBroken, match="Label has none"):
        Loss().rate((labelled(Rows(POOL, np.array([0])), CODES[[0]], "oracle"),), KNOWS, RNG)
    assert Loss().rate((), KNOWS, RNG).tolist() == []
