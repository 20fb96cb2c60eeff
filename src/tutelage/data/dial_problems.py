"""Problems on a dial of ten numbers, worked out correctly in five styles of writing, for the smallest decoders.

    base      add 3 8 9            one operation along a list of three numbers
    two_step  add then min 3 8 9   two different ones: 8 is added to 3, then it is the smaller of that and 9

On a dial 3 + 8 is 1 and 3 - 8 is 5: every number has one digit, so that some 200,000 weights learn all sums and
differences that there are, which they do not of the numbers of `worked_problems`. The operations are sum, difference,
the larger (3 v 8 = 8) and the smaller (3 ^ 8 = 3); the ten digits are equally likely. Styles A to E, `mix`, `sources`
and the two exams are those of `worked_problems`: without `mix` the pool has all five replies to every prompt, with it
one, its style drawn; beside two steps there is an exam `old` of base problems. Examine by the last number. There are
4,000 base problems, three quarters of those that are drawn being sums and differences, and 12,000 of two steps.

Source: made for the controlled experiment of Zhang and others (2025), arXiv 2502.04194, section 4, at smallest size.
Neutral limit: none; it is generated.

>>> from tutelage.core.rng import stream
>>> pool = DialProblems(prompts=1, exam=3).course(stream(1, "data")).parts["pool"].pool
>>> pool.texts()[0], pool.column("reply").to_pylist()[::3]
('take then min 4 9 8', ['4 - 9 = 5; 5 ^ 8 = 5', '5, 5'])
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

DIAL = 10
VERBS = {"+": "add", "-": "take", "v": "max", "^": "min"}
SHARES = (0.375, 0.375, 0.125, 0.125)  # of base problems: sums and differences have to be learned one by one


def base(rng: Rng) -> Problem:
    """One operation along a list."""
    op = list(VERBS)[rng.choice(len(VERBS), p=SHARES)]
    numbers = [int(x) for x in rng.integers(0, DIAL, 3)]
    return Problem(f"{VERBS[op]} {' '.join(map(str, numbers))}", _steps([op, op], numbers))


def two_step(rng: Rng) -> Problem:
    """Two different operations, one after the other."""
    ops = [list(VERBS)[at] for at in rng.permutation(len(VERBS))[:2]]
    numbers = [int(x) for x in rng.integers(0, DIAL, 3)]
    return Problem(f"{VERBS[ops[0]]} then {VERBS[ops[1]]} {' '.join(map(str, numbers))}", _steps(ops, numbers))


def _steps(ops: list[str], numbers: list[int]) -> tuple[Step, ...]:
    made: list[Step] = []
    for op, b in zip(ops, numbers[1:], strict=True):
        made.append(Step(op, made[-1].result if made else numbers[0], b, DIAL))
    return tuple(made)


DRAWS = {"base": base, "two_step": two_step}


@method
class DialProblems:
    """mix: style -> weight; one reply a prompt, its style drawn. None: all five replies to every prompt."""

    task: Literal["base", "two_step"] = "two_step"
    prompts: Annotated[int, Field(ge=1, le=1_500)] = 400
    exam: Annotated[int, Field(ge=1, le=500)] = 500
    split: Literal["test", "dev"] = "test"  # which problems the exams are made of; the others are in no pool either
    mix: Mapping[str, Weight] | None = None
    sources: tuple[str, ...] | None = None  # whose replies the pool holds

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = """Generated; nothing is fetched. Lists and two-step problems over the digits, worked out
modulo ten, with correct replies in five styles. Split: the problems of both exams are drawn once for all seeds and are
left out of every pool."""

    def course(self, rng: Rng) -> Course:
        """The course. Refused for a style that does not exist or a mixture without weight."""
        weights = shares(self.mix)
        known: set[str] = set()
        exams = {split: self._held(self.task, split, known) for split in ("test", "dev")}
        asked = distinct(DRAWS[self.task], self.prompts, rng, known)
        made = reply_course(f"dial problems, {self.task}", told(asked, weights, rng), rng,
                            exam=examined(exams[self.split]), sources=self.sources)  # fmt: skip
        if self.task == "base":
            return made
        old = DialProblems(task="base", prompts=1, exam=self.exam, split=self.split).course(stream(0, "old"))
        return made._replace(exams={**made.exams, "old": old.exams["exam"]})

    def _held(self, task: str, split: str, known: set[str]) -> list[Problem]:
        """The exam's problems, which are known afterwards."""
        made = distinct(DRAWS[task], self.exam, stream(0, f"dial_problems {split} {task}"), known)
        known |= {one.text for one in made}
        return made
