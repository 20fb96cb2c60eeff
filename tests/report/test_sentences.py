"""Every kind of condition has its own badge, unit and sentence; the numbers are worked out in the docstrings."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.kit.intervals import Interval
from tutelage.recipe.conditions import Contrast, Follows, Measure
from tutelage.report.quantity import quantity, quantity_of
from tutelage.report.verdicts import headlines
from tutelage.report.words import chance, percent
from tutelage.study.judge import Judged, decide

TWO = {"clever": 1.0, "plain": -1.0}
COST = Measure(use="cost_to", level=0.85)


def found(condition, estimate: float, low: float, high: float, **others) -> Judged:
    """A condition that came out like this, by the rule of the referee."""
    tie = others.pop("tie", None)
    outcome, verdict = decide(Interval(estimate, low, high, 4, 5, 0), condition, tie)
    if math.isnan(low):
        outcome, verdict = "unclear", "unclear"
    return Judged(condition, outcome, verdict, estimate, low, high, 5, 0, (estimate,) * 5, "how", tie=tie, **others)


@pytest.fixture
def heads(told):
    """The headlines of conditions, over a summary whose curves end at 308 labels."""

    def made(*judged: Judged, unit: str = "labels"):
        return headlines(judged, told(("clever", "plain", "third")).arms, unit)

    return made


def test_a_plain_difference_is_better_worse_or_unclear(heads) -> None:
    """0.0912 is 9.1 points; turned round, -0.0912 [-0.1043, -0.0781] is 9.1 points [7.8, 10.4] behind."""
    condition = Contrast(of=TWO)
    better, worse, unclear = heads(
        found(condition, 0.0912, 0.0781, 0.1043), found(condition, -0.0912, -0.1043, -0.0781),
        found(condition, 0.004, -0.01, 0.018))  # fmt: skip
    assert (better.badge, better.said.text) == ("better", "clever beats plain by 9.1 points [7.8, 10.4] at 308 labels")
    assert (worse.badge, worse.said.text) == (
        "worse",
        "clever falls behind plain by 9.1 points [7.8, 10.4] at 308 labels",
    )
    assert unclear.said.text == "clever and plain cannot be told apart yet: +0.4 points [−1.0, 1.8] at 308 labels"
    assert (better.number, worse.number, worse.interval) == ("+9.1", "−9.1", "[−10.4, −7.8]")


def test_a_tie_says_its_margin(heads) -> None:
    (head,) = heads(found(Contrast(of=TWO), 0.003, -0.008, 0.014, tie=0.02))
    assert head.badge == "tie"
    assert head.said.text == "clever and plain tie: +0.3 points [−0.8, 1.4] at 308 labels, inside ±2.0 points"


def test_a_margin_that_is_asked_for_is_said_and_the_badge_is_that_of_the_difference(heads) -> None:
    (head,) = heads(found(Contrast(of=TWO, above=0.1), 0.0912, 0.0781, 0.1043))
    assert head.badge == "better" and head.limit == "above 10.0 points"
    assert "above 10.0 points was asked for: unclear" in head.basis


def test_no_worse_than_is_a_statement(heads) -> None:
    (head,) = heads(found(Contrast(of=TWO, above=-0.02), 0.003, -0.012, 0.018))
    assert head.badge == "held"
    assert head.said.text == "clever is no more than 2.0 points behind plain: +0.3 points [−1.2, 1.8] at 308 labels"


@pytest.mark.parametrize(
    ("span", "badge", "start"),
    [((-0.01, 0.015), "held", "clever and plain differ by less than 2.0 points:"),
     ((0.03, 0.06), "refuted", "clever and plain differ by more than 2.0 points:"),
     ((0.01, 0.05), "unclear", "Whether clever and plain differ by less than 2.0 points cannot be said yet:")],
)  # fmt: skip
def test_within_a_margin(heads, span, badge, start) -> None:
    (head,) = heads(found(Contrast(of=TWO, within=0.02, above=None), sum(span) / 2, *span))
    assert (head.badge, head.said.sentence) == (badge, start)
    assert head.p == "–"  # a p-value of no difference answers another question


def test_several_arms_are_compared_as_means(heads) -> None:
    of = {"clever": 1.0, "plain": -0.5, "third": -0.5}
    (head,) = heads(found(Contrast(of=of), 0.0912, 0.0781, 0.1043))
    assert head.badge == "held"
    assert head.said.text == "clever beats the mean of plain and third by 9.1 points [7.8, 10.4] at 308 labels"


def test_a_difference_of_differences_keeps_its_formula(heads) -> None:
    of = {"clever": 1.0, "plain": -2.0, "third": 1.0}
    (head,) = heads(found(Contrast(of=of), -0.0912, -0.1043, -0.0781))
    assert head.badge == "refuted"
    assert head.said.text == (
        "The contrast clever − 2 plain + third is below 0: −9.1 points [−10.4, −7.8] at 308 labels"
    )


def test_one_arm_against_a_number_from_above_and_from_below(heads) -> None:
    """of: {clever: -1}, above: -0.85 says that it is below 85 %; its own number, 0.8123, is shown unturned."""
    above, below = heads(found(Contrast(of={"clever": 1.0}, above=0.8), 0.8123, 0.805, 0.82),
                         found(Contrast(of={"clever": -1.0}, above=-0.85), -0.8123, -0.82, -0.805))  # fmt: skip
    assert above.said.text == "Accuracy of clever is above 80.0 %: 81.2 % [80.5, 82.0] at 308 labels"
    assert below.said.text == "Accuracy of clever is below 85.0 %: 81.2 % [80.5, 82.0] at 308 labels"
    assert (above.badge, below.badge, below.number, below.limit) == ("held", "held", "81.2 %", "below 85.0 %")
    (lost,) = heads(found(Contrast(of={"clever": 1.0}, above=0.9), 0.8123, 0.805, 0.82))
    assert lost.badge == "refuted" and lost.said.sentence == "It is refuted that accuracy of clever is above 90.0 %:"


def test_a_cost_is_told_in_its_unit(heads) -> None:
    """40 labels saved: turned, 40 [12, 68] is "40 labels fewer"; 2.5e9 operations are 2.5 GFLOP less."""
    fewer, more, unknown = heads(
        found(Contrast(of=TWO, measure=COST), 40.0, 12.0, 68.0),
        found(Contrast(of=TWO, measure=COST), -40.0, -68.0, -12.0),
        found(Contrast(of=TWO, measure=COST), 4.0, -30.0, 38.0))  # fmt: skip
    assert (fewer.badge, more.badge, unknown.badge) == ("held", "refuted", "unclear")
    assert fewer.said.text == "clever needs 40 labels fewer [12, 68] than plain to reach 85.0 % accuracy"
    assert more.said.text == "clever needs 40 labels more [12, 68] than plain to reach 85.0 % accuracy"
    assert unknown.said.text == (
        "Whether clever needs fewer labels than plain to reach 85.0 % accuracy cannot be said yet: "
        "4 labels fewer [−30, 38]"
    )
    (work,) = heads(found(Contrast(of=TWO, measure=COST), 2.5e9, 1e9, 4e9), unit="flop")
    assert work.said.text == "clever needs 2.5 GFLOP less [1.0, 4.0] than plain to reach 85.0 % accuracy"


def test_what_one_arm_needs(heads) -> None:
    (head,) = heads(found(Contrast(of={"clever": -1.0}, measure=COST, above=-80.0), -57.0, -65.0, -49.0))
    assert head.said.text == "What clever needs to reach 85.0 % accuracy is below 80 labels: 57 labels [49, 65]"


def test_a_level_that_was_never_reached_is_said_beside_it(heads) -> None:
    one = found(Contrast(of=TWO, measure=COST), 40.0, 12.0, 68.0)
    (head,) = heads(one._replace(note="interval over seeds; the level was not reached by plain at 2 of 5 seeds"))
    assert head.aside == "the level was not reached by plain at 2 of 5 seeds"


def test_a_trend_is_a_correlation_in_the_stated_direction(heads) -> None:
    """Student's interval of correlations may pass 1, which no correlation does: 1.016 is shown as 1.00."""
    arms = ("third", "plain", "clever")
    rises, falls = heads(
        found(Follows(arms=arms, knob=(1, 2, 4.5)), 0.88, 0.744, 1.016),
        found(Follows(arms=arms, knob=Measure(of="brier"), direction="falls"), -0.5, -0.9, -0.1))  # fmt: skip
    assert rises.badge == "held" and rises.said.text == (
        "Accuracy rises with the knob over third (1), plain (2) and clever (4.5): rank correlation with that order "
        "+0.88 [0.74, 1.00]"
    )
    assert falls.badge == "refuted" and "(falls with Brier score)" in falls.said.sentence
    assert falls.kind == "rank correlation"


