"""The first sentence: who won, by how much, how sure, at what cost; and what is known before there is a winner."""

import math

import pytest

from tutelage.recipe.conditions import Contrast, Measure
from tutelage.report.answer import answer
from tutelage.report.costs import prices, units
from tutelage.report.latest import Latest
from tutelage.report.verdicts import headlines
from tutelage.runs.record import ArmState


@pytest.fixture
def asked(told):
    """(treatment, estimate, verdict) against plain -> the answer."""

    def made(*compared, stopped="", control="plain"):
        names = tuple(dict.fromkeys([*(name for name, *_ in compared), control]))
        whole = told(names)
        first = whole.judged[0]
        outcome = {"better": "held", "worse": "refuted"}
        judged = tuple(
            first._replace(condition=Contrast(of={name: 1.0, control: -1.0}), estimate=size, low=size - 0.01,
                           high=size + 0.01, verdict=verdict, outcome=outcome.get(verdict, "unclear"))
            for name, size, verdict in compared
        )  # fmt: skip
        whole = whole._replace(judged=judged)
        return answer(whole, headlines(whole.judged, whole.arms, "labels"), (), (), stopped, "accuracy")

    return made


def test_the_best_of_several_arms_leads_and_the_others_are_counted(asked) -> None:
    found = asked(("a", -0.02, "worse"), ("b", 0.03, "better"), ("c", 0.05, "better"), ("d", 0.0, "unclear"))
    assert found.said.text == "c beats plain by 5.0 points [4.0, 6.0] at 308 labels"
    assert found.more == "of 3 other arms compared with plain, 1 is better, 1 is worse and 1 cannot be told apart yet"
    assert found.badge == "better"
    assert "of 4 conditions 2 held, 1 refuted and 1 unclear" in found.basis


def test_where_nobody_wins_it_says_so(asked) -> None:
    found = asked(("a", -0.02, "worse"), ("b", 0.004, "unclear"))
    assert found.said.sentence == "b and plain cannot be told apart yet:" and found.badge == "unclear"
    assert found.more == "a, also compared with plain, is worse"


def test_the_first_gated_condition_is_the_question(told) -> None:
    whole = told()
    aside = whole.judged[0]._replace(condition=Contrast(of={"plain": 1.0, "clever": -1.0}, gate=False))
    whole = whole._replace(judged=(aside, *whole.judged))
    found = answer(whole, headlines(whole.judged, whole.arms, "labels"), (), (), "", "accuracy")
    assert found.said.sentence == "clever beats plain by"


def test_another_measure_of_the_same_arms_is_no_other_arm(told) -> None:
    whole = told()
    area = whole.judged[0]._replace(condition=Contrast(of={"clever": 1.0, "plain": -1.0}, measure=Measure(use="area")))
    whole = whole._replace(judged=(*whole.judged, area))
    assert answer(whole, headlines(whole.judged, whole.arms, "labels"), (), (), "", "accuracy").more == ""


def test_stopping_early_is_said(asked) -> None:
    said = "stopped early, after 5 of 10 seeds, at a declared look"
    assert said in asked(("a", 0.05, "better"), stopped=said).basis


def test_prices_by_hand(told) -> None:
    """Both paid 308 labels; 3.2e9 and 1.5e9 operations, 12.4 and 200 seconds."""
    whole = told()
    spent = [{"labels": 308.0, "flop": 3.2e9, "seconds": 12.4}, {"labels": 308.0, "flop": 1.5e9, "seconds": 200.0}]
    whole = whole._replace(arms=tuple(arm._replace(spent=one) for arm, one in zip(whole.arms, spent, strict=True)))
    assert units(whole) == ("labels", "flop", "seconds")
    assert prices(whole) == (
        "Price of every arm at one seed: 308 labels; clever 3.2 GFLOP, 12 s; plain 1.5 GFLOP, 3 min 20 s."
    )
    free = [{"flop": 3.2e9}, {"flop": 1.5e9}]  # nothing was bought, and labels are no part of the price
    unpaid = whole._replace(arms=tuple(arm._replace(spent=one) for arm, one in zip(whole.arms, free, strict=True)))
    assert prices(unpaid) == "Price of one seed: clever 3.2 GFLOP; plain 1.5 GFLOP."
    many = whole._replace(arms=tuple(whole.arms[k % 2]._replace(name=f"arm {k}") for k in range(9)))
    assert prices(many) == (
        "Price of an arm at one seed: 308 labels, 1.5 GFLOP (arm 1) to 3.2 GFLOP (arm 0), 12 s (arm 0) to "
        "3 min 20 s (arm 1)."
    )


def test_before_the_end_it_says_how_far_it_is(told, tmp_path) -> None:
    states = [
        ArmState(arm, seed, tmp_path, "done" if seed == 0 else "new", 4, {}, "")
        for arm in ("clever", "plain")
        for seed in (0, 1)
    ]
    whole = told(judged=False)
    found = answer(whole, [], states, (), "", "accuracy")
    assert found.badge == "" and found.said.text == (
        "No verdict yet: 2 jobs of 4 done. So far clever reaches 81.2 % accuracy [79.9, 82.5] with 300 labels; "
        "plain reaches 72.1 % accuracy [70.8, 73.4] with 300 labels"
    )


def test_before_any_seed_is_done_the_last_scores_are_told(told, tmp_path) -> None:
    states = [ArmState("clever", 0, tmp_path, "waiting", 2, {}, "")]
    stands = [Latest("clever", 0, "accuracy", 0.71, 40.0, "labels")]
    empty = told(("clever",), seeds=0, rounds=0, points=False)
    assert answer(empty, [], states, stands, "", "").said.text == (
        "No verdict yet: 0 jobs of 1 done. So far clever at seed 0 stands at 71.0 % accuracy after 40 labels"
    )
    assert answer(empty, [], states, (), "", "").said.text == "No verdict yet: 0 jobs of 1 done"


def test_many_arms_without_a_comparison_are_told_by_their_ends(told) -> None:
    whole = told(tuple(f"arm {k}" for k in range(6)), judged=False)
    said = answer(whole, [], (), (), "", "accuracy").said.text
    assert said == "6 arms reach accuracy from 44.8 % (arm 4) to 81.2 % (arm 0)"
    assert not math.isnan(whole.arms[4].scores["accuracy"].final.value)
