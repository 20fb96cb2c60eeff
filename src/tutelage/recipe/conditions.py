"""What a study sets out to show: measures, and the conditions that are judged on them.

Longer than 200 lines: every measure that a claim can name stands here, with what it may be asked together with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

OF_A_CURVE = frozenset({"last", "final", "area", "cost_to"})
IN_ITS_UNIT = frozenset({"last", "final", "area"})  # measures that are a mean of the score's values
OF_MEMORY = frozenset({"at", "lost", "slowing"})  # read along the updates behind one round
Use: TypeAlias = Literal[
    "last", "final", "area", "cost_to", "recovered", "fact", "at", "lost", "slowing",
    "pm", "ft", "bt", "ft_contrast", "bt_contrast", "rp", "se", "pr", "acc", "bwt", "fwt", "forgetting",
    "aia", "general", "intransigence", "fuar", "overlap",
]  # fmt: skip


class Frozen(BaseModel):
    """Unknown keys are refused; nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Measure(Frozen):
    """One number from a record, read at costs that every arm of a comparison reached.

    last: the final score. area: mean height of the learning curve over its cost. cost_to: the cost at which the score
    first reaches `level`; where it never does, the highest common cost (a restricted mean), and that is said.
    final: the score of the last round, whatever that cost.
    recovered: the share of the gap between two other arms that is closed, (final - floor) / (ceiling - floor) at each
    seed: 0 is the weak supervisor's score, 1 that of the ceiling; undefined where the ceiling is not the better one.
    fact: what a stage said under the name `of` when it last said it, such as misfit_hard, whatever that cost. It is not
    turned, as nobody knows whether more of it is better: below 0.1 is {of: {arm: -1}, above: -0.1}.
    at: the score after the round `after`, -1 being before all learning.
    lost: the share of that score, as far as it lies above `chance`, that is lost by the last round; with `against`,
    another score, less the share that is lost of that one, above `chance_against`.
    slowing: what is lost an update up to `knee` updates after that round, less what is lost an update from there to the
    last round; with `scale: logarithmic` a step of ln(1 + updates). None of the three but `at` is turned.
    pm, ft, bt, rp, se and the other measures of a lifetime: see docs/lifelong.md; `experts` names, for each task, the
    arm that learns it alone, and `joint`, for intransigence, the arm that learns all tasks so far together.
    fuar: forgotten over acquired, what is lost of the score `of` for each point won in the scores `gained`, from before
    round 0 to the end (kit/fuar.py); less is better, undefined where nothing is won. With several phases `kept` may
    name a score of its own for each model before the last.
    overlap: the share of the rows that an arm asked about that the arm named `of` asked about, too, over all rounds and
    at the same seed; the two choose from the same data (study/overlap.py). Not turned, as a fact is not.
    """

    use: Use = "last"
    of: str = "accuracy"
    per: str = ""  # the unit of cost; "" is the first unit of the budget, else labels
    level: float | None = None
    experts: dict[str, str] = {}
    joint: str = ""
    floor: str = ""  # of recovered: the arm of the weak supervisor
    ceiling: str = ""  # of recovered: the arm that is taught the truth
    gained: tuple[str, ...] = ()  # of fuar: the scores of what the last phase teaches
    kept: tuple[str, ...] = ()  # of fuar: one score for each earlier phase; none: `of` for all
    after: Annotated[int, Field(ge=-1)] | None = None  # of at, lost and slowing: the round to start from
    knee: Annotated[int, Field(ge=1)] | None = None  # of slowing: updates
    scale: Literal["updates", "logarithmic"] = "updates"  # of slowing
    chance: float = 0.0  # of lost
    against: str = ""  # of lost: another score
    chance_against: float = 0.0

    @model_validator(mode="after")
    def _whole(self) -> Measure:
        if (self.level is None) == (self.use == "cost_to"):
            raise ValueError("cost_to, and no other measure, needs the level that is to be reached")
        if (self.use == "recovered") != bool(self.floor and self.ceiling):
            raise ValueError("recovered, and no other measure, names the arms `floor` and `ceiling`")
        if (self.use == "intransigence") != bool(self.joint):
            raise ValueError("intransigence, and no other measure, names the arm `joint`")
        if (self.use == "fuar") != bool(self.gained) or (self.kept and self.use != "fuar"):
            raise ValueError("fuar, and no other measure, names the scores that are `gained`")
        if (self.use in OF_MEMORY) != (self.after is not None):
            raise ValueError("at, lost and slowing, and no other measure, name the round `after` which they begin")
        if (self.use == "slowing") != (self.knee is not None):
            raise ValueError("slowing, and no other measure, needs the knee, a number of updates")
        if self.use != "lost" and (self.chance or self.against or self.chance_against):
            raise ValueError("chance and against are for lost")
        if self.experts and self.use in OF_A_CURVE | OF_MEMORY | {"recovered", "fuar"}:
            raise ValueError("experts are for the measures of a lifetime")
        return self


