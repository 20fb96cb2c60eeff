"""Right programs for one task and right beginnings of programs, as a student finds them: what is kept, and why.

A program is a row of statements; behind each of them its variables have values, and those values without their names,
each as often as it stands there, are the state. Two states are equal when the values are. A beginning is right when it
ends in a state that a right program, or another right beginning, has been in.

    full       right programs, the reference first; none says the same as another
    partial    right beginnings; none is a beginning of another or of a full one
    known      state -> the least statements in which something kept has reached it

The empty beginning is always there and never kept. Source: Ni et al. (2023, ICLR), section 4.1 and algorithm 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Program(NamedTuple):
    """lines: statements as written. normal: the same in one spelling, variables named by first use.

    states: behind each statement, as one text. whole: whether the last statement gives the answer; none before does.
    """

    lines: tuple[str, ...] = ()
    normal: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    whole: bool = False

    def first(self, count: int) -> Program:
        """Its first statements."""
        whole = self.whole and count == len(self.lines)
        return Program(self.lines[:count], self.normal[:count], self.states[:count], whole)

    def begins(self, other: Program) -> bool:
        """Whether the other one starts with it, or says the same."""
        return other.normal[: len(self.normal)] == self.normal


class Solutions(NamedTuple):
    """What is kept of one task."""

    full: tuple[Program, ...]
    partial: tuple[Program, ...] = ()

    @property
    def known(self) -> Mapping[str, int]:
        """State -> fewest statements."""
        least: dict[str, int] = {}
        for program in (*self.full, *self.partial):
            for count, state in enumerate(program.states, 1):
                least[state] = min(count, least.get(state, count))
        return least

    @property
    def starts(self) -> tuple[Program, ...]:
        """What a student may go on from: nothing, or a right beginning."""
        return (Program(), *self.partial)


def with_found(kept: Solutions, program: Program, right: bool, tolerance: int, partial: bool = True) -> Solutions:
    """What is kept once this program has been seen. right: whether its answer is.

    A right one is kept when it has at most `tolerance` statements more than the shortest. Of any other the longest
    right beginning is, when it has at most so many more than the shortest way to its state. The statement that gives
    an answer is never part of a beginning.

    >>> gold = Program(("a=1+2", "answer=a*3"), ("v0=1+2", "answer=v0*3"), ("3", "3 9"), True)
    >>> wrong = Program(("x=2+1", "answer=x*4"), ("v0=2+1", "answer=v0*4"), ("3", "12 3"), True)
    >>> [one.lines for one in with_found(Solutions((gold,)), wrong, False, 0).partial]
    [('x=2+1',)]
    """
    if program.whole and right and len(program.lines) - min(len(one.lines) for one in kept.full) <= tolerance:
        return with_full(kept, program)
    if not partial:
        return kept
    known, steps = kept.known, len(program.lines) - program.whole
    reached = [
        count
        for count, state in enumerate(program.states[:steps], 1)
        if state in known and count - known[state] <= tolerance
    ]
    return with_partial(kept, program.first(reached[-1])) if reached else kept


def with_full(kept: Solutions, program: Program) -> Solutions:
    """The same with one more right program, unless it is there; beginnings of it go."""
    if any(one.normal == program.normal for one in kept.full):
        return kept
    return Solutions((*kept.full, program), tuple(one for one in kept.partial if not one.begins(program)))


def with_partial(kept: Solutions, program: Program) -> Solutions:
    """The same with one more right beginning, unless something kept starts with it; beginnings of it go."""
    if not program.lines or any(program.begins(one) for one in (*kept.full, *kept.partial)):
        return kept
    return Solutions(kept.full, (*(one for one in kept.partial if not one.begins(program)), program))


def plain(kept: Solutions) -> list[list[Any]]:
    """As plain values, for a memory."""
    return [[list(map(list, one[:3])) + [one.whole] for one in several] for several in kept]


def from_plain(values: Iterable[Iterable[Any]]) -> Solutions:
    """What `plain` made plain.

    >>> kept = Solutions((Program(("answer=1",), ("answer=1",), ("1",), True),))
    >>> from_plain(plain(kept)) == kept
    True
    """
    full, partial = (
        tuple(
            Program(tuple(lines), tuple(normal), tuple(states), bool(whole)) for lines, normal, states, whole in several
        )
        for several in values
    )
    return Solutions(full, partial)
