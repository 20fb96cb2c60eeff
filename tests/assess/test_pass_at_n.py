"""pass@n of programs that are drawn and run."""

from typing import Any

import numpy as np
import pytest

from tutelage.assess.pass_at_n import PassAtN, by_chance
from tutelage.core.data import Block, Exam, Label, Rows, Table, Text
from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.parts import build
from tutelage.core.writing import Written
from tutelage.runs.till import till
from tutelage.toys import stream

POOL = Table.of("two", {"text": ["3 and 4?", "2 and 2?"]}).pool()


class Writes:
    """For each item a list of programs, over and over."""

    def __init__(self, *several: list[str]) -> None:
        self.several, self.asked = several, {}

    def write(self, prompts: Any, k: int, rng: Any, **settings: Any) -> Written:
        self.asked = settings
        texts = np.array([(self.several[row] * k)[:k] for row in range(len(prompts))], dtype=object)
        return Written(texts, np.ones(len(prompts), dtype=np.int64), np.ones(texts.shape, dtype=np.int64))


class Drawn:
    """Item i is right with probability p[i], by luck."""

    def __init__(self, *p: float) -> None:
        self.p = p

    def write(self, prompts: Any, k: int, rng: Any, **settings: Any) -> Written:
        good = rng.random((len(prompts), k)) < np.array(self.p)[:, None]
        texts = np.where(good, np.array(["answer=7", "answer=4"], dtype=object)[:, None], "answer=0")
        return Written(texts, np.ones(len(prompts), dtype=np.int64), np.ones(texts.shape, dtype=np.int64))


def exam(*references: str, weight: tuple[float, ...] = (1, 1)) -> Exam:
    given = {"text": np.array(references or ("answer=3+4", "answer=2+2"), dtype=object)}
    return Exam(
        (Block(Rows(POOL, np.arange(2)), None, Text, given, "exam", np.zeros(2), np.array(weight, dtype=float)),)
    )


def values(part: PassAtN, student: Any, paper: Exam | None = None, seed: int = 0) -> dict[str, float]:
    return {score.name: score.value for score in part.assess(student, paper or exam(), till(), stream(seed, "assess"))}


def test_by_hand() -> None:
    """Of 4 draws 1 is right for the first item, 4 for the second. pass@1: 1/4 and 1. pass@2: of 6 pairs 3 hold it, and 1.

    By chance: none of the second's four outcomes (4) is 7; one of the first's four (7, 4, 0, none) is 4: 0 and 1/4.
    """
    student = Writes(["a=3\nanswer=a+4", "answer=4", "answer=0", "import os"], ["answer=1+3", "answer=4"])
    scores = PassAtN(n=(1, 2), draws=4).assess(student, exam(), till(), stream(0, "assess"))
    assert [score.name for score in scores] == ["pass_at_n", "pass_at_1", "pass_at_2", "by_chance"]
    assert [score.items.tolist() for score in scores] == [[0.5, 1.0], [0.25, 1.0], [0.5, 1.0], [0.0, 0.25]]
    assert scores[0].value == 0.75 and not scores[-1].higher_is_better
    assert student.asked == {"max_tokens": 100, "temperature": 0.8}


def test_one_draw_at_temperature_0_is_accuracy() -> None:
    student = Writes(["answer=7"], ["answer=5"])
    assert values(PassAtN(n=(1,), draws=1, temperature=0), student)["pass_at_n"] == 0.5
    assert student.asked["temperature"] == 0


def test_it_is_1_where_too_few_are_wrong_to_fill_n() -> None:
    """2 of 4 draws are wrong: three draws always hold a right one, two do not: of 6 pairs 1 is wrong throughout."""
    student = Writes(["answer=7", "answer=0"], ["answer=4"])
    scores = PassAtN(n=(2, 3), draws=4).assess(student, exam(), till(), stream(0, "assess"))
    assert {one.name: one.items.tolist() for one in scores[1:3]} == {
        "pass_at_2": pytest.approx([5 / 6, 1]),
        "pass_at_3": [1, 1],
    }


def test_it_varies_less_from_more_draws_than_are_tried() -> None:
    """pass@5 at p = 0.2, 0.67 on average: any of 5 draws is right or not, deviation 0.47.

    Of 20 draws c are right, binomially, and 1 - C(20 - c, 5) / C(20, 5) has deviation 0.193.
    """

    def spread(draws: int) -> float:
        part = PassAtN(n=(5,), draws=draws)
        several = [part.assess(Drawn(0.2, 0.2), exam(), till(), stream(s, "assess"))[0].items for s in range(300)]
        return float(np.std(several))

    assert spread(5) == pytest.approx(np.sqrt(0.8**5 * (1 - 0.8**5)), rel=0.1)
    assert spread(20) == pytest.approx(0.193, rel=0.1)


def test_it_is_unbiased() -> None:
    """Mean over many exams against 1 - (1 - p)^5, for p = 0.1 and 0.5; the plug-in estimate would be off by 0.02."""
    part = PassAtN(n=(5,), draws=8)
    several = [part.assess(Drawn(0.1, 0.5), exam(), till(), stream(seed, "assess"))[0].items for seed in range(1500)]
    mean, error = np.mean(several, axis=0), np.std(several, axis=0) / np.sqrt(1500)
    assert (np.abs(mean - (1 - np.array([0.9, 0.5]) ** 5)) < 4 * error).all() and (error < 0.01).all()


def test_more_draws_may_not_be_asked_than_made_and_equal_ones_not_at_all() -> None:
    for settings, told in (
        ({"n": [30]}, "at least 30 draws"),
        ({"n": [1, 1]}, "each n is said once"),
        ({"temperature": 0}, "all draws are equal"),
    ):
        with pytest.raises(Refused, match=told):
            build("assess", {"use": "pass_at_n", **settings})


def test_python_is_run_in_the_box() -> None:
    student = Writes(
        ["print(7)", "while True: ..."], ["import os; print(os.getpid() * 4)", "print(open('/etc/passwd'))"]
    )
    part = PassAtN(n=(1,), draws=2, check="python")
    assert values(part, student, exam("print(3 + 4)", "print(2 + 2)"))["pass_at_1"] == 0.5


def test_an_exam_that_is_none_is_said_and_items_of_no_weight_are_none() -> None:
    part, student = PassAtN(n=(1,), draws=1), Writes(["answer=7"], ["answer=4"])
    with pytest.raises(ContractBroken, match="a reference has no outcome: 'answer'"):
        values(part, student, exam("answer", "answer=1"))
    with pytest.raises(ContractBroken, match="this exam has no items"):
        values(part, student, Exam(()))
    block = exam().truth[0]._replace(kind=Label)
    with pytest.raises(ContractBroken, match="this exam holds Label"):
        values(part, student, Exam((block,)))
    assert values(part, student, exam(weight=(1, 0)))["pass_at_n"] == 1


def test_chance_against_counting_all() -> None:
    rng = np.random.default_rng(0)
    told = rng.integers(0, 4, (7, 5)).astype(str).astype(object)
    truth = [str(one) for one in rng.integers(0, 4, 7)]
    slow = [np.mean([one == truth[i] for j in range(7) if j != i for one in told[j]]) for i in range(7)]
    assert by_chance(told, truth) == pytest.approx(slow)
    assert by_chance(told[:1], truth[:1]).tolist() == [0.0]
