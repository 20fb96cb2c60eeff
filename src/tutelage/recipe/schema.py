"""What a recipe and a study may say: names, types and bounds of every key."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Spec: TypeAlias = dict[str, Any]  # {"use": name, setting: value, ...}
Count: TypeAlias = Annotated[int, Field(ge=1)]


class Frozen(BaseModel):
    """Unknown keys are refused; nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Recipe(Frozen):
    """One way of teaching.

    rounds: None goes on until the budget or the pool is used up, or through all episodes. per_round: None asks about
    the whole pool, or the whole episode.
    steps: differences laid over the recipe; each round runs them in order; none means one step.
    restart: learn each time from the first student on all lessons so far, or go on from the last student with the new
    lessons and what is rehearsed. None: go on where the pool comes in episodes, else restart.
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
    once: bool = False  # in a step: the first round only
    keep: bool = True  # in a step: False uses its lessons in that step alone and leaves its rows in the pool
    steps: tuple[Spec, ...] = ()


class Measure(Frozen):
    """One number from a record. last: the final score. area: mean height of the learning curve over its cost."""

    use: Literal["last", "area"] = "last"
    of: str = "accuracy"


class Beats(Frozen):
    """held when the paired 95 % interval of treatment - control lies above `by`, refuted when it lies below."""

    kind: Literal["beats"] = "beats"
    treatment: str
    control: str
    measure: Measure = Measure()
    by: float = 0.0
    gate: bool = True  # False is reported only


class Study(Frozen):
    """Arms under one budget. The first arm is a whole recipe, the others are differences laid over it."""

    about: str = ""
    arms: dict[str, Spec]
    only: tuple[str, ...] = ()  # run these arms; none means all
    seeds: Count | tuple[int, ...] = 5
    budget: dict[str, Annotated[float, Field(ge=0)]] = {}
    control: Literal["auto", "none"] = "auto"  # auto adds a uniform control when the answers are in the file
    measures: tuple[Measure, ...] = (Measure(use="last"), Measure(use="area"))
    shows: tuple[Beats, ...] = ()

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
    profiles: dict[str, Spec] = {}  # quick and full: differences laid over the study


RECIPE_KEYS = frozenset(Recipe.model_fields)
STUDY_KEYS = frozenset(Study.model_fields)
STAGES = ("choose", "teach", "order", "learn", "retain", "recall")
