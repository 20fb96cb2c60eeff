"""The uniform control: what choosing at random under the same budget would have given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tutelage.core import parts as shelf
from tutelage.core.errors import Missing, Refused
from tutelage.recipe.conditions import Contrast, Measure
from tutelage.recipe.read import Read, overlay
from tutelage.recipe.schema import Recipe, Spec

UNIFORM: Spec = {"choose": {"use": "uniform"}}


def plan_arms(read: Read, name: str = "") -> Read:
    """The study with the uniform control that `control: auto` promises; the same study where none is due.

    None is due where no label is bought, a person is asked, every row is taken anyway, `only` names the arms to run,
    or an arm is the first one with uniform choice already.
    `name`: what the added arm is called; "uniform" by default, "uniform_control" where that name is taken.
    """
    study = read.study
    first = next(iter(study.arms))
    recipe = read.recipes.get(first)
    if study.control == "none" or study.only or recipe is None or not _due(recipe, study.budget):
        return read
    whole = recipe.model_dump()
    control = Recipe.model_validate(overlay(whole, UNIFORM))
    if any(_alike(other, control) for other in read.recipes.values()):
        return read
    name = name or ("uniform" if "uniform" not in study.arms else "uniform_control")
    shows = tuple(
        Contrast(of={first: 1.0, name: -1.0}, measure=measure, gate=measure.use == "last")
        for measure in _measures(study.measures, recipe)
    )
    added = study.model_copy(update={"arms": {**study.arms, name: UNIFORM}, "shows": (*study.shows, *shows)})
    return read._replace(study=added, recipes={**read.recipes, name: control})


def _due(recipe: Recipe, budget: Mapping[str, float]) -> bool:
    """Labels are bought from the file, and fewer than all of them."""
    asks = Recipe.model_validate(overlay({**recipe.model_dump(), "steps": ()}, (recipe.steps or ({},))[0]))
    if asks.per_round is None and "labels" not in budget:
        return False
    return not _mentions(asks.teach, "human") and "labels" in _spends(asks.teach)


def _spends(teach: Spec) -> frozenset[str]:
    """What the teacher charges; nothing where it cannot be loaded, which the fit check will say better."""
    try:
        spends: frozenset[str] = shelf.load("teach", str(teach.get("use"))).spends
    except (Refused, Missing):
        return frozenset()
    return spends


def _mentions(spec: Any, use: str) -> bool:
    """Whether this part, or one nested in it, is `use`."""
    if isinstance(spec, Mapping):
        return spec.get("use") == use or any(_mentions(value, use) for value in spec.values())
    return isinstance(spec, (list, tuple)) and any(_mentions(value, use) for value in spec)


def _alike(one: Recipe, other: Recipe) -> bool:
    return one.model_dump() == other.model_dump()


def _measures(wanted: tuple[Measure, ...], recipe: Recipe) -> tuple[Measure, ...]:
    """The study's measures of scores that its assessors are named after; else of the first assessor's."""
    names = [str(spec.get("use")) for spec in recipe.assess]
    kept = tuple(measure for measure in wanted if measure.of in names)
    return kept or tuple(measure.model_copy(update={"of": names[0]}) for measure in wanted if names)
