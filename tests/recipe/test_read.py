"""Differences as arms, overrides, and what is refused when a recipe is read."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.errors import Refused
from tutelage.recipe.read import overlay, read, read_text

TWO = """\
arms:
  chosen:
    data: {use: digits, pool: 100}
    student: {use: vector.logistic}
    choose: {use: margin}
    per_round: 10
  control: {choose: {use: uniform}, student: {strength: 2.0}}
budget: {labels: 50}
seeds: 3
"""


def test_an_arm_is_the_first_arm_with_its_differences_laid_over_it() -> None:
    made = read_text(TWO, "two.yaml")
    assert made.recipes["control"].choose == {"use": "uniform"}
    assert made.recipes["control"].student == {"use": "vector.logistic", "strength": 2.0}
    assert made.recipes["control"].data == made.recipes["chosen"].data
    assert made.study.seed_list == (0, 1, 2)


def test_a_file_without_arms_is_one_recipe_named_after_it() -> None:
    made = read_text("data: {use: digits}\nstudent: {use: vector.logistic}\nbudget: {labels: 9}\n", "mine.yaml")
    assert list(made.recipes) == ["mine"]
    assert made.study.budget == {"labels": 9}


def test_overrides_reach_every_arm_that_does_not_differ() -> None:
    made = read_text(TWO, "two.yaml", ["data.pool=7", "budget.labels=20", "arms.control.choose.use=entropy"])
    assert [recipe.data["pool"] for recipe in made.recipes.values()] == [7, 7]
    assert made.study.budget == {"labels": 20}
    assert made.recipes["control"].choose == {"use": "entropy"}


def test_another_part_drops_the_settings_of_the_old_one_whatever_the_order_of_the_overrides() -> None:
    made = read_text(TWO, "two.yaml", ["data.path=a.csv", "data.use=table"])
    assert made.recipes["chosen"].data == {"use": "table", "path": "a.csv"}


def test_resolving_and_reading_again_gives_the_same_recipes() -> None:
    made = read_text(TWO, "two.yaml", ["rounds=4"])
    again = read_text(yaml.safe_dump(made.resolved(), sort_keys=False), "resolved.yaml")
    assert again.recipes == made.recipes
    assert again.study.budget == made.study.budget


def test_only_runs_the_named_arms() -> None:
    assert list(read_text(TWO, "two.yaml", ["only=[control]"]).recipes) == ["control"]
    with pytest.raises(Refused, match="no arm called 'contro'.*\n.*did you mean 'control'"):
        read_text(TWO, "two.yaml", ["only=[contro]"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            TWO.replace("per_round: 10", "per_rounds: 10"),
            r"two\.yaml, line 6, per_rounds: there is no key 'per_rounds'\n.*'per_round'",
        ),
        (
            TWO.replace("per_round: 10", "per_round: 0"),
            r"two\.yaml, line 6, per_round: .*greater than or equal to 1; found 0",
        ),
        (TWO.replace("seeds: 3", "sedes: 3"), r"two\.yaml, line 9, sedes: there is no key 'sedes'\n.*'seeds'"),
        (TWO.replace("    student: {use: vector.logistic}\n", ""), r"student: Field required"),
    ],
)
def test_a_typo_names_line_key_and_the_nearest_valid_name(text: str, complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        read_text(text, "two.yaml")


def test_an_override_of_an_unknown_key_is_refused_with_the_nearest() -> None:
    with pytest.raises(Refused, match="no key 'chose'\n.*did you mean 'choose'"):
        read_text(TWO, "two.yaml", ["chose.use=margin"])
    with pytest.raises(Refused, match="PATH=VALUE"):
        read_text(TWO, "two.yaml", ["choose.use"])


def test_an_unknown_recipe_is_refused_with_the_nearest() -> None:
    with pytest.raises(Refused, match="no recipe is called 'few-label'"):
        read("few-label")


plain = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
mapping = st.dictionaries(st.text(max_size=3), plain, max_size=4)


@given(mapping, mapping)
def test_laying_over_twice_is_laying_over_once(base: dict, difference: dict) -> None:
    once = overlay(base, difference)
    assert overlay(once, difference) == once
    assert overlay(base, {}) == base


def test_an_override_reads_keys_as_words_as_a_recipe_does() -> None:
    """`on` and `no` are names of settings and labels, not truth values; what is no YAML is a text."""
    text = "data: {use: digits}\nstudent: {use: vector.logistic}\nassess: [{use: accuracy, on: exam}]\n"
    sets = ["assess=[{use: accuracy, on: other, no: 1}]", "about=a: b: c"]
    read = read_text(text, "r.yaml", sets)
    (recipe,) = read.recipes.values()
    assert recipe.assess == ({"use": "accuracy", "on": "other", "no": 1},) and read.study.about == "a: b: c"
    with pytest.raises(Refused, match=r"--set data\.x=!!binary x: failed to decode"):
        read_text(text, "r.yaml", ["data.x=!!binary x"])
