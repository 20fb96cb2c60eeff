"""The overlap of two arms' choices, from records written by hand and from a study that was run."""

import numpy as np
import pytest
import yaml

from tutelage.core.errors import Refused
from tutelage.recipe.conditions import Measure
from tutelage.recipe.read import read_text
from tutelage.report.quantity import quantity, quantity_of
from tutelage.report.sentences import sentence
from tutelage.runs.journal import Journal
from tutelage.runs.record import Record, write
from tutelage.study.checks import of_study
from tutelage.study.contrast import differences, needed
from tutelage.study.judge import judge
from tutelage.study.overlap import overlaps

WHOLE = "{data: {use: digits}, student: {use: vector.logistic}}"


@pytest.fixture
def recorded(tmp_path):
    """{arm: {seed: [rows of round 0, rows of round 1, ...]}}, every seed done but those whose rounds are None."""

    def made(arms, other: str = "{}", shows: str = "[]") -> Record:
        first, *others = arms
        seeds = list(arms[first])
        more = "".join(f"  {arm}: {other}\n" for arm in others)
        text = f"arms:\n  {first}: {WHOLE}\n{more}seeds: {seeds}\ncontrol: none\nshows: {shows}\n"
        folder = tmp_path / f"run{len(list(tmp_path.glob('run*')))}"
        write(folder / "resolved.yaml", yaml.safe_dump(read_text(text, "stated.yaml").resolved()))
        record = Record(folder)
        for arm, by_seed in arms.items():
            for seed, rounds in by_seed.items():
                place = record.arm_folder(arm, seed)
                (place / "rounds").mkdir(parents=True)
                journal = Journal(place / "events.jsonl")
                for number, rows in enumerate(rounds or []):
                    np.savez(place / f"rounds/{number}.npz", chosen=np.array(rows, dtype=np.int64))
                    journal.append({"event": "round", "round": number, "step": "0", "spent": {}, "scores": {}, "facts": {},
                                    "higher": {}, "digest": "", "arrays": f"rounds/{number}.npz"})  # fmt: skip
                if rounds is not None:
                    journal.append({"event": "end", "digest": arm, "spent": {}})
                journal.close()
        return record

    return made


def test_by_hand(recorded) -> None:
    """Seed 0: a asked about 1 2 3 4, b about 2 4 9: a half of a's rows are b's, two thirds of b's are a's.

    Seed 1: the same rows in another order and over other rounds. Seed 2: none in common. Seed 3: b is not done.
    """
    record = recorded(
        {
            "a": {0: [[1, 2], [4, 3]], 1: [[5, 6]], 2: [[1]], 3: [[1]]},
            "b": {0: [[9, 2, 4]], 1: [[6], [5]], 2: [[2]], 3: None},
        }
    )
    assert np.array_equal(overlaps(record, "a", "b"), [0.5, 1.0, 0.0, np.nan], equal_nan=True)
    assert overlaps(record, "b", "a")[0] == pytest.approx(2 / 3)
    assert overlaps(record, "a", "a")[:3].tolist() == [1, 1, 1]


def test_rows_count_once_and_none_is_not_a_share(recorded) -> None:
    record = recorded({"a": {0: [[1, 2], [1, 2]], 1: []}, "b": {0: [[1]], 1: [[1]]}})
    assert np.array_equal(overlaps(record, "a", "b"), [0.5, np.nan], equal_nan=True)


def test_arms_over_different_data_are_refused(recorded) -> None:
    record = recorded({"a": {0: [[1]]}, "b": {0: [[1]]}}, "{data: {use: digits, pool: 50}}")
    with pytest.raises(Refused, match="a and b have different data"):
        overlaps(record, "a", "b")


def test_below_a_share_is_judged_as_it_is_written(recorded) -> None:
    """Overlaps .5, .5, .4, .6, .5 with mean .5: -(.5) lies above -.6, not above -.4. The arm that is compared is read."""
    a = {seed: [list(range(10))] for seed in range(5)}
    b = {seed: [[*range(shared), *range(10, 20 - shared)]] for seed, shared in enumerate((5, 5, 4, 6, 5))}
    for limit, outcome in ((-0.6, "held"), (-0.4, "refuted")):
        shown = f"[{{of: {{a: -1}}, measure: {{use: overlap, of: b}}, above: {limit}}}]"
        record = recorded({"a": a, "b": b}, shows=shown)
        (below,) = record.read().study.shows
        values, note = differences(record, below)
        assert values == pytest.approx([-0.5, -0.5, -0.4, -0.6, -0.5]) and note == ""
        assert needed(below) == {"a", "b"}
        (judged,) = judge(record)
        assert judged.outcome == outcome and judged.estimate == pytest.approx(-0.5)
        said = sentence(judged, quantity_of(judged, "labels"), {}, "labels")
        assert f"share of b's rows among those of a is below {-100 * limit:.1f} %" in said.sentence.lower()
        assert said.size == "50.0 %"


def test_an_arm_that_is_not_there_is_told_and_the_number_is_named() -> None:
    shows = "shows: [{of: {a: -1}, measure: {use: overlap, of: c}, above: -0.6}]"
    read = read_text(f"arms:\n  a: {WHOLE}\n  b: {{}}\nseeds: 5\ncontrol: none\n{shows}", "stated.yaml")
    assert [fault.what for fault in of_study(read)] == ["there is no arm called 'c'"]
    named = quantity(Measure(use="overlap", of="b"), "labels")
    assert named.name == "share of b's rows among those" and named.level(0.25) == "25.0 %"
