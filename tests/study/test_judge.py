"""Verdicts on records whose numbers are stated."""

import math

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from tutelage.core.errors import Refused
from tutelage.kit.intervals import crossed, holm, t_interval
from tutelage.recipe.conditions import Contrast, Follows
from tutelage.recipe.schema import Study
from tutelage.study.judge import Judged, again, judge, level_at, overall, some_better

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


@pytest.mark.parametrize(("seeds", "said"), [(1, "one seed:"), (4, "4 seeds:")])
def test_below_five_seeds_everything_is_unclear(written, seeds: int, said: str) -> None:
    (found,) = judge(written({"a": arm(1.0, 0, seeds), "b": arm(0.0, 100, seeds)}, SHOWS % ""))
    assert (found.outcome, found.estimate) == ("unclear", 1)
    assert math.isnan(found.low) and found.note.startswith(said)


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
        outcome, verdict, interval = again(found.per_seed, found.squares, found.condition)
        assert (outcome, verdict) == (found.outcome, found.verdict)
        assert interval[:3] == pytest.approx((found.estimate, found.low, found.high), rel=1e-12)


def condition(outcome, gate=True) -> Judged:
    beats = Contrast(of={"a": 1, "b": -1}, gate=gate)
    return Judged(beats, outcome, "unclear", 0, 0, 0, 5, 0, (), "")


def test_overall() -> None:
    held, refuted, unclear = condition("held"), condition("refuted"), condition("unclear")
    assert overall([held, held]) == "held"
    assert overall([held, unclear]) == "unclear"
    assert overall([held, unclear, refuted]) == "refuted"
    assert overall([held, condition("refuted", gate=False)]) == "held"
    assert overall([]) == overall([condition("held", gate=False)]) == "unclear"


def test_interaction_of_four_arms(written) -> None:
    """(a - b) - (c - d), seed by seed and item by item."""
    arms = {"a": arm(0.9, 0), "b": arm(0.4, 50), "c": arm(0.6, 100), "d": arm(0.5, 150)}
    (found,) = judge(written(arms, "[{of: {a: 1, b: -1, c: -1, d: 1}, measure: {use: last}}]"))
    table = np.stack(
        [arms["a"][s][0][1] - arms["b"][s][0][1] - arms["c"][s][0][1] + arms["d"][s][0][1] for s in range(6)]
    )
    assert (found.estimate, found.low, found.high) == pytest.approx(crossed(table)[:3])
    assert found.condition.pair is None and found.condition.text == "a - b - c + d"


def test_one_arm_against_a_number_keeps_its_sign(written) -> None:
    """At least: .9 lies above .5; and a score where less is better is not turned, so its limit reads as written."""
    for higher in (True, False):
        (found,) = judge(written({"a": arm(0.9, 0)}, "[{of: {a: 1}, above: 0.5}]", higher=higher))
        assert found.outcome == "held" and found.estimate == pytest.approx(0.9, abs=0.1)
    (below,) = judge(written({"a": arm(0.9, 0)}, "[{of: {a: -1}, above: -0.95}]"))
    assert below.estimate < -0.8


def test_within_a_margin(written) -> None:
    """Two arms that share 90 % of their answers are the same within .2; two that differ by .6 are not; .02 is open."""
    base = arm(0.5, 0)
    close = {
        s: [(10, np.where(np.arange(40) % 10 == s % 10, 1 - points[0][1], points[0][1]))] for s, points in base.items()
    }
    shows = "[{treatment: a, control: b, within: %s}]"
    assert judge(written({"a": base, "b": close}, shows % 0.2))[0].outcome == "held"
    assert judge(written({"a": base, "b": close}, shows % 0.2))[0].verdict == "tie"
    assert judge(written({"a": base, "b": close}, shows % 0.001))[0].outcome == "unclear"
    assert judge(written({"a": arm(0.9, 0), "b": arm(0.3, 100)}, shows % 0.2))[0].outcome == "refuted"


def test_a_trend_over_a_knob_and_between_two_measures(written) -> None:
    """Shares .2, .5, .8 rise with the knob at every seed: correlation 1, its interval has no width."""
    arms = {"a": arm(0.1, 0), "b": arm(0.5, 50), "c": arm(0.95, 100)}
    shows = "[{arms: [a, b, c], knob: [1, 2, 30], measure: {use: last}, direction: %s}, {arms: [a, b, c], knob: {use: area}, direction: rises}]"
    rises, same = judge(written(arms, shows % "rises"))
    assert (rises.outcome, rises.estimate, same.outcome) == ("held", 1.0, "held")
    assert judge(written(arms, shows % "falls"))[0].outcome == "refuted"


def test_holm_over_the_arms_that_are_compared_with_one_control(written) -> None:
    arms = {"c": arm(0.5, 0), "a": arm(0.9, 100), "b": arm(0.55, 200)}
    shows = "[{treatment: a, control: c}, {treatment: b, control: c}, {treatment: a, control: b}]"
    judged = judge(written(arms, shows))
    adjusted = some_better(judged)
    assert adjusted[:2] == pytest.approx(holm([judged[0].p, judged[1].p])) and math.isnan(adjusted[2])