def test_numbers_of_a_lifetime_have_their_names(heads) -> None:
    kept = Measure(use="pm")
    pair, single = heads(found(Contrast(of=TWO, measure=kept), 3.21, 1.0, 5.42),
                         found(Contrast(of={"clever": 1.0}, measure=Measure(use="rp"), above=1.0), 1.2, 1.1, 1.3))  # fmt: skip
    name = "performance maintenance (pm) of accuracy"
    assert pair.badge == "held" and pair.said.text == f"clever beats plain by 3.21 [1.00, 5.42] in {name}"
    assert single.said.text == (
        "Performance relative to the experts (rp) of accuracy of clever is above 1.00: 1.20 [1.10, 1.30]"
    )
    assert quantity(Measure(use="bwt"), "labels").unit == "points"  # of accuracy, as the score itself


def test_a_score_where_less_is_better_has_no_points(heads) -> None:
    (head,) = heads(found(Contrast(of=TWO, measure=Measure(of="brier")), 0.053, 0.037, 0.069))
    assert head.said.text == "clever beats plain by 0.053 [0.037, 0.069] in Brier score"


def test_holm_is_shown_where_several_arms_meet_one(heads) -> None:
    """p 0.01 and 0.04 of two comparisons with plain: Holm's are 2 x 0.01 = 0.020 and 0.040."""
    two = (found(Contrast(of=TWO), 0.09, 0.07, 0.11, p=0.01),
           found(Contrast(of={"third": 1.0, "plain": -1.0}), 0.05, 0.01, 0.09, p=0.04))  # fmt: skip
    first, second = heads(*two)
    assert (first.p, first.holm, second.holm) == ("0.010", "0.020", "0.040")
    assert "Holm’s p = 0.020" in first.basis
    assert heads(two[0])[0].holm == ""


