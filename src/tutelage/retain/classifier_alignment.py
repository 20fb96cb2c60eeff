"""Keep each class as a mean and a covariance, and show a head that was trained on vectors drawn from all of them.

    after an episode, for each of its classes   mu_c, Sigma_c + ridge I   of the vectors that the head reads
    from the second on, a copy of the head learns   z ~ N(s_c mu_c, Sigma_c),   `per_class` of each class an epoch
    loss = CE(l / (n tau), c),   l = V z + v over the classes seen,   n = mean over tasks of the length of its part of l
    s_c = 1 - mean_decay + mean_decay (t_c + 1) / (t + 1),   t_c the episode that first brought c, t the present one

The aligned head is shown and examined; the next episode goes on with the plain one, as if there had been no alignment.
`tau: null` is plain cross entropy. No lesson is kept, but a class takes d^2 + d numbers in double precision (1.2 MB at
384), with `covariance: diagonal` 2 d; `shared` keeps one matrix for all. Statistics are those of the student as it was
after the episode and are not renewed, so the trunk should move slowly (`adapter: slow_backbone`) or not at all, and the
lessons of an episode should be about its own classes (`objective: {use: cross_entropy, over: lesson_labels}`).

Source: Zhang, Wang, Kang, Chen and Wei (2023), SLCA, the classifier alignment; steps, rates, mean decay and the
restored head as in the authors' code.
Neutral limit: epochs 0, or a single episode, is `nothing`.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream, view
>>> student = build("student", {"use": "vector.mlp", "hidden": []}).begin(POOL, stream(0, "student"))
>>> now = view(student=student, taught=np.array([0, 1]))
>>> settled = ClassifierAlignment().settle(student, now.lessons, now, stream(0, "retain"))
>>> settled.shown, settled.memory["classes"].tolist(), settled.memory["means"][:, 0].round(2).tolist()
(None, [0], [-1.2])
"""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field

from tutelage.core.data import Floats32, Ints, Kinds, Lessons, Rng
from tutelage.core.descent import CanDescend, Vectors
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.stages import Memory, Penalty, Settled, Stage, Student, View, able
from tutelage.kit.batching import planned
from tutelage.kit.class_moments import Kept, added, roots
from tutelage.kit.descent import steady
from tutelage.kit.lessons import classes_of

READ = 256  # lessons whose vectors are made at a time


