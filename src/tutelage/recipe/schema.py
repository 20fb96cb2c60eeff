"""What a recipe and a study may say: names, types and bounds of every key."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from tutelage.recipe.conditions import Contrast, Follows, Frozen, Measure

Spec: TypeAlias = dict[str, Any]  # {"use": name, setting: value, ...}
Count: TypeAlias = Annotated[int, Field(ge=1)]


class Recipe(Frozen):
    """One way of teaching.

    rounds: None goes on until the budget or the pool is used up, or through all episodes. per_round: None asks about
    the whole pool, or the whole episode.
    stop: a rule that is asked after every round and may end the arm there; None goes on.
    steps: differences laid over the recipe; each round runs them in order; none means one step.
    restart: learn each time from the first student on all lessons so far, or go on from the last student with the new
    lessons and what is rehearsed. None: go on where the pool comes in episodes, else restart.
    luck: shared, every stage draws what the same stage of every other arm draws, so that differences are paired; own,
    every stage but the data draws for this arm alone, so that two equal arms differ as two runs would.
    """

    data: Spec
    student: Spec
    choose: Spec = {"use": "everything"}
    teach: Spec = {"use": "oracle"}
    order: Spec = {"use": "as_given"}
    learn: Spec = {"use": "refit"}
    retain: Spec = {"use": "nothing"}
    recall: Spec = {"use": "nothing"}
    assess: tuple[Spec, ...] = ({"use": "accuracy"},)
    rounds: Count | None = None
    per_round: Count | None = None
    restart: bool | None = None
    assess_every: Count = 1
    stop: Spec | None = None
    once: bool = False  # in a step: the first round only
    keep: bool = True  # in a step: False uses its lessons in that step alone and leaves its rows in the pool
    steps: tuple[Spec, ...] = ()
    luck: Literal["shared", "own"] = "shared"


class Study(Frozen):
    """Arms under one budget. The first arm is a whole recipe, the others are differences laid over it."""

    about: str = ""
    arms: dict[str, Spec]
    only: tuple[str, ...] = ()  # run these arms; none means all
    seeds: Count | tuple[int, ...] = 5
    budget: dict[str, Annotated[float, Field(ge=0)]] = {}
    control: Literal["auto", "none"] = "auto"  # auto adds a uniform control when the answers are in the file
    measures: tuple[Measure, ...] = (Measure(use="last"), Measure(use="area"))
    shows: tuple[Contrast | Follows, ...] = ()
    tie: Annotated[float, Field(gt=0)] | None = None  # two arms tie when the interval lies inside +-tie
    looks: tuple[Count, ...] = ()  # after so many seeds, stop when every gated condition is decided

    @model_validator(mode="after")
    def _in_order(self) -> Study:
        if list(self.looks) != sorted({*self.looks}) or (self.looks and self.looks[-1] > len(self.seed_list)):
            raise ValueError(f"looks rise and end with at most the {len(self.seed_list)} seeds")
        return self

    @property
    def unit(self) -> str:
        """The unit in which costs are compared where a measure names none."""
        return next(iter(self.budget), "labels")

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds by number."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds


class Paper(Study):
    """A study with a card: what the paper claims, what is done here, what that cannot show."""

    key: str
    title: str
    year: int
    link: str
    headline: str
    here: str
    not_shown: str
    version: Count = 1
    looks: tuple[()] = ()  # a claim is run at all of its seeds
    profiles: dict[str, Spec] = {}  # quick and full: differences laid over the study


RECIPE_KEYS = frozenset(Recipe.model_fields)
STUDY_KEYS = frozenset(Study.model_fields)
STAGES = ("choose", "teach", "order", "learn", "retain", "recall")
