"""Small sums, lists and two-step word problems, worked out correctly in five styles of writing.

    A  in the order of the columns   12 + 30 = 42; 42 - 5 = 37
    B  with named numbers            let p = 12 + 30 = 42, let q = p - 5 = 37
    C  in words                      First add 30 to 12, which makes 42. Then take 5 from 42, which makes 37. So 37
    D  tersely                       42, 37
    E  from the end and forwards     It is 37, as 42 - 5 = 37, and 42 as 12 + 30 = 42. Forwards: 12 + 30 = 42; ... So 37

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

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tutelage.core.data import Course, Modality, Rng
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.data._styles import Problem, Step, Weight, distinct, examined, shares, told
from tutelage.kit.reply_courses import reply_course

NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana")
THINGS = ("apples", "coins", "cards", "stamps", "shells", "books")


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
        weights = shares(self.mix)
        draw = {"base": base, "two_step": two_step}[self.task]
        held = distinct(draw, self.exam, stream(0, f"worked_problems exam {self.task}"), set())
        asked = distinct(draw, self.prompts, rng, {one.text for one in held})
        made = reply_course(f"worked problems, {self.task}", told(asked, weights, rng), rng, exam=examined(held),
                            sources=self.sources)  # fmt: skip
        if self.task == "base":
            return made
        old = WorkedProblems(task="base", prompts=1, exam=self.exam).course(stream(0, "old")).exams["exam"]
        return made._replace(exams={**made.exams, "old": old})
