"""equal_tokens: passes by hand, the neutral limit, and two choices of different length that come to equal work."""

import numpy as np
import pytest

from tutelage.core.data import Block, Lessons, Preference, Rows, Text, labelled
from tutelage.core.rng import stream
from tutelage.order.as_given import AsGiven
from tutelage.order.equal_tokens import EqualTokens
from tutelage.toys import CODES, POOL, Reader, replies_pool, view

PROMPTS = replies_pool([("p", "x", "a"), ("q", "x", "b"), ("o", "x", "c")])
SEEN = view(PROMPTS, Reader())


def texts(*told: str, weight: float = 1.0) -> Lessons:
    about = Rows(PROMPTS, np.arange(len(told)))
    given = {"text": np.array(told, dtype=object)}
    return (Block(about, None, Text, given, "file", np.zeros(len(told)), np.full(len(told), weight)),)


def passes(lessons: Lessons, tokens: int = 30) -> float:
    return EqualTokens(tokens=tokens).plan(lessons, SEEN, stream(0, "order"))[0].passes


def test_by_hand() -> None:
    """10 letters, 30 tokens: 3 passes; 4 letters: 7.5; a block of weight 0 is no work."""
    assert passes(texts("abcde", "abcde")) == 3 and passes(texts("ab", "c", "d")) == 7.5
    assert passes((*texts("abcde", "abcde"), *texts("abc", weight=0.0))) == 3
    assert passes(()) == passes(texts("abc", weight=0.0)) == 0


def test_pairs_count_both_and_labels_count_one() -> None:
    """2 + 3 letters and 1 + 4: 10 tokens. Six labels: six."""
    given = {
        name: np.array(told, dtype=object)
        for name, told in {"chosen": ["ab", "c"], "rejected": ["abc", "abcd"]}.items()
    }
    pairs = Block(Rows(PROMPTS, np.arange(2)), None, Preference, given, "file", np.zeros(2), np.ones(2))
    assert passes((pairs,)) == 3
    assert passes((labelled(Rows(POOL, np.arange(6)), CODES, "oracle"),)) == 5


def test_neutral_limit() -> None:
    lessons = texts("abcde", "abcde")
    ours, plain = (part.plan(lessons, SEEN, stream(0, "order")) for part in (EqualTokens(tokens=10), AsGiven()))
    assert ours == plain


@pytest.mark.parametrize("told", [("a",), ("abcdefgh", "ab"), ("abc", "abcd", "abcdefghijk")])
def test_work_is_the_same_whatever_was_chosen(told: tuple[str, ...]) -> None:
    assert passes(texts(*told), 240) * sum(map(len, told)) == pytest.approx(240)
