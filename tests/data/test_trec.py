"""TREC: the class names that the file gets wrong are put right; what it has merged is not guessed at."""

import functools

import pytest

from tutelage.core.errors import Missing
from tutelage.core.rng import stream
from tutelage.data.trec import MEANT, NAMES, WRITTEN, Trec, coarse


def course(seed: int = 0, **settings: object):
    try:
        return Trec(**settings).course(stream(seed, "data"))  # type: ignore[arg-type]
    except Missing as missing:
        pytest.skip(str(missing))


@functools.cache
def by_class() -> dict[str, list[str]]:
    made = course()
    part = made.parts["pool"]
    found: dict[str, list[str]] = {}
    for text, code in zip(part.pool.texts(), part.answers.codes[part.pool.numbers], strict=True):
        found.setdefault(part.pool.labels[code], []).append(text.lower())
    return found


def test_the_names_are_a_rearrangement_less_what_is_merged() -> None:
    """47 written, 47 meant; `desc` and `other` replace two and three classes of the original 50."""
    assert len(set(WRITTEN)) == len(set(MEANT)) == len(NAMES) == 47
    assert {"desc", "other"} < set(MEANT)
    assert (
        sum(":" in name for name in MEANT) == 45 and len({name.partition(":")[0] for name in MEANT if ":" in name}) == 6
    )


# A telling word and the class that its questions ask for.
SIGNS = [
    ("who", "HUM:ind"), ("when", "NUM:date"), ("how many", "NUM:count"), ("city", "LOC:city"),
    ("country", "LOC:country"), ("state", "LOC:state"), ("mountain", "LOC:mount"), ("how do", "DESC:manner"),
    ("why", "DESC:reason"), ("stand for", "ABBR:exp"), ("abbreviat", "ABBR:abb"), ("color", "ENTY:color"),
    ("religion", "ENTY:religion"), ("language", "ENTY:lang"), ("instrument", "ENTY:instru"),
    ("percentage", "NUM:perc"), ("how fast", "NUM:speed"), ("currency", "ENTY:currency"), ("how long", "NUM:period"),
    ("letter", "ENTY:letter"), ("number", "NUM:code"), ("symbol", "ENTY:symbol"),
]  # fmt: skip


@pytest.mark.parametrize("word, name", SIGNS)
def test_questions_ask_for_what_their_class_says(word: str, name: str) -> None:
    """Of all 47 classes the named one holds the word in the largest share of its questions, by a factor of 1.5.

    Two classes with exchanged names would fail: their words would be most common under the other name.
    """
    texts = by_class()
    share = {one: sum(word in text for text in some) / len(some) for one, some in texts.items()}
    next_best = max(value for one, value in share.items() if one != name)
    assert len(texts) == 47 and share[name] > 1.5 * next_best


def test_sizes() -> None:
    """Fine: 4,849 less one text of the test split and one repeat. Coarse: 932 questions of `desc` and `other` fewer."""
    fine, broad = course(), course(classes="coarse")
    assert len(fine.parts["pool"].pool) == 4847 and len(fine.exams["exam"].truth[0].about.rows) == 490
    assert len(broad.parts["pool"].pool) == 3915 and len(broad.exams["exam"].truth[0].about.rows) == 406
    assert broad.parts["pool"].pool.labels == ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
    assert any("932 training and 84 exam texts" in note for note in broad.notes)
    assert len(course(split="dev").exams["exam"].truth[0].about.rows) == 532


def test_a_lost_coarse_class_is_not_guessed() -> None:
    assert coarse("ENTY:plant") == coarse("ENTY:letter") == ""
    assert [coarse(name) for name in ("ABBR:abb", "ENTY:color", "LOC:mount")] == ["DESC", "HUM", "ABBR"]


def test_a_smaller_exam_is_the_same_for_every_seed_and_part_of_a_larger_one() -> None:
    """Items are the first of one order of all texts, and each keeps its class."""

    def numbers(size: int, seed: int) -> set[int]:
        made = course(seed, classes="coarse", split="dev", exam=size)
        (block,), (whole,) = made.exams["exam"].truth, course(classes="coarse", split="dev").exams["exam"].truth
        codes = dict(zip(whole.about.numbers.tolist(), whole.given["label"].tolist(), strict=True))
        assert [codes[one] for one in block.about.numbers.tolist()] == block.given["label"].tolist()
        assert any(f"The exam is {size} of these" in note for note in made.notes)
        return set(block.about.numbers.tolist())

    assert len(numbers(20, 0)) == 20 and numbers(20, 0) == numbers(20, 1) < numbers(30, 0)
