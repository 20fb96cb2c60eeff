"""Length: words and characters of question and answer."""

import numpy as np
import pytest

from tutelage.core.data import Block, Preference, Replies, Rows, Text, labelled
from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.rng import stream
from tutelage.order.difficulty.length import Length
from tutelage.toys import CODES, POOL, replies_pool, view

RNG = stream(0, "order")
PROMPTS = replies_pool([("two words", "x", "a"), ("one", "x", "b")])


def block(kind, **given) -> tuple[Block]:
    columns = {name: np.array(values, dtype=object) for name, values in given.items()}
    return (Block(Rows(PROMPTS, np.arange(2)), None, kind, columns, "file", np.zeros(2), np.ones(2)),)


@pytest.mark.parametrize(
    ("of", "unit", "wanted"),
    [
        ("question", "words", [2, 1]),
        ("question", "characters", [9, 3]),
        ("answer", "words", [1, 3]),
        ("both", "words", [3, 4]),
        ("both", "characters", [9 + 4, 3 + 8]),
    ],
)
def test_by_hand(of: str, unit: str, wanted: list[int]) -> None:
    told = block(Text, text=["four", "a bc def"])
    assert Length(of=of, unit=unit).rate(told, view(), RNG).tolist() == wanted


def test_pairs_classes_and_no_lessons() -> None:
    pairs = block(Preference, chosen=["a", "b c"], rejected=["a b c d", "e"])
    assert Length(of="answer").rate(pairs, view(), RNG).tolist() == [1, 2]
    classes = (labelled(Rows(POOL, np.array([0, 5])), CODES[[0, 5]], "oracle"),)
    assert Length(of="answer", unit="characters").rate(classes, view(), RNG).tolist() == [4, 5]  # left, right
    assert Length().rate((), view(), RNG).tolist() == []


def test_what_has_no_length_is_refused() -> None:
    with pytest.raises(Refused, match="holds no texts"):
        Length().rate((labelled(Rows(POOL, np.array([0])), CODES[[0]], "oracle"),), view(), RNG)
    with pytest.raises(ContractBroken, match="Replies has no one length"):
        Length().rate(block(Replies, texts=["a", "b"]), view(), RNG)
