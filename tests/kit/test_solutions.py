"""What is kept of the programs that were found: the prefix law, length, no repeats, first parts by state."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as some

from tutelage.kit.solutions import Program, Solutions, from_plain, plain, with_found
from tutelage.sandbox.arithmetic import trace


def program(text: str) -> Program:
    return trace(text).program


GOLD = program("a=2*4\nb=10+a\nanswer=b-3")
START = Solutions((GOLD,))


def test_by_hand() -> None:
    """10 + 2 * 4 - 3: the reference's states are {8}, {8, 18}, {8, 18, 15}.

    `c=4*2; d=10-3; answer=c*d` has states {8}, {8, 7}: its first line alone is right, in one statement as the reference.
    `c=10-3; d=4*2; answer=c+d` has {7}, {7, 8}, then 15: right, three statements as the reference.
    Then {7} and {7, 8} are known, and `e=3*4-5; answer=e` begins with {7}.
    """
    kept = with_found(START, program("c=4*2\nd=10-3\nanswer=c*d"), False, 0)
    assert [one.lines for one in kept.partial] == [("c=4*2",)] and kept.full == (GOLD,)
    kept = with_found(kept, program("c=10-3\nd=4*2\nanswer=c+d"), True, 0)
    assert len(kept.full) == 2 and kept.known["7"] == 1 and kept.known["7 8"] == 2
    kept = with_found(kept, program("e=3*4-5\nanswer=e"), False, 0)
    assert [one.lines for one in kept.partial] == [("c=4*2",), ("e=3*4-5",)]
    assert [one.lines for one in kept.starts] == [(), ("c=4*2",), ("e=3*4-5",)]


def test_values_of_the_task_itself_are_no_state() -> None:
    """10 stands in the task, but no statement of anything kept has led to the state {10} alone."""
    assert with_found(START, program("x=10\ny=x+1"), False, 0) == START


def test_one_shared_value_is_not_a_shared_state() -> None:
    """{99, 8} holds the 8 of {8}; {8, 18, 18} the values of {8, 18}, one of them twice. Neither state is known."""
    assert with_found(START, program("z=99\nc=4*2"), False, 2) == START
    kept = with_found(START, program("c=4*2\nd=10+c\ne=d"), False, 2)
    assert [one.lines for one in kept.partial] == [("c=4*2", "d=10+c")]


def test_a_program_that_is_too_long_is_not_kept_but_what_is_right_of_it_is() -> None:
    """Four statements against three: kept with tolerance 1; with 0 only its beginning {8}, reached in one."""
    long = program("a=4*2\nb=a+0\nc=10+b\nanswer=c-3")
    assert with_found(START, long, True, 1).full == (GOLD, long)
    kept = with_found(START, long, True, 0)
    assert kept.full == (GOLD,) and [one.lines for one in kept.partial] == [("a=4*2",)]
    detour = program("z=8-1\nz=z+1\nz=z*1")  # {7}, {8}, {8}: known in one statement
    assert with_found(START, detour, False, 0) == START
    assert [one.lines for one in with_found(START, detour, False, 1).partial] == [("z=8-1", "z=z+1")]
    assert len(with_found(START, detour, False, 2).partial[0].lines) == 3


def test_repeats_under_other_names_and_beginnings_of_what_is_kept_are_refused() -> None:
    assert with_found(START, program("x=2*4\ny=10+x\nanswer=y-3"), True, 0) == START
    assert with_found(START, program("x=2*4\ny=x-1"), False, 0) == START, "it begins as the reference does"


def test_a_longer_beginning_drives_out_the_shorter_and_a_whole_program_both() -> None:
    kept = with_found(START, program("x=4*2\ny=1"), False, 0)
    kept = with_found(kept, program("x=4*2\ny=x+10\nanswer=y"), False, 0)
    assert [one.lines for one in kept.partial] == [("x=4*2", "y=x+10")]
    kept = with_found(kept, program("x=4*2\ny=x+10\nanswer=y-3"), True, 0)
    assert kept.partial == () and len(kept.full) == 2


def test_without_beginnings_only_right_programs_are_kept() -> None:
    assert with_found(START, program("c=4*2\nd=1"), False, 0, partial=False) == START


def test_the_statement_that_gives_a_wrong_answer_is_in_no_beginning() -> None:
    """The state behind it, {8, 18}, is known: as the reference's second. But nothing may follow an answer."""
    assert with_found(START, program("q=4*2\nanswer=10+q"), False, 0).partial[0].lines == ("q=4*2",)


LINES = ["a=2*4", "a=4*2", "b=10+a", "b=a+10", "c=10-3", "d=c+a", "answer=b-3", "answer=c+a", "answer=a+c", "answer=a"]


@given(some.lists(some.lists(some.sampled_from(LINES), max_size=5), max_size=12), some.integers(0, 2))
def test_the_prefix_law_holds_whatever_is_found(texts: list[list[str]], tolerance: int) -> None:
    """No beginning kept is one of another, or of a right program; none is empty; all states are as known; right is right."""
    kept = START
    for lines in texts:
        found = trace("\n".join(lines))
        kept = with_found(kept, found.program, found.values.get("answer") == 15, tolerance)
        every = [*kept.full, *kept.partial]
        for one in kept.partial:
            assert one.lines and not one.whole and sum(one.begins(other) for other in every) == 1
            assert one.states[-1] in kept.known
        assert max(Counter(one.normal for one in every).values()) == 1
        assert all(one.whole and "15" in one.states[-1].split() for one in kept.full)
        assert max(len(one.lines) for one in kept.full) <= 3 + tolerance
        assert from_plain(plain(kept)) == kept


@given(some.lists(some.sampled_from(LINES), max_size=6))
def test_the_longest_right_beginning_by_trying_all(lines: list[str]) -> None:
    """Against the obvious: every first part, the longest whose state the reference has been in and in no more steps."""
    found = program("\n".join(lines))
    steps = len(found.lines) - found.whole
    fits = [
        n
        for n in range(1, steps + 1)
        if any(found.states[n - 1] == state and n <= place + 1 for place, state in enumerate(GOLD.states))
    ]
    kept = with_found(START, found, False, 0)
    if fits and GOLD.normal[: max(fits)] != found.normal[: max(fits)]:
        assert [one.lines for one in kept.partial] == [found.lines[: max(fits)]]
    else:
        assert kept == START
