"""Give every group of weights a stiffness while the next episode is learned: free, elastic, or held exactly.

    penalty = sum_i b_i (w_i - w*_i)^2,    w* the weights before the episode;    b_i = inf: w_i stays, bit for bit
    old weights   b_i = b sum_k r_k^(a_k) c_k,i    over earlier episodes k; a_k: episodes between k and the present one
    groups        b_i as stated, for parameters in whose names a pattern is found; the first that fits counts

c is 1 for weights that came with episode k (`alike`), or what the episode's lessons say of each weight: its Fisher
information, or how far the outputs move with it (`outputs`). r is the share of b that an episode keeps when the next
has been learned, `decay`, or for a task that `decays` names its own: of unimportant tasks the capacity is given back
first. An episode of several tasks keeps the largest share among them. Weights that have grown since are free unless a
group says otherwise; a group acts from the first episode on, everything else from the second.

`rehearse_each: n` brings back the first n lessons of each class of each task, in the order in which they were taught:
the same few whenever, so that a short phase after a task (a step of the recipe without new lessons) has something to
learn from. Facts of a round: `weights_free`, `weights_elastic` and `weights_held`, the shares of all weights by b.

`prune_below` is graceful forgetting: what an episode leaves with a b below it is set to 0 and is free again; a weight
of which a group states the b is not pruned, nor is an array that the run has not moved, such as those of a model under
an adapter. Set it from the values of the table, not from habit: of importance most
weights have very little, so a small number takes many. A rectified unit that loses all it reads stays silent. An
optimiser that goes on with its moments still moves a pruned weight by what is left of them.

Source: Ling and Bohn (2021), weights of b consolidated by policies; Fisher information: Kirkpatrick et al. (2017).
Neutral limit: b 0 without groups is `nothing`; alike it is `l2_start` of strength 2 b; with importance it is `ewc`, of
strength 2 b, or `mas`; b inf for all weights learns nothing; prune_below 0 prunes nothing.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream, view
>>> student = build("student", {"use": "vector.mlp", "hidden": [4]}).begin(POOL, stream(0, "student"))
>>> part = Consolidation(groups=({"names": "^head", "b": 0}, {"names": ".", "b": "inf"}))
>>> {name: bool(b.isinf().all()) for name, b in part.penalty(view(student=student)).table(student.module).items()}
{'body.0.weight': True, 'body.0.bias': True, 'head.weight': False, 'head.bias': False}
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from tutelage.core.data import Array, Kinds, Label, Lessons, Rng, Soft
from tutelage.core.descent import CanDescend, Scores
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Stage, Student, View
from tutelage.kit.batching import planned
from tutelage.kit.importance import How, fisher, sensitivity
from tutelage.kit.lessons import classes_of
from tutelage.kit.pulls import decayed
from tutelage.kit.reservoir import taken
from tutelage.kit.stiffness import Held, Stiff, said
from tutelage.kit.tasks import tasks_of
from tutelage.kit.weights import Arrays, Weights, corner, plain_name, weights_of, without


@method
class Consolidation:
    b: Annotated[float, Field(ge=0)] = 1.0  # of weights that were there before; inf holds them
    importance: Literal["alike", "fisher", "outputs"] = "alike"
    decay: Annotated[float, Field(ge=0, le=1)] = 1.0
    decays: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)  # of tasks by name instead
    groups: tuple[Held, ...] = ()  # {names: a regular expression, b: 0 to inf}
    prune_below: Annotated[float, Field(ge=0, allow_inf_nan=False)] = (
        0.0  # old weights of a smaller b become 0, and free; 0: none
    )
    rehearse_each: Annotated[int, Field(ge=0)] = 0  # lessons of each class of each task that are learned again
    fisher: How = "exact"
    lessons: Annotated[int, Field(ge=1)] | None = 200  # of each episode, to measure importance; None: all

    @model_validator(mode="after")
    def _weighs(self) -> Consolidation:
        if math.isinf(self.b) and self.importance != "alike":
            raise ValueError("b: inf holds every old weight, so there is no importance to weigh: say importance: alike")
        if self.prune_below > self.b and (self.b == 0 or self.importance == "alike"):
            raise ValueError(
                f"prune_below {self.prune_below:g} is above b, which no weight exceeds: all would be pruned"
            )
        return self

    penalises: ClassVar[bool] = True

    @property
    def accepts(self) -> Kinds | None:
        """Lessons of classes, where some of each class are brought back."""
        return frozenset({Label, Soft}) if self.rehearse_each else None

    @property
    def needs(self) -> Kinds:
        """Weights to hold, and scores where their importance is measured."""
        return frozenset({CanDescend} if self.importance == "alike" else {CanDescend, Scores})

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """The first lessons of each class of each task among all past ones, those of weight 0 left out."""
        past = view.lessons if self.rehearse_each else ()
        counts: Counter[tuple[str, int]] = Counter()
        kept, start = [], 0
        for block in past:
            about = zip(tasks_of(block, ""), classes_of(block).tolist(), block.weight > 0, strict=True)
            for place, (task, code, counted) in enumerate(about, start):
                if counted and counts[task, code] < self.rehearse_each:
                    counts[task, code] += 1
                    kept.append(place)
            start += block.size
        return taken(past, np.array(kept, dtype=np.int64))

    def penalty(self, view: View) -> Penalty | None:
        """None before the first memory and without groups."""
        importance = {} if self.b == 0 else _summed(view.memory.get("sums", {}))
        if not importance and not self.groups:
            return None
        return Stiff("consolidation", self.groups, weights_of(view.student), importance, self.b)

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned, pruned; memory holds one sum of importance for each share that episodes keep.

        Without a new lesson all stays as it was: a phase that only rehearses is no episode.
        """
        lessons = planned((Stage(new),)).lessons  # those of weight 0 are absent
        if self.b == 0 or not lessons:
            return Settled(view.student)
        sums: Mapping[str, Any] = view.memory.get("sums", {})
        if self.importance == "alike":
            found = _came(weights_of(view.student), sums, view.memory.get("freed", {}))
        elif self.importance == "fisher":
            found = fisher(view.student, lessons, self.fisher, self.lessons, rng)
        else:
            found = sensitivity(view.student, lessons, self.lessons, rng)
        tasks = {task for block in lessons for task in tasks_of(block, str(view.round))}
        mine = str(max(self.decays.get(task, self.decay) for task in tasks))
        made = {share: {name: array.dtype.type(share) * array for name, array in held.items()}
                for share, held in sums.items() if share != mine}  # fmt: skip
        made[mine] = {name: decayed(sums, mine, name, array, float(mine)) if mine in sums else array
                      for name, array in found.items()}  # fmt: skip
        freed = _moved(self._low(_summed(made)), view.first, view.student) if self.prune_below else {}
        if not freed:
            return Settled(view.student, memory={"sums": made})
        for held in made.values():
            for name in held.keys() & freed.keys():
                held[name] = np.where(freed[name][corner(held[name])], held[name].dtype.type(0), held[name])
        return Settled(without(view.student, freed), memory={"sums": made, "freed": freed})

    def _low(self, importance: Arrays) -> dict[str, Array]:
        """By name, which weights have a b of their own, not a group's, that lies below the limit."""
        found = {}
        for name, share in importance.items():
            if said(self.groups, name) is None:  # inf times 0 is no number
                stiff = share.astype(np.float64) * self.b if math.isfinite(self.b) else np.where(share > 0, np.inf, 0.0)
                found[name] = stiff < self.prune_below
        return {name: where for name, where in found.items() if where.any()}


