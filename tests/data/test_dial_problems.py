"""dial_problems: by hand, every reply right by working it out again, exams that stand in no pool."""

import re

import pytest

from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data._styles import STYLES, Step
from tutelage.data.dial_problems import DialProblems, base, two_step

STEPS = (Step("+", 3, 8, 10), Step("^", 1, 9, 10))


@pytest.mark.parametrize(
    ("style", "reply"),
    [
        ("A", "3 + 8 = 1; 1 ^ 9 = 1"),
        ("B", "let p = 3 + 8 = 1, let q = p ^ 9 = 1"),
        ("C", "First add 8 to 3, which makes 1. Then keep 1 at most 9, which makes 1. So 1"),
        ("D", "1, 1"),
        ("E", "It is 1, as 1 ^ 9 = 1, and 1 as 3 + 8 = 1. Forwards: 3 + 8 = 1; 1 ^ 9 = 1. So 1"),
    ],
)  # fmt: skip
def test_styles_by_hand(style: str, reply: str) -> None:
    """3 + 8 = 11 is 1 on a dial of ten."""
    assert STYLES[style](STEPS) == reply


def answer(question: str) -> int:
    """Worked out from the words of the question alone."""
    numbers = [int(found) for found in re.findall(r"\d", question)]
    verbs = re.findall(r"add|take|max|min", question)
    at = numbers[0]
    for verb, b in zip(verbs if "then" in question else verbs * 2, numbers[1:], strict=True):
        at = {"add": (at + b) % 10, "take": (at - b) % 10, "max": max(at, b), "min": min(at, b)}[verb]
    return at


def test_every_reply_ends_with_the_right_digit() -> None:
    rng = stream(5, "problems")
    for draw in (base, two_step):
        for _ in range(400):
            one = draw(rng)
            assert all(0 <= number <= 9 for step in one.steps for number in (step.a, step.b, step.result))
            for told in STYLES.values():
                assert int(re.findall(r"\d+", told(one.steps))[-1]) == answer(one.text)


def test_two_steps_are_two_different_operations_and_base_problems_one() -> None:
    rng = stream(6, "problems")
    assert all(len({step.op for step in two_step(rng).steps}) == 2 for _ in range(50))
    lists = [base(rng).steps for _ in range(200)]
    assert all(len(steps) == 2 and len({step.op for step in steps}) == 1 for steps in lists)


def test_exams_stand_in_no_pool_and_the_splits_share_no_problem() -> None:
    """1,500 of the 3,000 base problems that two exams of 500 leave; what was known before is examined beside."""
    made = {split: DialProblems(split=split).course(stream(0, "data")) for split in ("test", "dev")}  # type: ignore[arg-type]
    pools = [set(one.parts["pool"].pool.texts()) for one in made.values()]
    exams = [
        set(one.exams[name].truth[0].about.examples().texts()) for one in made.values() for name in ("exam", "old")
    ]
    assert pools[0] == pools[1] and len(pools[0]) == 400 and [len(one) for one in exams] == [500] * 4
    assert len(set.union(*exams, *pools)) == 2400
    first = DialProblems(task="base", prompts=1500, mix={"A": 1}).course(stream(1, "data"))
    assert len(first.parts["pool"].pool) == 1500
    assert not set(first.parts["pool"].pool.texts()) & set.union(*exams)
    assert set(first.exams) == {"exam"}


def test_five_replies_a_prompt_one_in_a_mixture_or_those_of_a_source() -> None:
    rows = DialProblems(prompts=30, exam=20).course(stream(0, "data")).parts["pool"].pool
    assert len(rows) == 150 and len(set(rows.column("group").to_pylist())) == 30
    mixed = DialProblems(prompts=400, exam=20, mix={"D": 3, "C": 1}).course(stream(0, "data")).parts["pool"].pool
    styles = mixed.column("source").to_pylist()
    assert len(mixed) == 400 and set(styles) == {"C", "D"} and 0.68 < styles.count("D") / 400 < 0.82
    alone = DialProblems(prompts=30, exam=20, sources=("E",)).course(stream(0, "data")).parts["pool"].pool
    assert alone.texts() == rows.texts()[::5] and set(alone.column("source").to_pylist()) == {"E"}


def test_the_pool_follows_the_seed_and_the_exam_does_not() -> None:
    one, same, other = (DialProblems(prompts=9, exam=9).course(stream(seed, "data")) for seed in (0, 0, 1))
    prints = [course.parts["pool"].pool.fingerprint for course in (one, same, other)]
    assert prints[0] == prints[1] != prints[2]
    assert one.exams["exam"].truth[0].digest() == other.exams["exam"].truth[0].digest()


def test_unknown_styles_are_refused() -> None:
    with pytest.raises(Refused, match="no style 'F'"):
        DialProblems(mix={"F": 1}).course(stream(0, "data"))
