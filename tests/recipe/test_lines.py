"""YAML with line numbers."""

import pytest

from tutelage.core.errors import Refused
from tutelage.recipe.lines import parse

TEXT = """\
about: two arms
arms:
  a:
    data: {use: digits}
    choose:
      use: margin
  b:
    choose: {use: uniform}
"""


def test_a_key_of_the_arm_itself_is_placed_on_its_own_line() -> None:
    _, source = parse(TEXT, "mine.yaml")
    assert source.place("choose.use", "a", "a") == "mine.yaml, line 6, choose.use"
    assert source.place("choose.use", "b", "a") == "mine.yaml, line 8, choose.use"


def test_a_key_that_an_arm_inherits_is_placed_in_the_first_arm() -> None:
    _, source = parse(TEXT, "mine.yaml")
    assert source.place("data.pool", "b", "a") == "mine.yaml, line 4, data.pool"


def test_a_key_given_twice_is_refused_with_its_line() -> None:
    with pytest.raises(Refused, match=r"mine\.yaml, line 3, choose: 'choose' is given twice"):
        parse("data: 1\nchoose: 2\nchoose: 3\n", "mine.yaml")


def test_broken_yaml_names_the_line() -> None:
    with pytest.raises(Refused, match=r"mine\.yaml, line 2: this is not YAML"):
        parse("data: {use: x}\nchoose: [", "mine.yaml")


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "word"])
def test_anything_but_a_mapping_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="mapping of keys"):
        parse(text, "mine.yaml")


def test_anchors_are_followed() -> None:
    value, _ = parse("a: &x {use: margin}\nb: *x\n", "mine.yaml")
    assert value["b"] == {"use": "margin"}
