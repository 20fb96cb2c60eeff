"""format_skills: each skill by hand, its limits, and that the truth is not looked at."""

import numpy as np
import pytest

from tutelage.assess.format_skills import FormatSkills, answers
from tutelage.core.data import Block, Exam, Rows, Table, Text
from tutelage.core.rng import stream
from tutelage.toys import Writer, till

ASKED = ["What is a permit for a small house?", "Who pays?", "How long does it take to build?", "Is it dear?"]
SAID = ("A paper.", "who pays is the owner", "How long does it take to build? Long.", "It costs " + "a lot " * 10)
POOL = Table.of("asked", {"text": ASKED}).pool()


def scores(student: Writer, truth: str = "x", **how: object) -> dict[str, list[float]]:
    given = {"text": np.full(4, truth, dtype=object)}
    exam = Exam((Block(Rows(POOL, np.arange(4)), None, Text, given, "file", np.zeros(4), np.ones(4)),))
    found = FormatSkills(**how).assess(student, exam, till(), stream(0, "assess"))
    assert all(one.value == pytest.approx(float(one.items.mean())) for one in found)
    return {one.name: one.items.tolist() for one in found}


def test_by_hand() -> None:
    """The second goes on in small letters and repeats all of a short question, the third repeats and begins with a
    question, the fourth takes 22 words and an end where 20 are allowed.
    """
    told = scores(Writer(dict(zip(ASKED, ((one,) for one in SAID), strict=True))), max_tokens=20)
    assert told["ends"] == [1, 1, 1, 0] and told["fresh"] == [1, 0, 0, 1] and told["answers"] == [1, 0, 0, 1]
    assert told["format_skills"] == pytest.approx([1, 1 / 3, 1 / 3, 2 / 3])


def test_a_reply_of_just_the_budget_has_ended() -> None:
    """Three words and an end are 4 tokens: in time with 4, not with 3."""
    student = Writer(dict.fromkeys(ASKED, ("It is so.",)))
    assert scores(student, max_tokens=4)["ends"] == [1] * 4 and scores(student, max_tokens=3)["ends"] == [0] * 4


def test_the_neutral_limit_and_the_truth() -> None:
    silent = Writer(dict.fromkeys(ASKED, ("",)))
    told = scores(silent)
    assert told["ends"] == [1] * 4 and told["fresh"] == [1] * 4 and told["answers"] == [0] * 4
    assert scores(silent, truth="y") == told


@pytest.mark.parametrize("said", ["", "  ", "and so on.", ", which is", "What is it?", "User: hi", "<|im_start|>", "…"])
def test_no_answers(said: str) -> None:
    assert not answers(said)


@pytest.mark.parametrize("said", ["Yes.", "1. Ask.", "s=1", "The owner. Who else?", '"So" it is.', "Él paga."])
def test_answers(said: str) -> None:
    assert answers(said)