def test_a_level_other_than_usual_is_said(heads) -> None:
    usual, wide = heads(
        found(Contrast(of=TWO), 0.09, 0.07, 0.11), found(Contrast(of=TWO), 0.09, 0.07, 0.11, level=0.984)
    )
    assert "interval at" not in usual.basis and "interval at 98.4 %" in wide.basis
    assert (percent(0.95), chance(0.0004), chance(0.0412), chance(math.nan)) == ("95 %", "< 0.001", "0.041", "–")


def test_without_a_number_there_is_no_claim(heads) -> None:
    nan = math.nan
    (head,) = heads(found(Contrast(of=TWO), nan, nan, nan))
    assert head.badge == "unclear" and "nan" not in head.said.text and head.aside == "how"


CONDITIONS = [
    Contrast(of=TWO), Contrast(of=TWO, above=0.3), Contrast(of=TWO, above=-0.3), Contrast(of=TWO, within=0.5),
    Contrast(of={"clever": 1.0}, above=0.4), Contrast(of={"clever": -1.0}, above=-0.4), Contrast(of={"clever": 2.0}),
    Contrast(of=TWO, measure=COST), Contrast(of={"clever": 1.0}, measure=COST), Contrast(of=TWO, measure=Measure(use="se")),
    Contrast(of={"clever": 1.0, "plain": 1.0, "third": -2.0}), Follows(arms=("clever", "plain", "third"), knob=(1, 2, 3)),
]  # fmt: skip


@given(st.sampled_from(CONDITIONS), st.floats(-3, 3), st.floats(0, 2), st.booleans())
def test_what_is_said_agrees_with_the_outcome(condition, estimate, half, some) -> None:
    """Whatever comes out: the badge is one that the style sheet knows, a claim is made only where the interval allows
    it, and nothing unprintable is shown."""
    low, high = (estimate - half, estimate + half) if some else (math.nan, math.nan)
    one = found(condition, estimate, low, high)
    (head,) = headlines([one], (), "labels")
    assert head.badge in {one.verdict, one.outcome}
    assert "nan" not in head.said.text and "None" not in head.said.text and "  " not in head.said.text
    claims = any(word in head.said.sentence for word in (" beats ", " falls behind ", " needs"))
    if not some:
        assert head.badge == "unclear" and head.interval == ""
    if claims and condition.pair and "hether" not in head.said.sentence:
        assert low > 0 or high < 0


def test_one_scale_for_all_numbers_of_a_condition() -> None:
    """A difference of 0.5 MFLOP whose interval reaches 2 MFLOP is told in MFLOP, not in FLOP."""
    one = found(Contrast(of=TWO, measure=COST), 5e5, -1e6, 2e6)
    q = quantity_of(one, "flop")
    assert (q.amount(5e5), q.interval(-1e6, 2e6)) == ("0.5 MFLOP", "[−1.0, 2.0]")
    assert [q.signed(v) for v in (5e5, -5e5, 1.0, -1.0, -0.0)] == ["+0.5", "−0.5", "0.0", "0.0", "0.0"]


def test_where_nothing_was_paid_no_cost_is_named(told) -> None:
    """The curves of a study that bought nothing have one point at cost 0: the comparison is of the end."""
    arms = told(("clever", "plain")).arms
    free = [arm._replace(curves={of: tuple(point._replace(cost=0.0) for point in points[-1:])
                                 for of, points in arm.curves.items()}) for arm in arms]  # fmt: skip
    condition = Contrast(of=TWO, measure=Measure(use="last"))
    (head,) = headlines((found(condition, 0.05, 0.03, 0.07),), tuple(free), "labels")
    assert head.said.text == "clever beats plain by 5.0 points [3.0, 7.0] in the end"