class Contrast(Frozen):
    """sum_a of[a] * measure(a), turned so that more is better, against a number.

    above: held when the 95 % interval lies above it, refuted when it lies below. within: held when the interval lies
    inside +-within, refuted when it lies outside. Of several arms the coefficients sum to 0; one arm alone is not
    turned and serves for "at least". Two common contrasts have spellings of their own:
    {treatment: a, control: b, by: 0.01} and {treatment: a, control: b, within: 0.02}.
    """

    of: dict[str, float]
    measure: Measure = Measure()
    above: float | None = 0.0
    within: Annotated[float, Field(gt=0)] | None = None
    gate: bool = True  # False is reported only

    @model_validator(mode="before")
    @classmethod
    def _spelt(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not {"treatment", "control"} & given.keys():
            return _one_limit(given)
        rest = {key: value for key, value in given.items() if key not in {"treatment", "control", "by", "kind"}}
        sides = [given.get("treatment"), given.get("control")]
        if None in sides or sides[0] == sides[1] or "of" in rest:
            raise ValueError("a comparison names two different arms, as in {treatment: a, control: b}")
        if "by" in given:
            rest["above"] = given["by"]
        return _one_limit({"of": {str(sides[0]): 1.0, str(sides[1]): -1.0}, **rest})

    @model_validator(mode="after")
    def _balanced(self) -> Contrast:
        if not any(self.of.values()):
            raise ValueError("a contrast needs an arm with a coefficient that is not 0")
        if len(self.of) > 1 and abs(sum(self.of.values())) > 1e-9:
            raise ValueError(f"the coefficients of a contrast sum to 0; these sum to {sum(self.of.values()):g}")
        if (self.above is None) == (self.within is None):
            raise ValueError("a contrast is held against `above` or `within`, one of them")
        return self

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that it is about."""
        return tuple(self.of)

    @property
    def trend(self) -> bool:
        """A contrast is none."""
        return False

    @property
    def pair(self) -> tuple[str, str] | None:
        """(treatment, control) where it is the plain difference of two arms."""
        sides = {coefficient: arm for arm, coefficient in self.of.items()}
        return (sides[1.0], sides[-1.0]) if len(self.of) == 2 and {1.0, -1.0} == sides.keys() else None

    @property
    def text(self) -> str:
        """Such as "a - b" or "a - 0.5 b - 0.5 c"."""
        return summed(self.of)


class Follows(Frozen):
    """Over the arms in this order, the measure rises or falls with the knob: Spearman's rank correlation at each seed.

    knob: one number for each arm, or another measure of the same arms. held: the interval of the mean correlation over
    seeds, turned so that the stated direction is positive, lies above 0.
    """

    arms: Annotated[tuple[str, ...], Field(min_length=3)]
    knob: tuple[float, ...] | Measure
    measure: Measure = Measure()
    direction: Literal["rises", "falls"] = "rises"
    gate: bool = True

    @model_validator(mode="after")
    def _paired(self) -> Follows:
        if isinstance(self.knob, tuple) and len(self.knob) != len(self.arms):
            raise ValueError(f"{len(self.arms)} arms need {len(self.arms)} values of the knob, not {len(self.knob)}")
        return self

    @property
    def trend(self) -> bool:
        """Its number is a correlation."""
        return True

    @property
    def pair(self) -> None:
        """A trend is no difference of two arms."""
        return None

    @property
    def text(self) -> str:
        """In words."""
        knob = "the knob" if isinstance(self.knob, tuple) else f"{self.knob.use} {self.knob.of}"
        few = ", ".join(self.arms)
        arms = few if len(self.arms) <= 8 else f"{len(self.arms)} arms, {self.arms[0]} to {self.arms[-1]}"
        return f"{self.direction} with {knob}: {arms}"


def _one_limit(given: Any) -> Any:
    """`within` alone takes the place of the default of `above`."""
    if isinstance(given, dict) and given.get("within") is not None and "above" not in given:
        return {**given, "above": None}
    return given


def summed(of: Mapping[str, float]) -> str:
    """Such as "a - 0.5 b - 0.5 c"."""
    made = ""
    for arm, coefficient in of.items():
        size = "" if abs(coefficient) == 1 else f"{abs(coefficient):g} "
        sign = ("-" if coefficient < 0 else "") if not made else (" - " if coefficient < 0 else " + ")
        made += f"{sign}{size}{arm}"
    return made


def condition_of(stored: Any) -> Contrast | Follows:
    """A condition as it was written down with its verdict, in whatever spelling. ValidationError when it is none."""
    made: Contrast | Follows = ADAPTER.validate_python(stored)
    return made


ADAPTER: TypeAdapter[Contrast | Follows] = TypeAdapter(Contrast | Follows)
