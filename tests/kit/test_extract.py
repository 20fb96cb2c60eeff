"""The answer inside a reply: numbers of one value are one answer; a pattern's last match counts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tutelage.kit.extract import Extract, extractor, spelt

READ = TypeAdapter(Extract)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("so it is 4.", "4"), ("4.00", "4"), ("1,234,567 people", "1234567"), ("first 3, then -7", "-7"), ("\u22123", "-3"),
        ("-0.0", "0"), ("2.50 euros", "2.5"), ("1e3", "1000"), ("#### 42", "42"), ("none", None), ("", None), ("1e99999", None),
        ("0.5%", "0.5"), ("100", "100"),
    ],
)  # fmt: skip
def test_the_last_number(reply: str, answer: str | None) -> None:
    assert extractor("number")(reply) == answer


@given(st.integers(-(10**12), 10**12), st.text(alphabet="abc xyz.!?\n", max_size=20))
def test_a_number_is_found_however_it_is_written(value: int, around: str) -> None:
    read = extractor("number")
    assert read(f"{around} {value}") == read(f"{around} {value:,} {around}") == read(f"{value}.0") == str(value)


def test_words_are_compared_without_their_dress() -> None:
    read = extractor("whole")
    assert read("  The  Answer.\n") == read("the answer") == "the answer" and read(" . ") is None and read("") is None
    assert spelt("Stra\u00dfe") == spelt("STRASSE")


def test_a_patterns_last_match_counts_and_of_it_the_group() -> None:
    assert extractor(r"answer is (\w+)")("The answer is NO. Wait, the answer is Yes.") == "yes"
    assert extractor(r"\b[ab]\b")("a or b, I say b") == "b" and extractor(r"x(y)?")("x") is None
    assert extractor(r"answer is (\w+)")("no idea") is None


def test_a_pattern_that_cannot_be_read_is_refused_when_the_recipe_is() -> None:
    with pytest.raises(ValidationError, match="cannot be read"):
        READ.validate_python("(")
    with pytest.raises(ValidationError, match="one group at most"):
        READ.validate_python("(a)(b)")
    assert READ.validate_python("(a)") == "(a)" and re.compile("(a)").groups == 1
