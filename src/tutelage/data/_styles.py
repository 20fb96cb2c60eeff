"""Problems of a step or two with their steps, and five styles of writing these down, all of them right.

    A  in the order of the columns   12 + 30 = 42; 42 - 5 = 37
    B  with named numbers            let p = 12 + 30 = 42, let q = p - 5 = 37
    C  in words                      First add 30 to 12, which makes 42. Then take 5 from 42, which makes 37. So 37
    D  tersely                       42, 37
    E  from the end and forwards     It is 37, as 42 - 5 = 37, and 42 as 12 + 30 = 42. Forwards: 12 + 30 = 42; ... So 37

The last number of each is the answer. Where a dial is named, results are worked out modulo its numbers. The larger and
the smaller of two numbers may be written between them, as signs of a lattice are: 3 v 8 = 8, 3 ^ 8 = 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Floats, Rng
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.kit.reply_files import Reply

Weight = Annotated[float, Field(ge=0)]
OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "x": lambda a, b: a * b, "max": max, "v": max, "^": min,
}  # fmt: skip
PASTS = {
    "+": "add {b} to {a}", "-": "take {b} from {a}", "x": "multiply {a} by {b}",
    "max": "compare {a} with {b}", "v": "keep {a} at least {b}", "^": "keep {a} at most {b}",
}  # fmt: skip
SIGNS = {op: f"{{a}} {op} {{b}}" for op in OPERATIONS} | {"max": "max({a}, {b})"}


class Step(NamedTuple):
    """One operation and what it gives. dial: how many numbers there are, from 0 on; None: no end to them.

    >>> Step("-", 3, 8).result, Step("-", 3, 8, dial=10).result
    (-5, 5)
    """

    op: str
    a: int
    b: int
    dial: int | None = None

    @property
    def result(self) -> int:
        made = OPERATIONS[self.op](self.a, self.b)
        return made if self.dial is None else made % self.dial

    def sign(self, a: object = None) -> str:
        return SIGNS[self.op].format(a=self.a if a is None else a, b=self.b)


class Problem(NamedTuple):
    """A question and the steps that answer it, each going on from the result of the one before."""

    text: str
    steps: tuple[Step, ...]


def column(steps: tuple[Step, ...]) -> str:
    return "; ".join(f"{step.sign()} = {step.result}" for step in steps)


def named(steps: tuple[Step, ...]) -> str:
    """Each result has a letter, which the next step uses."""
    letters = [chr(ord("p") + at) for at in range(len(steps))]
    before = [None, *letters[:-1]]
    said = [
        f"let {letter} = {step.sign(a)} = {step.result}" for letter, a, step in zip(letters, before, steps, strict=True)
    ]
    return ", ".join(said)


def words(steps: tuple[Step, ...]) -> str:
    said = [f"{'Then' if at else 'First'} {PASTS[step.op].format(a=step.a, b=step.b)}, which makes {step.result}."
            for at, step in enumerate(steps)]  # fmt: skip
    return " ".join([*said, f"So {steps[-1].result}"])


def terse(steps: tuple[Step, ...]) -> str:
    return ", ".join(str(step.result) for step in steps)


def from_the_end(steps: tuple[Step, ...]) -> str:
    last, *earlier = steps[::-1]
    said = f"It is {last.result}, as {last.sign()} = {last.result}"
    said += "".join(f", and {step.result} as {step.sign()} = {step.result}" for step in earlier)
    return f"{said}. Forwards: {column(steps)}. So {last.result}"


STYLES: dict[str, Callable[[tuple[Step, ...]], str]] = {
    "A": column, "B": named, "C": words, "D": terse, "E": from_the_end,
}  # fmt: skip


def shares(mix: Mapping[str, float] | None) -> Floats | None:
    """(5,) the share of each style, None where all are given. Refused for a style that there is not, or no weight."""
    if mix is None:
        return None
    strange = [name for name in mix if name not in STYLES]
    if strange:
        raise Refused(Fault("data.mix", f"there is no style {strange[0]!r}", nearest(strange[0], STYLES)))
    weights = np.array([mix.get(name, 0.0) for name in STYLES])
    if not weights.sum() > 0:
        raise Refused(Fault("data.mix", "no style has a weight above 0"))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def told(problems: Sequence[Problem], weights: Floats | None, rng: Rng) -> list[Reply]:
    """Of every problem all five replies, or one whose style is drawn by these weights."""
    made = []
    for number, one in enumerate(problems, start=1):
        styles = list(STYLES) if weights is None else [list(STYLES)[rng.choice(len(STYLES), p=weights)]]
        made += [reply(f"{number}", one, style) for style in styles]
    return made


def examined(problems: Sequence[Problem]) -> list[Reply]:
    """One reply to each, in style A: only its last number counts."""
    return [reply(f"exam {number}", one, "A") for number, one in enumerate(problems, start=1)]


def reply(id: str, one: Problem, style: str) -> Reply:
    return Reply(f"{id}.{style}", one.text, None, STYLES[style](one.steps), style, ())


def distinct(draw: Callable[[Rng], Problem], count: int, rng: Rng, known: set[str]) -> list[Problem]:
    """So many problems of different texts, none of them known. It draws until there are as many."""
    found: dict[str, Problem] = {}
    while len(found) < count:
        one = draw(rng)
        if one.text not in known:
            found.setdefault(one.text, one)
    return list(found.values())
