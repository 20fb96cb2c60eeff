"""JSON replies: what is an object, what a field says, and which of two replies differs where."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.kit.structured import compact, compared, differs, parsed, value, whole

FIELDS = ("evaluation", "action", "state")
GOOD = {"evaluation": "a", "action": "1", "state": "x"}


@pytest.mark.parametrize(
    "text", ["", "a", "[]", "1", '"a"', '{"a": 1', '{"a": 1} x', "{'a': 1}", '{"a": NaN}', '{"a":1,"a":1}', "[" * 9999]
)
def test_what_is_no_object_is_none(text: str) -> None:
    assert parsed(text) is None and not whole(text, ["a"])


@given(st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.integers() | st.lists(st.booleans()), max_size=4))
def test_what_is_written_is_read_again(said: dict[str, object]) -> None:
    assert parsed(compact(said)) == said == json.loads(compact(said))


def test_a_value_is_text_whatever_its_kind() -> None:
    said = {"a": " x ", "b": 3, "c": [1, 2], "d": None, "e": ""}
    assert [value(said, name) for name in "abcdef"] == ["x", "3", "[1,2]", None, "", None]
    assert value(None, "a") is None


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, "agrees"),
        ({"evaluation": "b", "action": "3"}, differs("evaluation")),
        ({"action": "2", "state": "y"}, differs("action")),
        ({"state": "y"}, differs("state")),
        ({"state": None}, "missing"),
        ({"reply": "in other words"}, "agrees"),
    ],
)
def test_the_first_field_that_differs_is_named(change: dict[str, object], found: str) -> None:
    assert compared(compact(GOOD), compact({**GOOD, **change}), FIELDS) == found


def test_the_order_of_keys_and_white_space_do_not_matter() -> None:
    assert compared(compact(GOOD), ' {"state": "x ", "action": "1",\n "evaluation": "a"}', FIELDS) == "agrees"
    assert compared(compact(GOOD), "no", FIELDS) == "unparseable"
