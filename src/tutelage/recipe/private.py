"""What private learning asks of the rest of a recipe, and what of it the count of privacy does not cover.

A recipe with `learn.privacy` is refused where the promise would not hold: batches that are planned, objectives that
couple lessons, pulls towards earlier lessons, a second private step. What merely looks at the same rows without noise
is allowed and named, in the notes of the report: it is not private.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tutelage.core.parts import name_of

BLIND = frozenset({"everything", "uniform"})  # choosers that look at no row
ROW_BY_ROW = frozenset({"oracle", "human", "noisy", "crowd"})  # teachers whose lesson depends on its own row alone


def is_private(learn: Any) -> bool:
    """Whether this learner clips and adds noise."""
    return getattr(learn, "privacy", None) is not None


def misfits(stages: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(where, what, help) for everything beside a private learner that breaks its count."""
    learn, order, retain = stages["learn"], stages["order"], stages["retain"]
    if learn is None or not is_private(learn):
        return
    if learn.objective.couples:
        name = name_of(type(learn.objective))
        what = f"{name} couples the lessons of a batch, so no lesson has a gradient of its own that could be clipped"
        yield "learn.objective", what, "an objective of single lessons, such as cross_entropy"
    if order is not None and (name_of(type(order)) != "as_given" or order.fixed):
        what = f"private learning draws its batches at random, and {name_of(type(order))} plans them"
        yield "order", what, "--set order.use=as_given"
    if retain is not None and name_of(type(retain)) != "nothing":
        what = f"{name_of(type(retain))} brings earlier lessons back, which the count of privacy does not cover"
        yield "retain", what, "--set retain.use=nothing"


def twice(learners: Iterable[Any]) -> bool:
    """Whether two steps are private, each with an account that does not know of the other's."""
    return sum(is_private(learn) for learn in learners) > 1


def uncovered(steps: Iterable[Any], student: Any, stop: Any) -> tuple[str, ...]:
    """What looks at the private rows, or may, without noise; () for a recipe without privacy."""
    steps = tuple(steps)
    if not any(is_private(step.learn) for step in steps):
        return ()
    found: dict[str, None] = {}
    if getattr(student, "standardise", True):
        found["what the student takes from the pool as it begins, such as scales or a vocabulary"] = None
    for step in steps:
        names = {stage: name_of(type(getattr(step, stage))) for stage in ("choose", "teach", "learn", "recall")}
        if names["choose"] not in BLIND:
            found[f"choosing by {names['choose']}"] = None
        if names["teach"] not in ROW_BY_ROW:
            found[f"lessons by {names['teach']}"] = None
        if not is_private(step.learn) and names["learn"] != "nothing":
            found[f"learning by {names['learn']} in step {step.name}, on whatever lessons it is given"] = None
        if names["recall"] != "nothing":
            found[f"{names['recall']} at answer time"] = None
        for audit in (one for one in step.assess if getattr(one, "looks_at_lessons", False)):
            found[f"the scores of {name_of(type(audit))}"] = None
    if stop is not None:
        found[f"stopping by {name_of(type(stop))}"] = None
    found["the facts `loss` and `clipped`"] = None
    return tuple(found)
