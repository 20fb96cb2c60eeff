"""worked_problems: every style by hand, every reply right by working it out again, one exam for all seeds."""

import re

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data._styles import STYLES, Step
from tutelage.data.worked_problems import WorkedProblems, base, two_step

STEPS = (Step("+", 12, 30), Step("-", 42, 5))


@pytest.mark.parametrize(
    ("style", "reply"),
    [
        ("A", "12 + 30 = 42; 42 - 5 = 37"),
        ("B", "let p = 12 + 30 = 42, let q = p - 5 = 37"),
        ("C", "First add 30 to 12, which makes 42. Then take 5 from 42, which makes 37. So 37"),
        ("D", "42, 37"),
        ("E", "It is 37, as 42 - 5 = 37, and 42 as 12 + 30 = 42. Forwards: 12 + 30 = 42; 42 - 5 = 37. So 37"),
    ],
)  # fmt: skip
def test_styles_by_hand(style: str, reply: str) -> None:
    assert STYLES[style](STEPS) == reply


def answer(question: str) -> int:
    """Worked out from the words of the question alone."""
    numbers = [int(found) for found in re.findall(r"\d+", question)]
    for words, said in {
        "largest": max, "What is the sum": sum, "more and gives": lambda n: n[0] + n[1] - n[2],
        "and loses": lambda n: n[0] * n[1] - n[2], "and finds": lambda n: n[0] * n[1] + n[2],
        " + ": sum, " - ": lambda n: n[0] - n[1],
    }.items():  # fmt: skip
        if words in question:
            return int(said(numbers))
    raise AssertionError(question)


def test_every_reply_ends_with_the_right_number() -> None:
    rng = stream(5, "problems")
    for draw in (base, two_step):
        for _ in range(300):
            one = draw(rng)
            for told in STYLES.values():
                assert int(re.findall(r"-?\d+", told(one.steps))[-1]) == answer(one.text) >= 0


def test_five_replies_a_prompt_or_one_in_a_mixture() -> None:
    whole = WorkedProblems(prompts=30, exam=20).course(stream(0, "data"))
    pool, (block,) = whole.parts["pool"].pool, whole.exams["exam"].truth
    assert len(pool) == 150 and len(set(pool.column("group").to_pylist())) == 30 and block.size == 20
    assert not {*pool.texts()} & {*block.about.examples().texts()}
    mixed = WorkedProblems(task="base", prompts=400, mix={"A": 3, "B": 1}).course(stream(0, "data")).parts["pool"].pool
    styles = mixed.column("source").to_pylist()
    assert len(mixed) == 400 and set(styles) == {"A", "B"} and 0.68 < np.mean([one == "A" for one in styles]) < 0.82
    alone = WorkedProblems(prompts=30, exam=20, sources=("E",)).course(stream(0, "data")).parts["pool"].pool
    assert len(alone) == 30 and set(alone.column("source").to_pylist()) == {"E"} and alone.texts() == pool.texts()[::5]


def test_what_was_known_before_has_an_exam_of_its_own() -> None:
    both = WorkedProblems(prompts=5, exam=20).course(stream(3, "data")).exams
    base_only = WorkedProblems(task="base", prompts=5, exam=20).course(stream(4, "data")).exams
    assert both["old"].truth[0].digest() == base_only["exam"].truth[0].digest() and set(base_only) == {"exam"}


def test_unknown_styles_are_refused() -> None:
    for mix, what in (({"F": 1}, "no style 'F'"), ({"A": 0}, "no style has a weight")):
        with pytest.raises(Refused, match=what):
            WorkedProblems(mix=mix).course(stream(0, "data"))
