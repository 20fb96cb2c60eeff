"""Students that are taught before they are used: each by its own recipe, depth first, then the recipe around them.

A recipe may name a student anywhere with `taught: {a recipe}`. It is taught by the same loop, on a part of the same
data or on data of its own, and sits no exam. Its luck carries its place (teach.students.0.taught.learn), or is that
of the arm that it was named by; what it buys is charged to the arm around it, unless it was `given`. What takes long
to teach is kept for the next run (kept_students.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tutelage.core.data import Course, Floats, Pool, Rng
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import settings
from tutelage.core.pupil import Pupil
from tutelage.core.rng import stream
from tutelage.core.stages import Student, Till
from tutelage.kept_students import kept
from tutelage.loop import Round, Run, rounds
from tutelage.recipe.fit import fit_one
from tutelage.recipe.lines import Source
from tutelage.recipe.pupils import changed, part_of, recipe_of


def played(run: Run) -> Iterator[Round]:
    """The rounds of an arm, after all the students that it asks for have been taught. Waiting passes through."""
    yield from rounds(ready(run))


def ready(run: Run) -> Run:
    """The same run with every student that its parts ask for taught, so that nothing in it waits for one."""
    parts = changed(run.parts, lambda path, pupil: replace(pupil, student=_finished(run, path, pupil)))
    if parts.first is not None:
        parts = parts._replace(student=Already(parts.student, parts.first.student), first=None)
    return run._replace(parts=parts)


class Already(NamedTuple):
    """Stands for the maker of a student that is there: it begins as what it has been taught."""

    maker: Any
    student: Student

    def begin(self, pool: Pool, rng: Rng) -> Student:
        return self.student


@dataclass(frozen=True)
class Given:
    """A till for what was there before: nothing is charged. What was bought elsewhere in the study is found."""

    around: Till
    held: dict[str, Any] = field(default_factory=dict)

    def afford(self, unit: str, amount: float) -> None: ...

    def left(self, unit: str) -> float:
        return float("inf")

    def paid(self, unit: str, keys: Sequence[str]) -> tuple[Any | None, ...]:
        return tuple(self.held.get(k, v) for k, v in zip(keys, self.around.paid(unit, keys), strict=True))

    def pay(self, unit: str, keys: Sequence[str], values: Sequence[Any], amounts: Floats) -> None:
        self.held.update(zip(keys, values, strict=True))

    def ask(self, unit: str, keys: Sequence[str]) -> int:
        return self.around.ask(unit, keys)

    def part(self, name: str) -> Given:
        return replace(self, around=self.around.part(name))


def _finished(run: Run, path: str, pupil: Pupil) -> Student:
    """One student, taught or just begun. Refused when the budget allows it no lesson, or its data have no such part."""
    told: Mapping[str, Any] = pupil.taught or {}
    seed = int(told.get("seed", run.seed))
    if pupil.taught is None:
        begun: Student = pupil.maker.begin(run.course.parts["pool"].pool, stream(seed, f"{run.salt}{path}"))
        return begun
    recipe = recipe_of(pupil, settings(run.parts.data))
    parts = fit_one(recipe, Source("", {}))
    salt = f"{run.salt}{path}.taught."
    if "arm" in told:
        salt = f"{told['arm']}/" if recipe.luck == "own" else ""
    till = run.till.part(f"{path}.taught")
    scratch = run.scratch / f"{path}.taught"
    scratch.mkdir(parents=True, exist_ok=True)
    course = course_of(run.course, path, pupil, parts.data, seed)

    def teach(purse: Till) -> Student:
        last = deque(played(Run(parts, course, seed, purse, scratch, salt)), maxlen=1)
        if not last:
            raise Refused(Fault(path, "this student could not be taught: the budget allows not one lesson for it"))
        return last[0].student

    return kept(parts, course, seed, salt, Given(till) if told.get("given") else till, teach)


def course_of(here: Course, path: str, pupil: Pupil, data: Any, seed: int) -> Course:
    """What it learns from, without any exam: data of its own, or one part of those around it, `here`, as its pool."""
    name = part_of(pupil)
    if not name:
        made: Course = data.course(stream(seed, "data"))
        return made._replace(exams={}, bought=0)
    if name == "pool":
        return here._replace(exams={}, bought=0)
    if name not in here.parts:
        raise Refused(no_part(f"{path}.taught.data.part", name, here))
    others = {key: part for key, part in here.parts.items() if key not in ("pool", name)}
    return Course({"pool": here.parts[name], **others}, {})


def no_part(where: str, name: str, course: Course) -> Fault:
    """The data have no part of that name."""
    return Fault(where, f"the data have no part called {name!r}", nearest(name, course.parts))