@method
class ClassifierAlignment:
    epochs: Annotated[int, Field(ge=0)] = 5
    per_class: Annotated[int, Field(ge=1)] = 256  # vectors drawn of each class in an epoch
    batch: Annotated[int, Field(ge=1)] = 256
    lr: Annotated[float, Field(gt=0)] = 0.01  # down over the epochs as half a cosine
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 5e-4
    mean_decay: Annotated[float, Field(ge=0, lt=1)] = 0.1
    tau: Annotated[float, Field(gt=0)] | None = 0.1  # None: logits as they are
    covariance: Kept = "full"
    ridge: Annotated[float, Field(gt=0)] = 1e-4

    needs: ClassVar[Kinds] = frozenset({CanDescend, Vectors})
    places: ClassVar[bool] = True

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """No old lesson is added to the new ones."""
        return ()

    def penalty(self, view: View) -> Penalty | None:
        """Nothing is added to the loss."""
        return None

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned goes on; the same with an aligned head is shown. Without a lesson all stays."""
        lessons = planned((Stage(new),)).lessons  # those of weight 0 are absent
        if self.epochs == 0 or not lessons:
            return Settled(view.student)
        student: Any = able(view.student, CanDescend)
        reads, draws = rng.spawn(2)
        module = student.module.eval()
        with steady(reads):
            vectors = np.concatenate([_vectors(module, student.encode((one,)), one.size) for one in lessons])
            memory = self._remembered(view.memory, vectors, np.concatenate([classes_of(block) for block in lessons]))
            if memory["task"].max() == 0:
                return Settled(student, memory=memory)
            shown = student.with_module(self._aligned(module, memory, draws))
        return Settled(student, shown, memory)

    def _remembered(self, memory: Memory, vectors: Floats32, codes: Ints) -> dict[str, Any]:
        """task: of each class the number of the episode that first brought it, counted over those with new classes."""
        held = {name: memory[name] for name in ("classes", "counts", "means", "scatter") if name in memory}
        made = added(held, vectors, codes, self.covariance)
        old = np.asarray(memory.get("task", np.zeros(0)), dtype=np.int64)
        fresh = np.full(len(made["classes"]) - len(old), old.max() + 1 if len(old) else 0, dtype=np.int64)
        return {**made, "task": np.concatenate([old, fresh])}

    def _aligned(self, module: Any, memory: Memory, rng: Rng) -> Any:
        """The module with another head. ContractBroken where the head is not a linear layer over the vectors."""
        head = module.head
        if not isinstance(head, torch.nn.Linear) or head.in_features != memory["means"].shape[1]:
            raise ContractBroken(f"{type(module).__name__} has no linear head over its vectors that could be aligned")
        at = torch.from_numpy(memory["classes"])
        weight, bias = (part.detach()[at].clone().requires_grad_() for part in (head.weight, head.bias))
        optimiser = torch.optim.SGD([weight, bias], self.lr, self.momentum, weight_decay=self.weight_decay)
        tasks = [torch.from_numpy(np.flatnonzero(memory["task"] == task)) for task in np.unique(memory["task"])]
        spread = roots(memory, self.covariance, self.ridge)
        for epoch in range(self.epochs):
            optimiser.param_groups[0]["lr"] = self.lr * (1 + math.cos(math.pi * epoch / self.epochs)) / 2
            drawn, codes = self._drawn(memory, spread, rng)
            for start in range(0, len(codes), self.batch):
                z, wanted = drawn[start : start + self.batch], codes[start : start + self.batch]
                logits = _normalised(z @ weight.T + bias, tasks, self.tau)
                optimiser.zero_grad()
                torch.nn.functional.cross_entropy(logits, wanted).backward()
                optimiser.step()
        for part, new in ((head.weight, weight), (head.bias, bias)):
            part.data = part.data.clone()
            part.data[at] = new.detach()
        return module

    def _drawn(self, memory: Memory, spread: Any, rng: Rng) -> tuple[Any, Any]:
        """(C k, d) vectors and (C k,) classes as numbered in memory, shuffled."""
        task = memory["task"]
        scale = 1 - self.mean_decay + self.mean_decay * (task + 1) / (task.max() + 1)
        luck = rng.standard_normal((len(task), self.per_class, memory["means"].shape[1]))
        away = luck * spread[:, None] if self.covariance == "diagonal" else luck @ spread.transpose(0, 2, 1)
        drawn = (scale[:, None] * memory["means"])[:, None] + away
        order = rng.permutation(len(task) * self.per_class)
        codes = np.repeat(np.arange(len(task)), self.per_class)[order]
        return torch.from_numpy(drawn.reshape(len(order), -1)[order].astype(np.float32)), torch.from_numpy(codes)


def _normalised(logits: Any, tasks: list[Any], tau: float | None) -> Any:
    """Divided by their mean length over tasks, so that no scale of them can lower the loss, and by tau."""
    if tau is None:
        return logits
    lengths = [logits[:, task].norm(dim=1, keepdim=True) + 1e-7 for task in tasks]
    return logits / (torch.stack(lengths).mean(dim=0) * tau)


def _vectors(module: Any, encoded: Any, count: int) -> Floats32:
    """(n, d) what the head reads of these lessons, as in use."""
    with torch.no_grad():
        some = [_read(module, encoded, np.arange(at, min(at + READ, count))) for at in range(0, count, READ)]
    return np.concatenate(some)


def _read(module: Any, encoded: Any, rows: Ints) -> Floats32:
    return np.asarray(module.vectors(encoded.batch(rows)).float().numpy(), dtype=np.float32)