def _moved(arrays: Arrays, first: Student, now: Student) -> dict[str, Array]:
    """Those that have changed, or come, since the run began."""
    old, new = Weights(first), Weights(now)
    named = {name: plain_name(name) for name in arrays}
    return {name: arrays[name] for name, plain in named.items()
            if plain not in old or not np.array_equal(old[plain], new[plain])}  # fmt: skip


def _came(weights: Arrays, sums: Mapping[str, Arrays], freed: Mapping[str, Array]) -> dict[str, Array]:
    """1 for every weight that is in no sum yet or was freed, 0 for the others, which came with an earlier episode."""
    made = {name: np.ones_like(array) for name, array in weights.items()}
    for held in sums.values():
        for name, array in held.items():
            made[name][corner(array)] = 0
    for name, where in freed.items():
        made[name][corner(where)][where] = 1
    return made


def _summed(sums: Mapping[str, Arrays]) -> dict[str, Array]:
    """Of each weight over all sums; an array of before a parameter grew counts in the part that there was."""
    made: dict[str, Array] = {}
    for held in sums.values():
        for name, array in held.items():
            shapes = zip(array.shape, made[name].shape if name in made else array.shape, strict=True)
            total = np.zeros([max(sizes) for sizes in shapes], dtype=array.dtype)
            for part in (made[name], array) if name in made else (array,):
                total[corner(part)] += part
            made[name] = total
    return made
