"""recognition: two-alternative forced choice by the mean loss of a token, its ties, chance, and what it refuses."""

import numpy as np
import pytest

from tutelage.assess.recognition import Recognition, chosen, surprise
from tutelage.core.data import Exam, Table, Text
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.writing import ReadAlone
from tutelage.kit.foils import gibberish, random_words
from tutelage.toys import Rote, own_truth, till


class Letters(Rote):
    """A reader to whom each letter costs what is said; the end is free. As if a text were drawn letter by letter."""

    def __init__(self, costs: dict[str, float]) -> None:
        object.__setattr__(self, "costs", costs)

    def read_alone(self, texts):
        sums = [-sum(self.costs.get(letter, 3.0) for letter in text) for text in texts]
        return ReadAlone(np.array(sums), np.array([len(text) + 1 for text in texts]))


def assess(student, exam, **how):
    scores = Recognition(**how).assess(student, exam, till(), stream(0, "assess"))
    return {score.name: score for score in scores}


def test_by_hand() -> None:
    """The mean decides, not the sum: "aaaa" costs 4 in 5 tokens, 0.8; its foil "b" costs 2 in 2 tokens, 1.0.

    The sum would have chosen the foil. "b" against "aaaa" is wrong for the same reason; "ab" against "ba" is a tie.
    Of the kind `other` all foils cost 3 a letter: all are told. Over both kinds: (1 + 0 + 1/2 + 3) / 6.
    """
    reader = Letters({"a": 1.0, "b": 2.0})
    exam = own_truth(["aaaa", "b", "ab"], new=["b", "aaaa", "ba"], other=["zz", "zz", "zz"])
    found = assess(reader, exam)
    assert found["recognition_new"].items.tolist() == [1.0, 0.0, 0.5]
    assert found["recognition_other"].items.tolist() == [1.0, 1.0, 1.0]
    assert found["recognition"].value == pytest.approx(4.5 / 6) and len(found) == 3


def test_identical_study_and_foil_is_one_half() -> None:
    """The neutral limit. Strictly smaller alone would have given 0."""
    texts = ["abc", "hello", "hello there"]
    assert assess(Letters({"a": 0.3, "b": 0.1}), own_truth(texts, new=texts))["recognition"].items.tolist() == [0.5] * 3
    assert (chosen(np.ones(2), np.ones(2)) == 0.5).all() and not (np.ones(2) < np.ones(2)).any()


def test_who_has_stored_the_texts_recognises_all_of_them() -> None:
    exam = own_truth(["ab", "cd", "ef"], new=["ba", "dc", "fe"])
    assert assess(Rote(("ab", "cd", "ef")), exam)["recognition"].value == 1.0
    assert assess(Rote(), exam)["recognition"].value == 0.5  # who has stored none finds all alike


def test_who_has_not_studied_is_at_chance_on_exchangeable_texts_and_far_from_it_on_others() -> None:
    """400 pairs of words drawn alike: within 4 standard errors of 1/2. Scrambled letters and random words are told from
    text beforehand: bigrams of letters are known, those of scrambled words are not.
    """
    rng = np.random.Generator(np.random.PCG64(5))
    words = ["rain", "river", "stone", "house", "light", "green", "paper", "summer"]
    common = {a + b for word in words for a, b in zip(word, word[1:], strict=False)}

    class Bigrams(Rote):
        def read_alone(self, texts):
            costs = [sum(0.5 if text[i : i + 2] in common else 4.0 for i in range(len(text) - 1)) for text in texts]
            return ReadAlone(-np.array(costs), np.array([len(text) for text in texts]))

    mine, other = ([random_words(6, words, rng) for _ in range(400)] for _ in range(2))
    found = assess(Bigrams(), own_truth(mine, new=other, gibberish=[gibberish(text, rng) for text in mine]))
    assert abs(found["recognition_new"].value - 0.5) < 4 * 0.5 / 20
    assert found["recognition_gibberish"].value > 0.99


def test_equal_texts_are_read_once_and_in_any_company() -> None:
    calls = []

    class Counts(Letters):
        def read_alone(self, texts):
            calls.append(list(texts))
            return super().read_alone(texts)

    assert surprise(Counts({}), ["a", "b", "a"]).tolist() == [1.5, 1.5, 1.5] and calls == [["a", "b"]]
    assert surprise(Counts({}), []).tolist() == []


def test_lessons_of_weight_0_are_no_items_and_their_foils_neither() -> None:
    exam = own_truth(["ab", "cd"], new=["xx", "cd"])
    exam = exam._replace(truth=(exam.truth[0]._replace(weight=np.array([1.0, 0.0])),))
    found = assess(Letters({"a": 0.1, "b": 0.1}), exam)["recognition"]
    assert found.rows.tolist() == [0] and found.value == 1.0


def test_what_it_refuses() -> None:
    with pytest.raises(ContractBroken, match="no part with foils"):
        assess(Rote(), own_truth(["ab"]))
    with pytest.raises(ContractBroken, match="2 texts need as many foils; the part 'new' has 1"):
        assess(Rote(), own_truth(["ab", "cd"], new=["ba"]))
    with pytest.raises(ContractBroken, match="this exam has no items"):
        assess(Rote(), Exam(()))
    block = own_truth(["ab"]).truth[0]._replace(kind=Text, given={"text": np.array(["x"], dtype=object)})
    with pytest.raises(ContractBroken, match="this exam holds Text"):
        assess(Rote(), Exam((block,)))
    other = own_truth(["cd"]).truth[0]
    with pytest.raises(ContractBroken, match="one table"):
        assess(Rote(), Exam((own_truth(["ab"]).truth[0], other), {"new": Table.of("x", {"text": ["a", "b"]}).pool()}))
    with pytest.raises(ContractBroken, match="above 0"):
        assess(Letters({"a": -9.0}), own_truth(["a"], new=["b"]))
