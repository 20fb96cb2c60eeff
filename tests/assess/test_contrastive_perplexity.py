"""The ratio of two perplexities: by hand, against a short reference, on words alone, and with a real student."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.assess.contrastive_perplexity import ContrastivePerplexity, begun
from tutelage.core.data import Exam, Score
from tutelage.core.errors import ContractBroken
from tutelage.core.parts import build
from tutelage.core.writing import Turn
from tutelage.kit.structured import compact
from tutelage.toy_writer import preferences, texts
from tutelage.toys import Reader, stream, till

LETTERS = {"a": -1.0, "b": -3.0, "c": -0.5, "d": -0.25}


def examine(part: ContrastivePerplexity, student: object, rows: list[tuple[str, str, str]]) -> dict[str, Score]:
    scores = part.assess(student, Exam(preferences(rows)), till(), stream(0, "assess"))
    return {score.name: score for score in scores}


def test_by_hand() -> None:
    """Chosen a and ccc: 1 and 1.5 nats over 1 and 3 tokens, 2.5 / 4 a token; rejected bb and a: 7 nats over 3.

    Not the mean of both replies' perplexities, which would be (e^1 + e^0.5) / 2.
    """
    found = examine(ContrastivePerplexity(), Reader(LETTERS), [("x", "a", "bb"), ("y", "ccc", "a")])
    assert found["ppl_chosen"].value == pytest.approx(np.exp(2.5 / 4))
    assert found["ppl_chosen"].value != pytest.approx((np.exp(1) + np.exp(0.5)) / 2, abs=0.05)
    assert found["ppl_rejected"].value == pytest.approx(np.exp(7 / 3))
    assert found["contrastive_perplexity"].value == pytest.approx(np.exp(2.5 / 4 - 7 / 3))
    assert found["contrast_share"].value == 1 and len(found) == 4


WORD = st.text("abcd", min_size=1, max_size=6)


@given(st.lists(st.tuples(WORD, WORD), min_size=1, max_size=150))
def test_against_the_plain_formula_in_any_number_of_calls(pairs: list[tuple[str, str]]) -> None:
    found = examine(ContrastivePerplexity(), Reader(LETTERS), [("x", one, other) for one, other in pairs])
    chosen, rejected = ("".join(side) for side in zip(*pairs, strict=True))
    loss = [-sum(LETTERS[letter] for letter in side) / len(side) for side in (chosen, rejected)]
    assert found["contrastive_perplexity"].value == pytest.approx(np.exp(loss[0] - loss[1]))
    for score in found.values():
        assert score.value == pytest.approx(score.items.mean(dtype=np.float64), rel=1e-4)


def test_equal_replies_have_ratio_1() -> None:
    """The neutral limit, and every item says the same."""
    found = examine(ContrastivePerplexity(), Reader(LETTERS), [("x", "ab", "ab"), ("y", "c", "c")])
    assert found["contrastive_perplexity"].items.tolist() == [1, 1]


def test_prompts_do_not_count() -> None:
    short, long = (examine(ContrastivePerplexity(), Reader(LETTERS), [(x, "a", "b")]) for x in ("x", "x" * 50))
    assert [one.value for one in short.values()] == [one.value for one in long.values()]


def test_words_alone_follow_all_that_stands_before_them() -> None:
    """The reader sees the words with what closes them; fields before them are part of what is asked."""
    seen = []

    class Watched(Reader):
        def rate(self, prompts, replies):  # noqa: ANN001, ANN202
            seen.extend(zip(prompts, replies, strict=True))
            return super().rate(prompts, replies)

    chosen, rejected = (compact({"act": act, "reply": words}) for act, words in (("1", "ab"), ("2", "cd")))
    found = examine(
        ContrastivePerplexity(words="reply"), Watched({**LETTERS, '"': 0.0, "}": 0.0}), [("x", chosen, rejected)]
    )
    assert seen[2] == ((Turn("user", "x"), Turn("assistant", '{"act":"1","reply":"')), 'ab"}')
    assert found["ppl_chosen_words"].value == pytest.approx(np.exp(4 / 4))
    assert found["contrastive_perplexity_words"].value == pytest.approx(np.exp(1 - 0.75 / 4))


def test_words_of_a_real_student_and_what_comes_before_make_the_whole() -> None:
    """log p(whole) = log p(start) + log p(rest | start), where no token lies across the border."""
    from tutelage.core.data import Table

    student = build("student", {"use": "text.tiny", "hidden": 16, "layers": 1, "heads": 2}).begin(
        Table.of("x", {"text": ["x"]}).pool(), stream(0, "student")
    )
    text = compact({"action": "1", "reply": "Not yet."})
    start = begun(text, "reply")
    turns = (Turn("user", "x"), Turn("assistant", text[:start]))
    whole, rest = student.rate(["x"], [text])[0], student.rate([turns], [text[start:]])[0]
    assert whole == pytest.approx(student.logprob(["x"], [text[:start]])[0] + rest, abs=1e-4)


def test_pairs_that_do_not_fit_are_left_out_and_said() -> None:
    class Small(Reader):
        def rate(self, prompts, replies):  # noqa: ANN001, ANN202
            return np.where([len(one) > 3 for one in replies], np.nan, super().rate(prompts, replies))

    found = examine(ContrastivePerplexity(), Small(LETTERS), [("x", "a", "b"), ("y", "aaaa", "b")])
    assert found["contrastive_perplexity"].value == pytest.approx(np.exp(-2)) and found["contrast_share"].value == 0.5
    assert len(found["ppl_chosen"].items) == 1


def test_an_exam_of_another_kind_and_words_that_are_not_last_are_refused() -> None:
    with pytest.raises(ContractBroken, match="pairs of replies are examined here; this exam holds Text"):
        ContrastivePerplexity().assess(Reader(), Exam(texts([("x", "a")])), till(), stream(0, "assess"))
    for text in ('{"reply":"a","act":"1"}', '{"act":"1"}', '{"reply":1}'):
        with pytest.raises(ContractBroken, match="is not the last one"):
            begun(text, "reply")
    assert begun('{"act": "reply", "reply": "a"}', "reply") == 27
