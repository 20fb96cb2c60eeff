"""Foils differ from a text in what they say they do; copies of a text are found; overlap of words by hand."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tutelage.core.rng import stream
from tutelage.kit.foils import Runs, gibberish, random_words, synonym
from tutelage.kit.rouge import overlap, rouge_l, rouge_n

TEXT = some.text("ab c\té", max_size=40)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@given(TEXT, some.integers(0, 5))
def test_gibberish_has_the_letters_of_the_text(text: str, seed: int) -> None:
    made = gibberish(text, rng(seed))
    assert Counter("".join(made.split())) == Counter("".join(text.split())) and len(made.split()) == len(text.split())
    assert Counter(map(len, made.split())) == Counter(map(len, text.split()))


def test_a_synonym_differs_in_exactly_one_word() -> None:
    text, others = "The big dog saw a big cat, and fled.", {"big": ["large", "vast"], "fled": ["ran"]}
    for seed in range(20):
        made = str(synonym(text, others, rng(seed)))
        pairs = [(a, b) for a, b in zip(text.split(), made.split(), strict=True) if a != b]
        assert len(pairs) == 1 and pairs[0] in {("big", "large"), ("big", "vast"), ("fled.", "ran.")}
    assert {synonym(text, others, rng(seed)) for seed in range(40)} >= {text.replace("fled", "ran")}
    assert synonym("nothing here", others, rng()) is None and synonym("Big.", {"big": ["large"]}, rng()) == "Large."


def test_a_name_is_no_word_and_an_article_stays_right() -> None:
    """Of "An old man" only an elderly one is right; behind "a" only "big"; a capital inside is a name's."""
    others = {"old": ["aged", "wizened"], "vast": ["immense", "big"], "rock": ["stone"]}
    assert {synonym("An old man met Old Rock.", others, rng(seed)) for seed in range(20)} == {
        "An aged man met Old Rock."
    }
    assert {synonym("It is a vast sea", others, rng(seed)) for seed in range(20)} == {"It is a big sea"}
    assert synonym("An old man", {"old": ["wizened"]}, rng()) is None
    assert synonym("That opera\nvast", others, rng()) in {"That opera\nimmense", "That opera\nbig"}


def test_random_words_are_as_many_as_asked() -> None:
    made = random_words(25, ["one", "two", "three"], rng())
    assert len(made.split()) == 25 and set(made.split()) <= {"one", "two", "three"}
    assert random_words(0, ["one"], rng()) == ""


def test_copies_are_found_by_their_runs_of_words() -> None:
    """Three words a run. "a b c d e" has 3; two of them, a b c and b c d, stand in the other text, in other writing."""
    here = Runs(["a b c d e", "f g h", "f g"], 3)
    assert here.shared(Runs(["x A, b -- c: d! y"], 3)).tolist() == pytest.approx([2 / 3, 0, 0])
    assert here.shared(here).tolist() == [1, 1, 0]  # a text without a run has nothing to share
    assert Runs(["a b c d", "b c d e", "x y z x y z"], 3).repeated().tolist() == pytest.approx([1 / 2, 1 / 2, 0])


@given(some.lists(some.integers(0, 3), max_size=8), some.lists(some.integers(0, 3), max_size=8))
def test_overlap_is_f1_of_precision_and_recall(a: list[int], b: list[int]) -> None:
    """Against the slow definition: match items one by one."""
    left, matched = list(b), 0
    for one in a:
        if one in left:
            left.remove(one)
            matched += 1
    if not a and not b:
        wanted = 1.0
    elif matched == 0:
        wanted = 0.0
    else:
        precision, recall = matched / len(b), matched / len(a)
        wanted = 2 * precision * recall / (precision + recall)
    assert overlap(a, b) == pytest.approx(wanted) and overlap(a, b) == overlap(b, a)


@given(some.text("ab ", max_size=9), some.text("ab ", max_size=9))
def test_rouge_l_is_the_longest_subsequence_found_by_trying_all(a: str, b: str) -> None:
    x, y = a.split(), b.split()
    assert rouge_n("cat", "dog", 2) == 0 and rouge_n("Cat", "cat.", 2) == 1 and rouge_n("", "", 2) == 1

    def within(part: list[str], whole: list[str]) -> bool:
        rest = iter(whole)
        return all(one in rest for one in part)

    subsets = ([one for place, one in enumerate(x) if code >> place & 1] for code in range(2 ** len(x)))
    longest = max(len(part) for part in subsets if within(part, y))
    wanted = 1.0 if not x and not y else 2 * longest / (len(x) + len(y))
    assert rouge_l(a, b) == pytest.approx(wanted)
    assert rouge_n(a, b, 1) >= rouge_l(a, b) - 1e-12  # an order kept is a bag kept


def test_no_part_of_a_word_is_replaced_and_the_article_fits() -> None:
    """Neither a part of a compound nor of a possessive; behind an article what goes with that article."""
    words = {"metre": ["meter"], "twain": ["couple"], "union": ["alliance", "league"], "hour": ["instant", "time"]}
    luck = stream(0, "foils")
    for text in ("the 36-metre tower", "the metre-long one", "Twain's", "Twain\u2019s", "the non\u2011metre"):
        assert synonym(text, words, luck) is None
    assert synonym("the metre, too", words, luck) == "the meter, too"
    assert {synonym("A union of two", words, luck) for _ in range(9)} == {"A league of two"}
    assert {synonym("within an hour", words, luck) for _ in range(9)} == {"within an instant"}


def test_a_word_is_no_synonym_of_itself() -> None:
    assert synonym("the rain", {"rain": ["rain", "Rain"]}, stream(0, "foils")) is None
