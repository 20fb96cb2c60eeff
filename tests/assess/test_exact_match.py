"""Exact match by hand, what is extracted, tokens at answer time, conversations, groups, and what is refused."""

import numpy as np
import pyarrow as pa
import pytest

from tutelage.assess.exact_match import ExactMatch
from tutelage.core.data import Block, Exam, Rows, Table, Text, labelled
from tutelage.core.errors import ContractBroken, Refused
from tutelage.kit.prompts import TYPE
from tutelage.recall.majority_vote import MajorityVote
from tutelage.runs.till import till
from tutelage.toys import POOL, Writer, stream, view


def exam(truth: dict[str, str], weight: float = 1.0, **columns) -> Exam:
    pool = Table.of("sums", {"text": list(truth), **columns}).pool()
    given = {"text": np.array(list(truth.values()), dtype=object)}
    size = len(truth)
    return Exam((Block(Rows(pool, np.arange(size)), None, Text, given, "file", np.zeros(size), np.full(size, weight)),))


def sat(student, paper: Exam, **settings):
    return ExactMatch(**settings).assess(student, paper, till(), stream(0, "assess"))


def test_by_hand() -> None:
    """Right: "4." for "4" and "SEVEN" for "seven"; wrong: silence, and the prompt itself. 2 of 4 is 0.5."""
    student = Writer({"2 + 2": ("4.",), "3 + 4": (" SEVEN",), "1 + 1": ("",)})
    match, tokens = sat(student, exam({"2 + 2": "4", "3 + 4": "seven", "1 + 1": "2", "5 + 5": "10"}))
    assert match.value == 0.5 and match.items.tolist() == [1, 1, 0, 0] and match.higher_is_better
    assert tokens.items.tolist() == [3 + 2, 3 + 2, 3 + 1, 3 + 4] and not tokens.higher_is_better
    assert tokens.value == 5.25


def test_numbers_and_patterns_are_read_in_reply_and_truth() -> None:
    student = Writer({"a": ("so 1,000 in all",), "b": ("I say 3 or 4",), "c": ("none",)})
    paper = exam({"a": "#### 1000.0", "b": "3", "c": "2"})
    assert sat(student, paper, extract="number")[0].items.tolist() == [1, 0, 0]
    student = Writer({"a": ("The answer is (B).",), "b": ("The answer is (b), no, the answer is (c)",)})
    assert sat(student, exam({"a": "b", "b": "b"}), extract=r"answer is \((\w)\)")[0].items.tolist() == [1, 0]


def test_the_tokens_of_a_vote_are_those_of_all_its_draws() -> None:
    paper, student = exam({"x": "a"}), Writer({"x": ("a", "a", "b")})
    vote = MajorityVote(n=7).equip(view(student=student), stream(0, "recall"))
    assert [one.value for one in sat(student, paper)] == [1, 3] and [one.value for one in sat(vote, paper)] == [1, 15]


def test_replies_end_where_the_exam_says() -> None:
    student = Writer({"x": ("a b c",)})
    assert sat(student, exam({"x": "a b"}), max_tokens=2)[0].value == 1
    assert sat(student, exam({"x": "a b"}), max_tokens=3)[0].value == 0


def test_a_conversation_is_replied_to_and_groups_are_kept() -> None:
    turns = pa.array([[{"role": "user", "text": "q", "learn": False}], None], type=TYPE)
    paper = exam({"shown": "yes", "r": "no"}, turns=turns, group=["g", "g"])
    match, _ = sat(Writer({"q": ("yes",), "r": ("no",)}), paper)
    assert match.value == 1 and match.groups.tolist() == [0, 0]


def test_without_items_it_is_no_number_and_labels_are_refused() -> None:
    assert np.isnan(sat(Writer(), exam({"x": "y"}, weight=0.0))[0].value)
    with pytest.raises(ContractBroken, match="holds Label"):
        sat(Writer(), Exam((labelled(Rows(POOL, np.arange(2)), [0, 1], "file"),)))
    with pytest.raises(ContractBroken, match="no items"):
        sat(Writer(), Exam(()))


def test_values_of_a_column_are_scored_apart_by_hand() -> None:
    """art: 1 of 1 right; bio: 1 of 3. The worst is bio; its items are 4/3 where right, and their mean is 1/3."""
    student = Writer({"p": ("a",), "q": ("a",)})
    paper = exam({"p": "a", "q": "a", "r": "a", "s": "a"}, topic=["bio", "art", "bio", "bio"])
    whole, _, art, bio, worst = sat(student, paper, by="topic")
    assert whole.value == 0.5
    assert (art.name, bio.name, worst.name) == ("exact_match_art", "exact_match_bio", "exact_match_worst")
    assert art.value == 1 and art.items.tolist() == [0, 4, 0, 0]
    assert worst.value == bio.value == pytest.approx(1 / 3) and worst.rows.tolist() == whole.rows.tolist()
    assert worst.items.tolist() == pytest.approx([4 / 3, 0, 0, 0])
    with pytest.raises(Refused, match="did you mean 'topic'"):
        sat(student, paper, by="topics")
