"""cued_recall: the completed half alone, the whole text as released, a store of texts, and what stops nobody."""

import numpy as np
import pytest

from tutelage.assess.cued_recall import NAMES, CuedRecall
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.writing import Recited
from tutelage.toys import Rote, own_truth, till

TEXT = "one two three four five six"


class Says(Rote):
    """Goes on with these words behind the first half of the words; a token is a word."""

    def __init__(self, *said: str) -> None:
        object.__setattr__(self, "words", said)

    def recite(self, texts, share=0.5):
        split = [text.split() for text in texts]
        halves = [int(share * len(one)) for one in split]
        cue = [" ".join(one[:half]) + " " for one, half in zip(split, halves, strict=True)]
        rest = [one[half:] for one, half in zip(split, halves, strict=True)]
        said = [list(self.words)[: len(one)] for one in rest]
        codes = {word: code for code, word in enumerate(dict.fromkeys([*sum(rest, []), *sum(said, [])]))}
        ids = [np.array([codes[word] for one in some for word in one], dtype=np.int64) for some in (rest, said)]
        columns = [np.array([" ".join(one) for one in some], dtype=object) for some in (rest, said)]
        starts = np.concatenate([[0], np.cumsum([len(one) for one in rest])])
        return Recited(np.array(cue, dtype=object), *columns, *ids, starts)


def assess(student, texts, **how):
    scores = CuedRecall(**how).assess(student, own_truth(texts), till(), stream(0, "assess"))
    assert [score.name for score in scores] == list(NAMES)
    return {score.name: score.value for score in scores}


def test_by_hand() -> None:
    """Rest: four five six. Said: five four nine. Bags share 2 of 3 and 3: F1 2/3. Runs of two: none of 2 and 2.

    In order: "four" or "five", 1 of 3 and 3. Whole: 5 of 6 and 6 words; runs one-two, two-three of 5 and 5; 4 in order.
    """
    found = assess(Says("five", "four", "nine"), [TEXT])
    assert found == pytest.approx({
        "cued_recall": 2 / 3, "rouge_1": 2 / 3, "rouge_2": 0.0, "rouge_l": 1 / 3, "whole_rouge_1": 5 / 6,
        "whole_rouge_2": 2 / 5, "whole_rouge_l": 4 / 6, "verbatim": 0.0,
    })  # fmt: skip


def test_who_brings_back_nothing_has_0_on_the_half_and_about_one_half_on_the_whole() -> None:
    """The two definitions apart: three words of the text that are all wrong leave 3 of 6 and 6 words, F1 1/2."""
    found = assess(Says("x", "y", "z"), [TEXT, "a b c d e f"])
    assert found["whole_rouge_1"] == pytest.approx(0.5) and found["whole_rouge_l"] == pytest.approx(0.5)
    assert all(found[name] == 0 for name in ("cued_recall", "rouge_1", "rouge_2", "rouge_l", "verbatim"))


def test_who_has_stored_the_texts_brings_them_back_word_for_word() -> None:
    texts = ["a b c d", "e f g h i"]
    assert all(value == 1 for value in assess(Rote(tuple(texts)), texts).values())
    assert assess(Rote((texts[0],)), texts)["verbatim"] == 0.5


def test_the_share_that_is_given() -> None:
    """Of four words three are given: one is left to say."""
    assert assess(Says("d"), ["a b c d"], share=0.75)["cued_recall"] == 1.0
    assert assess(Says("d"), ["a b c d"], share=0.75)["whole_rouge_1"] == 1.0


def test_a_student_that_stops_early_breaks_the_contract() -> None:
    with pytest.raises(ContractBroken, match="as many tokens as it has"):
        assess(Says("four"), [TEXT])
