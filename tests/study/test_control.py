"""When a uniform control is added, and when it is not."""

import pytest

from tutelage.recipe.read import read_text
from tutelage.study.control import plan_arms

ARM = "data: {use: digits}, student: {use: vector.logistic}, choose: {use: margin}, per_round: 5, rounds: 2"


def planned(text: str):
    return plan_arms(read_text(text, "s.yaml"))


def test_one_recipe_gets_a_control_that_differs_in_choice_alone() -> None:
    read = planned("{data: {use: digits}, student: {use: vector.logistic}, choose: {use: margin, }, per_round: 5}")
    assert list(read.recipes) == ["s", "uniform"]
    ours, control = read.recipes["s"].model_dump(), read.recipes["uniform"].model_dump()
    assert control.pop("choose") == {"use": "uniform"} and ours.pop("choose") == {"use": "margin"}
    assert ours == control
    said = [(*one.pair, one.measure.use, one.gate) for one in read.study.shows]
    assert said == [("s", "uniform", "last", True), ("s", "uniform", "area", False)]


def test_the_planned_study_reads_back_as_it_was_planned() -> None:
    import yaml

    read = planned(f"arms: {{m: {{{ARM}}}}}")
    again = read_text(yaml.safe_dump(read.resolved()), "resolved.yaml")
    assert again.recipes == read.recipes and again.study.shows == read.study.shows


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("control: none", f"{{arms: {{m: {{{ARM}}}}}, control: none}}"),
        ("an arm is that already", f"arms: {{m: {{{ARM}}}, random: {{choose: {{use: uniform}}}}}}"),
        ("the first arm is", f"arms: {{m: {{{ARM.replace('margin', 'uniform')}}}}}"),
        ("a person is asked", f"arms: {{m: {{{ARM}, teach: {{use: human}}}}}}"),
        ("nothing is bought", f"arms: {{m: {{{ARM}, teach: {{use: self_training}}}}}}"),
        ("every row is taken", f"arms: {{m: {{{ARM.replace('per_round: 5', 'per_round: null')}}}}}"),
        ("only names the arms", f"{{arms: {{m: {{{ARM}}}, e: {{choose: {{use: entropy}}}}}}, only: [e]}}"),
    ],
)
def test_none_is_added_where(why: str, text: str) -> None:
    read = read_text(text, "s.yaml")
    assert plan_arms(read) is read, why


def test_a_uniform_arm_that_differs_elsewhere_is_no_control() -> None:
    read = planned(f"arms: {{m: {{{ARM}}}, uniform: {{choose: {{use: uniform}}, rounds: 1}}}}")
    assert list(read.recipes) == ["m", "uniform", "uniform_control"]
    assert {one.pair[1] for one in read.study.shows} == {"uniform_control"}


def test_steps_are_seen_through() -> None:
    """The teacher who is asked is the first step's; the control keeps the steps."""
    steps = "steps: [{}, {choose: {use: everything}, per_round: null, teach: {use: self_training}, keep: false}]"
    read = planned(f"arms: {{m: {{{ARM}, {steps}}}}}")
    assert read.recipes["uniform"].steps == read.recipes["m"].steps


def test_conditions_are_about_scores_that_there_are() -> None:
    read = planned(f"arms: {{m: {{{ARM}, assess: [{{use: macro_f1}}]}}}}")
    assert {one.measure.of for one in read.study.shows} == {"macro_f1"}
