"""A conversation that ends with the assistant's own turn is a reply begun: the student goes on with it."""

from pathlib import Path

import pytest

from tutelage.core.data import Table
from tutelage.core.rng import stream
from tutelage.core.writing import Turn
from tutelage.student.text.causal import Causal

ASKED = (Turn("user", "a b c"),)


@pytest.mark.parametrize("template", ["auto", "none"])
def test_a_reply_is_as_likely_in_two_pieces_as_in_one(tiny_decoder: Path, template: str) -> None:
    """log p(first rest | asked) = log p(first | asked) + log p(rest | asked, first), with and without a chat template."""
    student = Causal(model=str(tiny_decoder), template=template).begin(
        Table.of("x", {"text": ["a"]}).pool(), stream(0, "s")
    )
    first, rest = "good bad", " a b"
    encode = student._frame.encode
    assert encode(first + rest) == [*encode(first), *encode(rest)], "a piece ends where a token does"
    begun = (*ASKED, Turn("assistant", first))
    whole, one, other = student.logprob([ASKED, ASKED, begun], [first + rest, first, rest])
    assert whole == pytest.approx(one + other, abs=1e-4) and whole < one < 0


@pytest.mark.parametrize("template", ["auto", "none"])
def test_nothing_ends_the_turn_that_is_begun(tiny_decoder: Path, template: str) -> None:
    student = Causal(model=str(tiny_decoder), template=template).begin(
        Table.of("x", {"text": ["a"]}).pool(), stream(0, "s")
    )
    frame = student._frame
    asked = frame.prompt(ASKED, 4).ids
    begun = frame.prompt((*ASKED, Turn("assistant", "good")), 4).ids
    assert begun == [*asked, *frame.encode("good")]
