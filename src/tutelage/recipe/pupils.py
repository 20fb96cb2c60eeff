"""Students that the parts of a recipe ask for: where they stand, and by which recipe each is taught."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tutelage.core.method import settings
from tutelage.core.parts import name_of
from tutelage.core.pupil import KEYS, Pupil, with_pupils
from tutelage.recipe.lines import Source
from tutelage.recipe.read import validated
from tutelage.recipe.schema import STAGES, Recipe, Spec

Change = Callable[[str, Pupil], Pupil]


def changed(parts: Any, change: Change) -> Any:
    """The parts of an arm with every pupil changed, each by its dotted place; a part that steps share, once.

    The places are those of luck and of the till: a stage of the first step goes without the step.
    """
    seen: list[tuple[Any, Any]] = []

    def one(part: Any, path: str) -> Any:
        for before, after in seen:
            if part == before and type(part) is type(before):
                return after
        made = with_pupils(part, path, change)
        seen.append((part, made))
        return made

    steps = []
    for step in parts.steps:
        prefix = "" if step.name == "0" else f"steps.{step.name}."
        stages = {stage: one(getattr(step, stage), f"{prefix}{stage}") for stage in STAGES}
        exams = tuple(one(exam, f"{prefix}assess.{number}") for number, exam in enumerate(step.assess))
        steps.append(step._replace(assess=exams, **stages))
    first = None if parts.first is None else change("student", parts.first)
    return parts._replace(steps=tuple(steps), first=first)


def recipe_of(pupil: Pupil, data: Spec) -> Recipe:
    """The recipe that teaches it; `data` are those of the recipe around it. Refused for a key that it cannot have.

    It sits no exam: nobody looks at the exam on the way to a student that will be examined.
    """
    told = {key: value for key, value in (pupil.taught or {}).items() if key not in KEYS}
    if "use" not in (told.get("data") or {}):
        told["data"] = data
    made: Recipe = validated(Recipe, {"student": settings(pupil.maker), **told, "assess": ()}, Source("", {}), "")
    return made


def part_of(pupil: Pupil) -> str:
    """Which part of the data around it serves as its pool; "" where it brings data of its own."""
    data = (pupil.taught or {}).get("data") or {}
    return "" if "use" in data else str(data.get("part", "pool"))


def misfits(part: Any, path: str) -> Iterator[tuple[str, str, Pupil]]:
    """(place, sentence, pupil) of every student that a part cannot use; `students_need` says what it uses."""
    found: list[tuple[str, str, Pupil]] = []

    def look(at: str, pupil: Pupil) -> Pupil:
        wanted = getattr(part, "students_need", frozenset()) - pupil.maker.can
        for need in sorted(wanted, key=lambda kind: str(kind.__name__)):
            has = f"which {name_of(type(pupil.maker))} has not"
            found.append((at, f"{name_of(type(part))} asks a student that has {need.__name__}, {has}", pupil))
        return pupil

    with_pupils(part, path, look)
    return iter(found)


def strange(pupil: Pupil) -> str:
    """What is wrong with the keys of `taught` that are no recipe's; empty when nothing is."""
    told: Mapping[str, Any] = pupil.taught or {}
    data = told.get("data")
    if data is not None and (not isinstance(data, Mapping) or not {"use", "part"} & data.keys()):
        return f"data are {{use: NAME, ...}} or {{part: NAME}} of the data around it, found {data!r}"
    if isinstance(data, Mapping) and "use" not in data and set(data) != {"part"}:
        return f"a part of the data around it has no settings, found {sorted(set(data) - {'part'})}"
    if not isinstance(told.get("given", False), bool):
        return f"given is true or false, found {told['given']!r}"
    if not isinstance(told.get("seed", 0), int):
        return f"seed is a whole number, found {told['seed']!r}"
    return ""
