"""Verdicts on records whose numbers are stated."""

import math

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.kit.intervals import crossed, t_interval
from tutelage.recipe.schema import Beats
from tutelage.study.judge import Judged, again, judge, overall

SHOWS = "[{treatment: a, control: b, measure: {use: last}%s}]"


def exams(seed: int, share: float, size: int = 40) -> np.ndarray:
    luck = np.random.Generator(np.random.PCG64(seed))
    return (luck.random(size) < share).astype(float)


def arm(share: float, shift: int, seeds: int = 6):
    return {seed: [(10, exams(seed + shift, share))] for seed in range(seeds)}


def test_seeds_crossed_with_items_is_what_decides(written) -> None:
    one, other = arm(0.9, 0), arm(0.3, 100)
    (found,) = judge(written({"a": one, "b": other}, SHOWS % ""))
    table = np.stack([one[seed][0][1] - other[seed][0][1] for seed in range(6)])
    assert (found.estimate, found.low, found.high) == pytest.approx(crossed(table)[:3])
    assert (found.outcome, found.verdict, found.seeds, found.items) == ("held", "better", 6, 40)
    assert found.per_seed == pytest.approx(table.mean(1).tolist())
    assert "crossed" in found.note


def test_the_other_way_round_is_refuted(written) -> None:
    (found,) = judge(written({"a": arm(0.3, 0), "b": arm(0.9, 100)}, SHOWS % ""))
    assert (found.outcome, found.verdict) == ("refuted", "worse")


def test_a_margin_moves_the_outcome_not_the_verdict(written) -> None:
    """a is some .6 better: better than b, but not by .95; and two equal arms hold a margin of -.5."""
    (high,) = judge(written({"a": arm(0.9, 0), "b": arm(0.3, 100)}, SHOWS % ", by: 0.95"))
    assert (high.outcome, high.verdict) == ("refuted", "better")
    (low,) = judge(written({"a": arm(0.5, 0), "b": arm(0.5, 0)}, SHOWS % ", by: -0.5"))
    assert (low.outcome, low.verdict) == ("held", "unclear")


def test_equal_answers_are_unclear_not_held(written) -> None:
    """The difference is 0 without spread: it is not above 0."""
    (found,) = judge(written({"a": arm(0.5, 0), "b": arm(0.5, 0)}, SHOWS % ""))
    assert (found.outcome, found.low, found.high) == ("unclear", 0, 0)
    assert "alike" in found.note


def test_less_is_better_turns_the_difference(written) -> None:
    (found,) = judge(written({"a": arm(0.3, 0), "b": arm(0.9, 100)}, SHOWS % "", higher=False))
    assert (found.outcome, found.verdict) == ("held", "better")
    assert found.estimate > 0


@pytest.mark.parametrize("seeds", [1, 4])
def test_below_five_seeds_everything_is_unclear(written, seeds: int) -> None:
    (found,) = judge(written({"a": arm(1.0, 0, seeds), "b": arm(0.0, 100, seeds)}, SHOWS % ""))
    assert (found.outcome, found.estimate) == ("unclear", 1)
    assert math.isnan(found.low) and f"{seeds} seeds" in found.note


def test_a_score_that_is_no_mean_of_items_is_judged_over_seeds(written) -> None:
    one, other = arm(0.9, 0), arm(0.3, 100)
    (found,) = judge(written({"a": one, "b": other}, SHOWS % "", value=np.median))
    medians = [np.median(one[seed][0][1]) - np.median(other[seed][0][1]) for seed in range(6)]
    assert (found.estimate, found.low, found.high) == pytest.approx(t_interval(np.array(medians))[:3])
    assert found.items == 0 and "not the mean" in found.note


def test_an_exam_of_its_own_for_every_seed_is_judged_over_seeds(written) -> None:
    rows = lambda seed: np.arange(40) + 40 * int(seed)  # noqa: E731
    (found,) = judge(written({"a": arm(0.9, 0), "b": arm(0.3, 100)}, SHOWS % "", rows=rows))
    assert found.items == 0 and "exam of its own" in found.note


def test_groups_widen_the_interval(written) -> None:
    arms = {"a": arm(0.9, 0), "b": arm(0.3, 100)}
    (alone,), (grouped,) = (judge(written(arms, SHOWS % "", groups=g)) for g in (None, np.arange(40) // 10))
    assert alone.estimate == pytest.approx(grouped.estimate)
    assert "groups" in grouped.note and (alone.low, alone.high) != (grouped.low, grouped.high)


def test_an_unfinished_arm_is_refused(written) -> None:
    record = written({"a": arm(0.9, 0), "b": arm(0.3, 100)}, SHOWS % "")
    (record.arm_folder("b", 3) / "events.jsonl").unlink()
    with pytest.raises(Refused, match="b at seed 3"):
        judge(record)


def test_stored_values_give_the_verdict_again(written) -> None:
    """What is kept of a comparison, per-seed values and two mean squares, is enough to work out its interval."""
    for value in (np.mean, np.median):
        (found,) = judge(written({"a": arm(0.9, 0), "b": arm(0.3, 100)}, SHOWS % "", value=value))
        outcome, interval = again(found.per_seed, found.squares, 0.0)
        assert outcome == found.outcome
        assert interval[:3] == pytest.approx((found.estimate, found.low, found.high), rel=1e-12)


def condition(outcome, gate=True) -> Judged:
    beats = Beats(treatment="a", control="b", gate=gate)
    return Judged(beats, outcome, "unclear", 0, 0, 0, 5, 0, (), "")


def test_overall() -> None:
    held, refuted, unclear = condition("held"), condition("refuted"), condition("unclear")
    assert overall([held, held]) == "held"
    assert overall([held, unclear]) == "unclear"
    assert overall([held, unclear, refuted]) == "refuted"
    assert overall([held, condition("refuted", gate=False)]) == "held"
    assert overall([]) == overall([condition("held", gate=False)]) == "unclear"
