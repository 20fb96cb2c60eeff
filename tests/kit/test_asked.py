"""Buying replies: charged once, found again after a kill, never more than the budget; asked lines for the outside."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.core.errors import Spent
from tutelage.core.writing import Written
from tutelage.kit.asked import AT_ONCE, asked
from tutelage.recall.best_of_n import BestOfN
from tutelage.recall.majority_vote import MajorityVote
from tutelage.runs.journal import lines
from tutelage.runs.till import RecordedTill, till
from tutelage.toys import Writer, stream, view

BOOK = Writer({str(i): (f"a{i}", f"b{i} b", f"c{i} c c") for i in range(40)})
PROMPTS = [str(i) for i in range(40)]


@contextmanager
def recorded(path: Path, **limits: float) -> Iterator[RecordedTill]:
    """A till over a journal, which is closed as a kill would."""
    purse = till(limits, path)
    journal = purse.book.journal
    assert journal is not None
    with closing(journal):
        yield purse


@dataclasses.dataclass(frozen=True, eq=False)
class Counted:
    """A writer that notes what it was asked, and is cut off at a prompt."""

    student: Any
    asked: list[str] = dataclasses.field(default_factory=list)
    falls_at: str = ""
    outside: bool = False

    @property
    def fingerprint(self) -> str:
        return self.student.fingerprint

    def write(self, prompts: Sequence[Any], k: int, rng: Any, **how: Any) -> Written:
        self.asked.extend(prompts)
        if self.falls_at in prompts:
            raise KeyboardInterrupt
        return self.student.write(prompts, k, rng, **how)


def test_by_hand() -> None:
    """Prompt "7" has 1 token; of its replies "a7" and "b7 b" take 2 and 3 with the end: 1 + 2, then 3; 2 calls."""
    rng = next(s for s in range(99) if asked(BOOK, ["7"], 2, stream(s, "t"), till()).texts.tolist() == [["a7", "b7 b"]])
    purse = till({"teacher_tokens": 6 + 10**6, "calls": 9})
    told = asked(BOOK, ["7"], 2, stream(rng, "t"), purse)
    assert told.tokens.tolist() == [[3, 3]] and purse.left("teacher_tokens") == 10**6 and purse.left("calls") == 7


def test_it_says_what_the_student_writes_however_it_is_cut_into_calls() -> None:
    """The same luck, asked for whole: 40 prompts are three calls here."""
    told = asked(BOOK, PROMPTS, 3, stream(0, "t"), till(), max_tokens=9)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(int(stream(0, "t").integers(2**63)))))
    assert (told.texts == BOOK.write(PROMPTS, 3, rng, max_tokens=9).texts).all() and len(PROMPTS) > 2 * AT_ONCE


def test_nobody_is_asked_twice_and_nothing_is_charged_twice() -> None:
    student, purse = Counted(BOOK), till({"teacher_tokens": 10**6})
    first = asked(student, PROMPTS, 2, stream(0, "t"), purse)
    left, count = purse.left("teacher_tokens"), len(student.asked)
    again = asked(student, PROMPTS, 2, stream(0, "t"), purse)
    assert (again.texts == first.texts).all() and (again.tokens == first.tokens).all()
    assert purse.left("teacher_tokens") == left and len(student.asked) == count == 40
    asked(student, PROMPTS, 2, stream(1, "t"), purse)  # other luck is another purchase
    assert len(student.asked) == 80


@pytest.mark.parametrize("other", [{"max_tokens": 5}, {"temperature": 0.5}, {"stop": (" ",)}])
def test_other_sampling_is_another_purchase(other: dict[str, Any]) -> None:
    student, purse = Counted(BOOK), till()
    asked(student, ["1"], 1, stream(0, "t"), purse)
    asked(student, ["1"], 1, stream(0, "t"), purse, **other)
    assert student.asked == ["1", "1"]


def test_without_luck_one_is_bought_whatever_the_seed() -> None:
    student, purse = Counted(BOOK), till({"calls": 1})
    told = asked(student, ["3"], 4, stream(0, "t"), purse, temperature=0)
    again = asked(student, ["3"], 4, stream(9, "t"), purse, temperature=0)
    assert told.texts.tolist() == again.texts.tolist() == [["a3"] * 4] and told.tokens.tolist() == [[3, 0, 0, 0]]
    assert student.asked == ["3"] and purse.left("calls") == 0


def test_a_killed_round_goes_on_where_it_was(tmp_path: Path) -> None:
    """Cut off in the third call: the first two are found paid, the third is asked again, and all is as if nothing was."""
    whole = asked(BOOK, PROMPTS, 2, stream(0, "t"), till())
    before, after = Counted(BOOK, falls_at="35"), Counted(BOOK)
    with recorded(tmp_path / "events.jsonl") as purse, pytest.raises(KeyboardInterrupt):
        asked(before, PROMPTS, 2, stream(0, "t"), purse)
    with recorded(tmp_path / "events.jsonl", teacher_tokens=10**6) as purse:
        told = asked(after, PROMPTS, 2, stream(0, "t"), purse)
    assert after.asked == PROMPTS[2 * AT_ONCE :] and (told.texts == whole.texts).all()
    assert purse.left("teacher_tokens") == 10**6 - told.tokens.sum() and (told.tokens == whole.tokens).all()


def test_a_kill_between_tokens_and_calls_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with recorded(path) as purse:
        asked(BOOK, ["1", "2"], 2, stream(0, "t"), purse)
    kept = path.read_bytes().splitlines(keepends=True)
    assert len(kept) == 2
    path.write_bytes(kept[0])
    student = Counted(BOOK)
    with recorded(path, calls=4) as purse:
        asked(student, ["1", "2"], 2, stream(0, "t"), purse)
    assert not student.asked and purse.left("calls") == 0
    assert [line["unit"] for line in lines(path)] == ["teacher_tokens", "calls"]


def test_a_budget_is_never_passed_and_what_fits_is_asked() -> None:
    """A prompt of one byte can take 1 + 64 + 16 read and 3 written, 84; 200 hold two of them, and what they leave none."""
    student, purse = Counted(BOOK), till({"teacher_tokens": 200})
    with pytest.raises(Spent, match="teacher_tokens"):
        asked(student, PROMPTS, 1, stream(0, "t"), purse, max_tokens=3)
    assert 0 <= purse.left("teacher_tokens") < 84 and student.asked[:2] == ["0", "1"]
    student, purse = Counted(BOOK), till({"calls": 5})
    with pytest.raises(Spent, match="calls"):
        asked(student, PROMPTS, 2, stream(0, "t"), purse)
    assert purse.left("calls") == 1 and student.asked == ["0", "1"]


def test_an_outside_call_is_written_before_it_is_made(tmp_path: Path) -> None:
    """Cut off in the call: the line is there, and the one that goes on says how many may have been paid twice."""
    path = tmp_path / "events.jsonl"
    with recorded(path) as purse, pytest.raises(KeyboardInterrupt):
        asked(Counted(BOOK, falls_at="1", outside=True), ["1", "2"], 3, stream(0, "t"), purse)
    assert [(line["event"], len(line["keys"])) for line in lines(path)] == [("asked", 6)]
    with recorded(path) as purse:
        told = asked(Counted(BOOK, outside=True), ["1", "2"], 3, stream(0, "t"), purse)
    assert told.again == 6 and [line["event"] for line in lines(path)] == ["asked", "asked", "pay", "pay"]
    student = Counted(BOOK, outside=True)
    with recorded(path) as purse:
        assert asked(student, ["1", "2"], 3, stream(0, "t"), purse).again == 0 and not student.asked


def test_a_student_that_ponders_is_charged_for_all_its_draws() -> None:
    """Of 4 draws each: 8 calls for 2 prompts; at temperature 0 the seed matters all the same, since it draws."""
    vote: Any = MajorityVote(n=4).equip(view(student=BOOK), stream(0, "recall"))
    purse = till({"calls": 8})
    told = asked(vote, ["1", "2"], 1, stream(0, "t"), purse, temperature=0)
    assert purse.left("calls") == 0 and told.tokens.min() >= 1 + 4 * 2
    replies = {asked(vote, ["1"], 1, stream(s, "t"), till(), temperature=0).texts[0, 0] for s in range(20)}
    assert len(replies) > 1
    best: Any = BestOfN(n=4).equip(view(student=BOOK), stream(0, "recall"))
    asked(best, ["1"], 1, stream(0, "t"), till({"teacher_tokens": 2 * 4 * (1 + 64 + 16 + 3)}), max_tokens=3)
    with pytest.raises(Spent):
        asked(best, ["1"], 1, stream(0, "t"), till({"teacher_tokens": 2 * 4 * (1 + 64 + 16 + 3) - 1}), max_tokens=3)
