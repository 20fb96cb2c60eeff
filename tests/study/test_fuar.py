"""FUAR from records written by hand: phases by the column of tasks, what is undefined, and what is refused."""

import math

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from tutelage.core.data import Course, Part, Table
from tutelage.core.errors import Refused
from tutelage.recipe.conditions import Contrast, Measure
from tutelage.recipe.read import read_text
from tutelage.runs.journal import Journal
from tutelage.runs.record import Record, write
from tutelage.study import contrast
from tutelage.study.contrast import differences
from tutelage.study.fuar import fuar
from tutelage.study.judge import judge

MEASURE = Measure(use="fuar", of="kept", gained=("changed", "new"))


def course(tasks: list[str] | None = None) -> Course:
    columns = {"text": [f"t{row}" for row in range(6)], "episode": np.arange(6), **({"task": tasks} if tasks else {})}
    return Course({"pool": Part(Table.of("pool", columns).pool(), None)}, {})


@pytest.fixture
def recorded(tmp_path):
    """{arm: {seed: [(kept, changed, new) or None, ...]}}: the first before all learning; round r teaches row r."""

    def made(arms, end: bool = True, opening: bool = True) -> Record:
        first, *others = arms
        seeds = list(arms[first])
        whole = "{data: {use: digits}, student: {use: vector.logistic}}"
        lines = [f"arms:\n  {first}: {whole}", *(f"  {arm}: {{}}" for arm in others), f"seeds: {seeds}"]
        folder = tmp_path / f"run{len(list(tmp_path.glob('run*')))}"
        write(folder / "resolved.yaml", yaml.safe_dump(read_text("\n".join(lines), "stated.yaml").resolved()))
        record = Record(folder)
        for arm, by_seed in arms.items():
            for seed, rounds in by_seed.items():
                place = record.arm_folder(arm, seed)
                (place / "rounds").mkdir(parents=True)
                journal = Journal(place / "events.jsonl")
                for number, scores in enumerate(rounds, -1 if opening else 0):
                    np.savez(
                        place / f"rounds/{number}.npz", chosen=np.array([number] if number >= 0 else [], dtype=np.int64)
                    )
                    told = {} if scores is None else dict(zip(("kept", "changed", "new"), scores, strict=True))
                    journal.append({"event": "round", "round": number, "step": "0", "spent": {}, "scores": told, "facts": {},
                                    "higher": dict.fromkeys(told, True), "digest": "", "arrays": f"rounds/{number}.npz"})  # fmt: skip
                if end:
                    journal.append({"event": "end", "digest": arm, "spent": {}})
                journal.close()
        return record

    return made


ROUNDS = [(0.9, 0.1, 0.0), (0.8, 0.2, 0.4), (0.7, 0.3, 0.5), (0.6, 0.5, 0.3)]


def test_one_phase_by_hand(recorded) -> None:
    """Without tasks only the first and the last count: (.9 - .6) / (.4 + .3) = 3 / 7; what lies between does not."""
    record = recorded({"a": {0: ROUNDS}})
    assert fuar(record, "a", 0, MEASURE, course()) == pytest.approx(3 / 7)
    assert fuar(record, "a", 0, MEASURE, course(["x"] * 6)) == pytest.approx(3 / 7)
    unseen = recorded({"a": {0: [ROUNDS[0], None, None, ROUNDS[3]]}})
    assert fuar(unseen, "a", 0, MEASURE, course()) == pytest.approx(3 / 7)


def test_two_phases_by_hand(recorded) -> None:
    """x is taught in rounds 0 and 1, y in round 2. Lost: .9 - .6 and .7 - .6. Won: .5 - .1, .5 - .3 and .3 - 0, 0.

    (.3 + .1) / (.4 + .2 + .3) = 4 / 9. With what phase x brought as F_1, new: .5 - .3, so (.3 + .2) / .9.
    """
    record = recorded({"a": {0: ROUNDS}})
    two = course(["x", "x", "y", "y", "y", "y"])
    assert fuar(record, "a", 0, MEASURE, two) == pytest.approx(4 / 9)
    own = MEASURE.model_copy(update={"kept": ("kept", "new")})
    assert fuar(record, "a", 0, own, two) == pytest.approx(5 / 9)
    with pytest.raises(Refused, match="one for each model before the last was asked for: 1"):
        fuar(record, "a", 0, own, course())


def test_what_cannot_be_told(recorded) -> None:
    still = [(0.9, 0.1, 0.0), (0.2, 0.1, 0.0)]
    assert fuar(recorded({"a": {0: still}}), "a", 0, MEASURE, course()) is None, "no gain"
    assert math.isnan(fuar(recorded({"a": {0: ROUNDS}}, end=False), "a", 0, MEASURE, course()))
    with pytest.raises(Refused, match="not examined before it was taught"):
        fuar(recorded({"a": {0: ROUNDS}}, opening=False), "a", 0, MEASURE, course())
    with pytest.raises(Refused, match="did you mean 'kept'"):
        fuar(recorded({"a": {0: ROUNDS}}), "a", 0, Measure(use="fuar", of="kep", gained=("new",)), course())
    blind = recorded({"a": {0: [ROUNDS[0], None, ROUNDS[3]]}})
    with pytest.raises(Refused, match="at the end of round 0\n.*examine every phase at its end: assess_every: 1"):
        fuar(blind, "a", 0, MEASURE, course(["x", "y", "y", "y", "y", "y"]))


def test_a_condition_is_turned_so_that_less_is_better_and_no_gain_is_said(recorded, monkeypatch) -> None:
    """3 / 7 for a, 1 / 7 for b: b is better by 2 / 7 at every seed. Where c gains nothing there is no verdict."""
    mild = [ROUNDS[0], (0.8, 0.5, 0.3)]
    still = [ROUNDS[0], (0.2, 0.1, 0.0)]
    record = recorded({"a": dict.fromkeys(range(5), ROUNDS), "b": dict.fromkeys(range(5), mild),
                       "c": {seed: mild if seed else still for seed in range(5)}})  # fmt: skip
    monkeypatch.setattr(contrast, "courses", lambda record, arms, seed: dict.fromkeys(arms, course()))
    found, note = differences(record, Contrast(treatment="b", control="a", measure=MEASURE))
    assert found == pytest.approx([2 / 7] * 5) and note == ""
    alone, _ = differences(record, Contrast(of={"a": 1}, measure=MEASURE))
    assert alone == pytest.approx([3 / 7] * 5), "one arm alone keeps its sign"
    found, note = differences(record, Contrast(treatment="c", control="a", measure=MEASURE))
    assert np.isnan(found).tolist() == [True] + [False] * 4 and "no gain at 1 of 5 seeds" in note
    assert not judge(record)


@pytest.mark.parametrize("wrong", [{"use": "fuar"}, {"use": "last", "gained": ["new"]}, {"use": "last", "kept": ["new"]},
                                   {"use": "fuar", "gained": ["new"], "experts": {"a": "b"}}])  # fmt: skip
def test_what_a_measure_may_say(wrong) -> None:
    with pytest.raises(ValidationError):
        Measure(**wrong)
