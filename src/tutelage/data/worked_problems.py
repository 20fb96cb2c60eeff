"""Small sums, lists and two-step word problems, worked out correctly in five styles of writing.

    A  in the order of the columns   12 + 30 = 42; 42 - 5 = 37
    B  with named numbers            let p = 12 + 30 = 42, let q = p - 5 = 37
    C  in words                      First add 30 to 12, which makes 42. Then take 5 from 42, which makes 37. So 37
    D  tersely                       42, 37
    E  from the end, at length       The answer is 37, because 42 - 5 = 37, and 42 because 12 + 30 = 42. ... it is 37

Every reply is right and its last number is the answer. `task: base` holds sums of two numbers and the largest or the
sum of a list, what a small model may be taught first; `task: two_step` holds word problems of two steps. Without `mix`
the pool has all five replies to every prompt, their style as their `source`; with it one reply, its style drawn. The
problems of the pool are drawn for each seed, those of the exam are always the same and stand in no pool; an exam reply
is in style A, so examine by the last number. Beside word problems there is an exam `old` of base problems.

Source: made for the controlled experiment of Zhang and others (2025), arXiv 2502.04194, section 4, at small size.
Neutral limit: none; it is generated.

>>> from tutelage.core.rng import stream
>>> pool = WorkedProblems(prompts=2, exam=3).course(stream(0, "data")).parts["pool"].pool
>>> len(pool), sorted(set(pool.column("source").to_pylist()))
(10, ['A', 'B', 'C', 'D', 'E'])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Course, Floats, Modality, Rng
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.kit.reply_courses import reply_course
from tutelage.kit.reply_files import Reply

Weight = Annotated[float, Field(ge=0)]
NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana")
THINGS = ("apples", "coins", "cards", "stamps", "shells", "books")
PASTS = {"+": "add {b} to {a}", "-": "take {b} from {a}", "x": "multiply {a} by {b}", "max": "compare {a} with {b}"}
SIGNS = {"+": "{a} + {b}", "-": "{a} - {b}", "x": "{a} x {b}", "max": "max({a}, {b})"}


class Step(NamedTuple):
    """One operation and what it gives."""

    op: str
    a: int
    b: int

    @property
    def result(self) -> int:
        return {"+": self.a + self.b, "-": self.a - self.b, "x": self.a * self.b, "max": max(self.a, self.b)}[self.op]

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
    said = f"The answer is {last.result}, because {last.sign()} = {last.result}"
    said += "".join(f", and {step.result} because {step.sign()} = {step.result}" for step in earlier)
    return f"{said}. Read forwards this is {column(steps)}. Hence it is {last.result}"


STYLES: dict[str, Callable[[tuple[Step, ...]], str]] = {
    "A": column, "B": named, "C": words, "D": terse, "E": from_the_end,
}  # fmt: skip


def base(rng: Rng) -> Problem:
    """A sum or difference of two numbers, or the largest or the sum of a list of three."""
    kind, (a, b, c) = rng.integers(4), (int(x) for x in rng.integers(2, 100, 3))
    if kind == 0:
        return Problem(f"What is {a} + {b}?", (Step("+", a, b),))
    if kind == 1:
        high, low = max(a, b), min(a, b)
        return Problem(f"What is {high} - {low}?", (Step("-", high, low),))
    op, asked = ("max", "largest") if kind == 2 else ("+", "sum")
    first = Step(op, a, b)
    return Problem(f"What is the {asked} of {a} {b} {c}?", (first, Step(op, first.result, c)))


def two_step(rng: Rng) -> Problem:
    """A word problem of two operations."""
    kind, name, thing = rng.integers(3), NAMES[rng.integers(len(NAMES))], THINGS[rng.integers(len(THINGS))]
    a, b = (int(x) for x in rng.integers(2, 50, 2))
    if kind == 0:
        first = Step("+", a, b)
        c = int(rng.integers(1, first.result))
        text = f"{name} has {a} {thing}, gets {b} more and gives {c} away. How many {thing} are left?"
        return Problem(text, (first, Step("-", first.result, c)))
    few = int(rng.integers(2, 10))
    first = Step("x", a, few)
    if kind == 1:
        c = int(rng.integers(1, first.result))
        text = f"{name} buys {few} bags of {a} {thing} each and loses {c}. How many {thing} are left?"
        return Problem(text, (first, Step("-", first.result, c)))
    text = f"{name} buys {few} bags of {a} {thing} each and finds {b} more. How many {thing} are there?"
    return Problem(text, (first, Step("+", first.result, b)))


@method
class WorkedProblems:
    """mix: style -> weight; one reply a prompt, its style drawn. None: all five replies to every prompt."""

    task: Literal["base", "two_step"] = "two_step"
    prompts: Annotated[int, Field(ge=1, le=50_000)] = 400
    exam: Annotated[int, Field(ge=1, le=5_000)] = 500
    mix: Mapping[str, Weight] | None = None
    sources: tuple[str, ...] | None = None  # whose replies the pool holds

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = """Generated; nothing is fetched. Sums, lists and two-step word problems with correct replies
in five styles. Split: the exam's problems are drawn once for all seeds and are left out of every pool."""

    def course(self, rng: Rng) -> Course:
        """The course. Refused for a style that does not exist or a mixture without weight."""
        weights = self._weights()
        draw = {"base": base, "two_step": two_step}[self.task]
        held = _distinct(draw, self.exam, stream(0, f"worked_problems exam {self.task}"), set())
        asked = _distinct(draw, self.prompts, rng, {one.text for one in held})
        told = []
        for number, one in enumerate(asked, start=1):
            styles = list(STYLES) if weights is None else [list(STYLES)[rng.choice(len(STYLES), p=weights)]]
            told += [_reply(f"{number}", one, style) for style in styles]
        exam = [_reply(f"exam {number}", one, "A") for number, one in enumerate(held, start=1)]
        made = reply_course(f"worked problems, {self.task}", told, rng, exam=exam, sources=self.sources)
        if self.task == "base":
            return made
        old = WorkedProblems(task="base", prompts=1, exam=self.exam).course(stream(0, "old")).exams["exam"]
        return made._replace(exams={**made.exams, "old": old})

    def _weights(self) -> Floats | None:
        """(5,) the share of each style; None where all are given."""
        if self.mix is None:
            return None
        strange = [name for name in self.mix if name not in STYLES]
        if strange:
            raise Refused(Fault("data.mix", f"there is no style {strange[0]!r}", nearest(strange[0], STYLES)))
        weights = np.array([self.mix.get(name, 0.0) for name in STYLES])
        if not weights.sum() > 0:
            raise Refused(Fault("data.mix", "no style has a weight above 0"))
        return np.asarray(weights / weights.sum(), dtype=np.float64)


def _reply(id: str, one: Problem, style: str) -> Reply:
    return Reply(f"{id}.{style}", one.text, None, STYLES[style](one.steps), style, ())


def _distinct(draw: Callable[[Rng], Problem], count: int, rng: Rng, known: set[str]) -> list[Problem]:
    """So many problems of different texts, none of them known."""
    found: dict[str, Problem] = {}
    while len(found) < count:
        one = draw(rng)
        if one.text not in known:
            found.setdefault(one.text, one)
    return list(found.values())