def test_cost_to_a_level_says_who_never_reached_it(written) -> None:
    fast = {s: [(10, [0, 0]), (20, [1, 1]), (40, [1, 1])] for s in range(5)}
    slow = {s: [(10, [0, 0]), (40, [1, 1] if s else [0, 0])] for s in range(5)}
    (found,) = judge(
        written({"fast": fast, "slow": slow}, "[{treatment: fast, control: slow, measure: {use: cost_to, level: 0.9}}]")
    )
    assert found.per_seed == (20, 20, 20, 20, 20) and found.outcome == "held"
    assert "slow at 1 of 5 seeds" in found.note


def test_a_cost_alone_is_not_known_where_the_level_was_never_reached(written) -> None:
    """40 labels were paid without reaching it at one seed: nothing says that it costs less than 80."""
    arms = {"a": {s: [(10, [0, 0]), (40, [1, 1] if s else [0, 0])] for s in range(5)}}
    (found,) = judge(written(arms, "[{of: {a: -1}, above: -80, measure: {use: cost_to, level: 0.9}}]"))
    assert found.outcome == "unclear" and math.isnan(found.estimate) and "a at 1 of 5 seeds" in found.note
    arms["a"][0] = arms["a"][1]
    assert judge(written(arms, "[{of: {a: -1}, above: -80, measure: {use: cost_to, level: 0.9}}]"))[0].outcome == "held"


def test_an_arm_that_is_compared_twice_is_one_question(written) -> None:
    arms = {"c": arm(0.5, 0), "a": arm(0.9, 100), "b": arm(0.55, 200)}
    plain = "{treatment: a, control: c}, {treatment: b, control: c}"
    more = "{treatment: a, control: c, by: 0.1}, {treatment: b, control: c, within: 0.2}"
    two, four = (some_better(judge(written(arms, f"[{shows}]"))) for shows in (plain, f"{plain}, {more}"))
    assert four[:2] == pytest.approx(two) and four[2] == four[0] and math.isnan(four[3])


def test_declared_looks_share_the_error() -> None:
    """At the end of two looks of 5 and 10 seeds less than .05 is left; a study without looks has all of it."""
    whole = {"arms": {"a": {"data": {"use": "digits"}, "student": {"use": "vector.logistic"}}}, "seeds": 10}
    study = Study.model_validate({**whole, "looks": [5]})
    levels = [level_at(study, seeds) for seeds in (5, 10)]
    assert sum(1 - level for level in levels) == pytest.approx(0.05) and levels[0] > levels[1] > 0.95
    assert level_at(Study.model_validate(whole), 10) == 0.95


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"treatment": "a", "control": "a"}, "two different arms"),
        ({"of": {"a": 1, "b": -0.5}}, "sum to 0.5"),
        ({"of": {"a": 1, "b": -1}, "above": 0.1, "within": 0.2}, "one of them"),
        ({"of": {"a": 1, "b": -1}, "measure": {"use": "cost_to"}}, "level"),
        ({"arms": ["a", "b", "c"], "knob": [1, 2]}, "3 values"),
        ({"arms": ["a", "b"], "knob": [1, 2]}, "at least 3"),
    ],
)
def test_conditions_that_mean_nothing_are_refused(condition, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(Contrast | Follows).validate_python(condition)


def test_a_fact_is_judged_over_seeds_and_never_turned(written) -> None:
    """Misfits 0.01 to 0.05, of b 0.2 more: below 0.1 is -misfit above -0.1; the difference keeps its sign."""
    shows = """[{of: {a: -1}, above: -0.1, measure: {use: fact, of: misfit}},
                {of: {b: -1}, above: -0.1, measure: {use: fact, of: misfit}},
                {treatment: a, control: b, measure: {use: fact, of: misfit}},
                {arms: [b, a, c], knob: {use: fact, of: misfit}, measure: {use: last}}]"""
    arms = {name: {seed: [(10, [float(name != "c"), name == "b"])] for seed in range(5)} for name in "abc"}

    def facts(arm: str, seed: int) -> list[dict[str, float]]:
        return [{"misfit": 0.01 * (seed + 1) + {"a": 0.0, "b": 0.2, "c": -1.0}[arm]}]

    below, above, difference, trend = judge(written(arms, shows, facts=facts))
    assert (below.outcome, below.estimate) == ("held", pytest.approx(-0.03))
    assert (below.low, below.high) == pytest.approx(t_interval(np.array(below.per_seed))[1:3])
    assert (above.outcome, difference.outcome) == ("refuted", "refuted")
    assert difference.per_seed == pytest.approx([-0.2] * 5) and difference.items == 0
    assert trend.per_seed == pytest.approx([1.0] * 5)  # accuracy 1, 0.5 and 0 as the misfit falls from b to a to c
