"""bought: replies that another arm of the run has bought are found and charged; nothing else is, nor one's own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutelage.core.rng import stream
from tutelage.core.writing import Prompt, Written
from tutelage.kit.asked import asked
from tutelage.runs.bought import bought
from tutelage.runs.till import RecordedTill, till
from tutelage.toys import Writer


@dataclass(frozen=True)
class Counting:
    """The toy writer, and how many prompts it was asked."""

    writer: Writer = Writer({"2 + 2": ("4", "four"), "3 + 3": ("6", "six")})
    seen: list[int] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        return self.writer.fingerprint

    def write(self, prompts: Sequence[Prompt], k: int, rng: Any, **how: Any) -> Written:
        self.seen.append(len(prompts))
        return self.writer.write(prompts, k, rng, **how)


def arm(run: Path, name: str, seed: int) -> tuple[RecordedTill, Path]:
    place = run / "arms" / name / str(seed) / "events.jsonl"
    place.parent.mkdir(parents=True)
    return till({}, place, bought(run, place)), place


def test_a_second_arm_pays_the_same_and_asks_for_the_rest(tmp_path: Path) -> None:
    """One prompt by the first arm, two by the second: the writer is asked about one of them only."""
    student = Counting()
    first, _ = arm(tmp_path, "a", 0)
    one = asked(student, ["2 + 2"], 2, stream(5, "teach"), first)
    second, place = arm(tmp_path, "b", 1)
    both = asked(student, ["2 + 2", "3 + 3"], 2, stream(5, "teach"), second)
    assert student.seen == [1, 1] and both.texts[0].tolist() == one.texts[0].tolist()
    alone = till()
    asked(Counting(), ["2 + 2", "3 + 3"], 2, stream(5, "teach"), alone)
    assert second.book.ledger.spent == alone.book.ledger.spent and second.book.charged == alone.book.charged
    second.book.journal.close()
    again = till({}, place)
    assert again.book.recorded == second.book.charged, "what was found is written down like a purchase"
    for purse in (first, again):
        purse.book.journal.close()


def test_other_units_and_ones_own_journal_are_left_out(tmp_path: Path) -> None:
    purse, place = arm(tmp_path, "a", 0)
    purse.pay("labels", ["x"], ["left"], [1.0])
    purse.pay("calls", ["y"], [1], [1.0])
    purse.book.journal.close()
    assert bought(tmp_path, place) == {} and bought(tmp_path, tmp_path / "other") == {"y": 1}
