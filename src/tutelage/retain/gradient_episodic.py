"""Never step in a direction that would make the remembered lessons worse (averaged gradient episodic memory).

    g_ref = gradient of the mean loss on `batch` remembered lessons, at the present weights
    g <- g - (g . g_ref / g_ref . g_ref) g_ref   where g . g_ref < 0,   otherwise as it is;  then clipping and the step

The memory is a uniform sample of `keep` lessons of each task (or of all, or of each class), drawn as they pass by; a
task is the table's `task` column, or without one the round. Their gradient is only compared with, never followed. Each
step costs a second forward and backward pass over `batch` lessons.

Source: Chaudhry, Ranzato, Rohrbach and Elhoseiny (2019), A-GEM, equation 11; the memory as in `replay`.
Neutral limit: keep 0 is `nothing`.

>>> import torch
>>> GradientEpisodic.project(torch.tensor([1.0, -2.0]), torch.tensor([0.0, 1.0])).tolist()
[1.0, 0.0]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.descent import CanDescend
from tutelage.core.method import method
from tutelage.core.parts import build, part
from tutelage.core.rng import stream
from tutelage.core.stages import Penalty, Settled, Student, View, able
from tutelage.kit.rehearsal import Rehearsal, mean
from tutelage.kit.reservoir import By, kept, remembered, taken


@method
class GradientEpisodic:
    keep: Annotated[int, Field(ge=0)] = 50  # lessons
    by: By = "task"
    each: bool = True  # so many of each task or class
    batch: Annotated[int, Field(ge=1)] = 32  # remembered lessons that a step is compared with
    objective: Annotated[Any, part("objective")] = Field(default_factory=lambda: build("objective", "cross_entropy"))

    extra_passes: ClassVar[float] = 1.0
    penalises: ClassVar[bool] = True

    @property
    def needs(self) -> Kinds:
        """Weights to move, and the faces that the objective asks for."""
        return frozenset({CanDescend, *self.objective.needs})

    @staticmethod
    def project(gradient: Any, memory: Any) -> Any:
        """(P,) the gradient without its part against that of the memory."""
        along = gradient @ memory
        return gradient if along >= 0 else gradient - along / (memory @ memory) * memory

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """The loss on the memory, which is not added: its gradient is what a step is held against."""
        old = kept(view.memory, view.lessons)
        if self.keep == 0 or len(old) == 0:
            return None
        student, luck = able(view.student, CanDescend), stream(view.memory["luck"], "retain.memory", view.round)
        order, draws = luck.spawn(2)
        lessons = taken(view.lessons, old)
        rehearsal = Rehearsal(student, lessons, self.batch, order, self.objective.prepare(lessons, view))
        return Held(rehearsal, self.objective, draws)

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned; the memory sees every lesson that it has not seen."""
        if self.keep == 0:
            return Settled(view.student)
        draws, lucks = rng.spawn(2)
        memory = remembered(self, view, draws)
        return Settled(view.student, memory={**memory, "luck": int(lucks.integers(2**31))})


@dataclass(frozen=True, eq=False)
class Held:
    """Implements core.descent.Projects."""

    rehearsal: Rehearsal
    objective: Any
    luck: Rng

    def __call__(self, module: Any) -> Any:
        batch = self.rehearsal.next_for(module)
        return mean(self.objective.losses(module, batch, self.luck), batch)

    def project(self, gradient: Any, memory: Any) -> Any:
        """As the method does."""
        return GradientEpisodic.project(gradient, memory)
