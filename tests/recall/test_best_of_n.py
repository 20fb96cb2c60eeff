"""The likeliest of n draws: by hand, by token and whole, a judge of its own, silence, cost, saved and loaded."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.parts import build
from tutelage.core.writing import CanJudge, CanWrite
from tutelage.recall.best_of_n import BestOfN
from tutelage.toys import Writer, stream, view


@dataclasses.dataclass(frozen=True, eq=False)
class Scored:
    """Writes as another does and judges by a table."""

    student: Any
    scores: dict[str, float]

    @property
    def fingerprint(self) -> str:
        return self.student.fingerprint

    def logprob(self, prompts: Sequence[Any], replies: Sequence[str]) -> np.ndarray:
        return np.array([self.scores[reply] for reply in replies])

    def write(self, prompts: Sequence[Any], k: int, rng: Any, **how: Any) -> Any:
        return self.student.write(prompts, k, rng, **how)


def best(scores: dict[str, float], **set: Any) -> str:
    student = Scored(Writer({"x": tuple(scores)}), scores)
    equipped = BestOfN(n=40, **set).equip(view(student=student), stream(0, "recall"))
    return str(equipped.write(["x"], 1, stream(0, "w")).texts[0, 0])


def test_by_hand() -> None:
    """ "a" has 2 tokens with its end and "b b b" 4: -2 / 2 = -1 against -3 / 4 = -0.75; whole, -2 beats -3."""
    assert best({"a": -2.0, "b b b": -3.0}) == "b b b" and best({"a": -2.0, "b b b": -3.0}, by="sum") == "a"
    assert best({"a": -2.0, "b b b": -4.1}) == "a"


def test_silence_never_wins_against_a_word() -> None:
    assert best({"": 0.0, "  ": 0.0, "a": -9.0}) == "a" and best({"": -1.0, " ": -2.0}) in {"", " "}


def test_equals_go_to_the_first_drawn() -> None:
    student = Scored(Writer({"x": ("a", "b", "c")}), {"a": -1.0, "b": -1.0, "c": -1.0})
    equipped = BestOfN(n=5).equip(view(student=student), stream(0, "recall"))
    drawn = student.write(["x"], 10, stream(3, "w")).texts.reshape(2, 5)
    assert (equipped.write(["x"], 2, stream(3, "w")).texts[0] == drawn[:, 0]).all()


def test_as_plainly_done() -> None:
    """The argmax of log p / tokens over each group of draws, computed one by one."""
    book = {"x": ("a", "b b", "b b", "c c c"), "y": ("d", "e e e e", "e e e e")}
    student = Writer(book)
    equipped = BestOfN(n=4).equip(view(student=student), stream(0, "recall"))
    told = equipped.write(["x", "y"], 6, stream(1, "w"))
    drawn = student.write(["x", "y"], 24, stream(1, "w")).texts.reshape(2, 6, 4)
    for row, prompt in enumerate("xy"):
        for draw in range(6):
            several = drawn[row, draw]
            each = [math.log(book[prompt].count(r) / len(book[prompt])) / (len(r.split()) + 1) for r in several]
            assert told.texts[row, draw] == several[int(np.argmax(each))]


def test_one_reply_is_the_student_itself() -> None:
    student = Writer({"x": ("a", "b")})
    assert BestOfN(n=1).equip(view(student=student), stream(0, "recall")) is student


def test_every_token_counts() -> None:
    """Prompt "x y" is read to write and to judge, 2 + 2; 3 draws of one word take 2 each, written once and judged once."""
    equipped = BestOfN(n=3).equip(view(student=Writer({"x y": ("a",)})), stream(0, "recall"))
    told = equipped.write(["x y"], 2, stream(0, "w"))
    assert told.tokens_out.tolist() == [[6, 6]] and told.tokens_in.tolist() == [4 + 12]


def test_a_judge_that_is_no_number_breaks_the_contract() -> None:
    with pytest.raises(ContractBroken, match="NaN"):
        best({"a": float("nan")})


def test_what_it_needs() -> None:
    assert BestOfN().needs == {CanWrite, CanJudge}
    part = build("recall", {"use": "best_of_n", "judge": {"use": "text.endpoint", "model": "m"}})
    assert part.needs == {CanWrite}
    with pytest.raises(Refused, match=r"text\.endpoint gives no log-probabilities"):
        part.equip(view(student=Writer()), stream(0, "recall"))


def test_a_judge_of_its_own(tiny_decoder: Path, tmp_path: Path) -> None:
    """The tiny decoder prefers what it gives a higher log-probability a token, whatever the writer thinks; kept beside it."""
    spec = {"use": "text.causal", "model": str(tiny_decoder)}
    part = build("recall", {"use": "best_of_n", "judge": spec, "n": 12, "by": "sum"})
    student = Writer({"go": ("one", "seventeen", "q")})
    equipped = part.equip(view(student=student), stream(0, "recall"))
    judge = build("student", spec).begin(view().pool, stream(0, "recall"))
    lp = dict(zip(student.book["go"], judge.logprob(["go"] * 3, student.book["go"]), strict=True))
    told = equipped.write(["go"], 1, stream(0, "w"))
    assert told.texts[0, 0] == max(lp, key=lambda reply: lp[reply])
    equipped.save(tmp_path)
    back = part.restored(student, tmp_path)
    assert back.fingerprint == equipped.fingerprint and (tmp_path / "judge" / "student.json").is_file()
    assert (back.write(["go"], 1, stream(0, "w")).texts == told.texts).all()
