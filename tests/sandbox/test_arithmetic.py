"""Arithmetic worked out line by line: exact, bounded, and nothing else than arithmetic."""

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tutelage.sandbox.arithmetic import BITS, CHARACTERS, result, trace


def test_by_hand() -> None:
    """a = 12 - 5 = 7; b = 7 * 7 = 49; answer = 49 / 14 = 7/2. States: {7}, {7, 49}, {7, 49, 7/2}, as text in order."""
    traced = trace("a = 12 - 5\nb = a * a; answer = b / 14\nmore = 1")
    assert traced.program.states == ("7", "49 7", "49 7 7/2") and traced.program.whole
    assert traced.program.lines == ("a = 12 - 5", "b = a * a", "answer = b / 14"), "what comes behind is not read"
    assert traced.program.normal == ("v0=12 - 5", "v1=v0 * v0", "answer=v1 / 14")
    assert traced.values["answer"] == Fraction(7, 2) and traced.fault == ""


def test_a_state_ignores_names_and_the_order_of_independent_lines_but_not_multiplicities() -> None:
    one, other = trace("a=1+2\nb=4*5\nc=a+b"), trace("x=5*4\nyy=2+1\nz=x+yy")
    assert one.program.states[1:] == other.program.states[1:] and one.program.states[0] != other.program.states[0]
    twice, once = trace("a=3\nb=3"), trace("a=3")
    assert twice.program.states[-1] == "3 3" != once.program.states[-1]
    assert trace("a=3\na=a+1").program.states[-1] == "4", "a value that is written over is gone"


def test_the_same_program_under_other_names_and_spellings_has_one_normal_form() -> None:
    assert trace("a=( 1+2 )\nanswer=a*2").program.normal == trace("total = 1 + 2; answer = total * 2").program.normal
    assert trace("a=1+2").program.normal != trace("a=2+1").program.normal


def test_decimals_are_exact() -> None:
    assert result("answer = 0.1 + 0.2") == result("answer = 0.3") == "3/10"
    assert result("answer = 7 // 2 + 7 % 4 - -2 ** 3") == str(7 // 2 + 7 % 4 - -(2**3))
    assert result("answer = 2 ** -2") == "1/4"


EXPRESSION = some.recursive(
    some.integers(0, 30).map(str),
    lambda inner: some.one_of(
        some.builds(lambda a, o, b: f"({a} {o} {b})", inner, some.sampled_from(["+", "-", "*", "/", "//", "%"]), inner),
        some.builds(lambda a: f"(-{a})", inner),
    ),
    max_leaves=8,
)


@given(EXPRESSION)
def test_it_agrees_with_python_on_fractions(text: str) -> None:
    """Python's own operators on Fraction are the reference; what divides by 0 has no result."""
    import re

    try:
        expected = str(Fraction(eval(re.sub(r"\d+", lambda n: f"Fraction({n.group()})", text), {"Fraction": Fraction})))
    except ZeroDivisionError:
        assert result(f"answer = {text}") is None and "divided by 0" in trace(f"answer = {text}").fault
        return
    assert result(f"answer = {text}") == expected


@pytest.mark.parametrize(
    "line",
    [
        "import os", "answer = __import__('os')", "answer = ().__class__", "answer = open('/etc/passwd')", "answer = x.y",
        "answer = [1][0]", "answer = 1 if 1 else 2", "answer = lambda: 1", "answer = 'a'", "answer = 1j", "answer = True",
        "answer = None", "answer = 1 < 2", "answer = not 1", "answer = 1 and 2", "answer = ~1", "answer = 1 << 9",
        "answer = 1 | 2", "answer = (1, 2)", "answer, b = 1, 2", "answer = b = 1", "answer += 1", "answer: int = 1",
        "(answer := 1)", "del answer", "answer = f(1)", "answer = 1 # more", "while 1: answer = 1", "answer = await 1",
        "answer = 0x10", "answer = 1_000", "answer = 1e9", "answer = 1if 1else 2", "answer = \x00", "answer = é", "answer = ",
        "answer = 1 +", "answer = unknown", "answer = 1 @ 2", "pass", "1 + 1", "answer = ...", "answer = {1}", "answer = *1,",
    ],
)  # fmt: skip
def test_nothing_else_is_worked_out(line: str) -> None:
    """What stands before is kept, what stands behind is not read."""
    traced = trace(f"a = 1\n{line}\nanswer = 2")
    assert traced.fault and traced.program.lines == ("a = 1",) and not traced.program.whole
    assert result(line) is None


@pytest.mark.parametrize(
    "text",
    [
        "answer = 9 ** 9 ** 9", "answer = 2 ** 10000", "answer = (2 ** 60) ** 60", "answer = 2 ** 0.5", "answer = 0 ** -1",
        "answer = " + "9" * 300, "answer = 0." + "1" * 300, "answer = " + "(" * 300 + "1" + ")" * 300,
        "answer = " + "-" * 3000 + "1", "answer = " + "1+" * 1500 + "1", "\n".join(["a = 1"] * 70) + "\nanswer = 1",
        "a = 2 ** 60\n" + "a = a * a\n" * 50 + "answer = a", "answer = 1" + " " * CHARACTERS,
    ],
)  # fmt: skip
def test_bounds_hold_before_the_work_is_done(text: str) -> None:
    started = time.perf_counter()
    assert result(text) is None and trace(text).fault
    assert time.perf_counter() - started < 0.5


def test_the_largest_that_is_allowed() -> None:
    """2^254 has 255 bits, its denominator 1 has one: 256 together. 2^255 is one too many."""
    most = "answer = 2 ** 63 * 2 ** 63 * 2 ** 63 * 2 ** 63 * "
    assert BITS == 256 and result(f"{most}4") == str(2**254) and result(f"{most}8") is None
    assert result("answer = 0.12345678901234") == "6172839450617/50000000000000"


@given(some.text(max_size=60))
def test_any_text_ends_without_an_error(text: str) -> None:
    traced = trace(text)
    assert len(traced.program.lines) == len(traced.program.normal) == len(traced.program.states)
    assert traced.program.whole == ("answer" in traced.values)
