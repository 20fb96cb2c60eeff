"""Values taken one by one from a JSON text, whatever the size of the pieces in which it is read."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.study.foreign.json_stream import Stream

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=6), st.integers(1, 40), st.sampled_from([None, 1]))
def test_elements_are_those_of_the_standard_library(values: list, chunk: int, indent: int | None) -> None:
    assert list(Stream(io.StringIO(json.dumps(values, indent=indent)), chunk).elements()) == values


@given(st.dictionaries(st.text(), JSON, max_size=6), st.integers(1, 40))
def test_members_are_those_of_the_standard_library(values: dict, chunk: int) -> None:
    stream = Stream(io.StringIO(json.dumps(values)), chunk)
    assert {name: stream.value() for name in stream.members()} == values


@pytest.mark.parametrize("text", ["", "[", "[1", "[1,", "[1 2]", "[1,,2]", "[1}", "{1}", '["a', "[1, ]"])
def test_what_is_not_whole_is_an_error(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        list(Stream(io.StringIO(text), 2).elements())
