"""How much of what a task would teach the student now is its form: cosine with the gradient of shuffled answers.

    cos(g, h),    g = gradient of the mean loss on the exam,    h = that on the same questions, answers permuted

The permuted answers have the form of the task and the same histogram, and say nothing about the questions. About 1: the
next step teaches the form; about 0: the form is known, and what is left is the task. Gradients are those of all weights
of the student but a learned prompt's, without dropout. It belongs to the exam as a whole: every item has its value.

Source: Wang, Si, Li, Lukasik, Yu, Hsieh, Dhillon, Kumar (2022, arXiv 2211.00635), section 3 and figure 2.
Neutral limit: with answers that are all alike it is 1.

>>> from tutelage.toy_writer import texts, writer
>>> from tutelage.toys import stream, till
>>> exam = Exam(texts([("a", "b"), ("c", "b")]))
>>> round(FormatGradientCosine().assess(writer(stream(0, "w")), exam, till(), stream(0, "assess"))[0].value, 4)
1.0
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from tutelage.core.data import Block, Exam, Kinds, Rng, Score, Text
from tutelage.core.descent import CanDescend
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.parts import build, part
from tutelage.core.stages import Student, Till, able
from tutelage.kit.exams import groups_of
from tutelage.kit.split import keys_of_texts

AT_ONCE = 64  # lessons whose graph is held at a time


@method
class FormatGradientCosine:
    """on: which exam."""

    objective: Annotated[Any, part("objective")] = Field(default_factory=lambda: build("objective", "cross_entropy"))
    on: str = "exam"

    @property
    def needs(self) -> Kinds:
        """Weights to look at, and the faces that the objective asks for."""
        return frozenset({CanDescend, *self.objective.needs})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """One score; lower, later. NaN where a gradient is 0."""
        if len(exam.truth) != 1 or exam.truth[0].kind is not Text:
            raise ContractBroken("one block of answers in words is examined here")
        block = exam.truth[0]
        orders, luck = rng.spawn(2)
        keep = np.flatnonzero(block.weight > 0)
        told = block.given["text"].copy()
        pool = block.about.examples().take(keep)
        both = [f"{asked} {said}" for asked, said in zip(pool.texts(), told[keep], strict=True)]
        places = keep[np.argsort(keys_of_texts(both), kind="stable")]  # whatever order the exam stands in
        told[places] = told[places][orders.permutation(len(places))]
        mine = slope(student, block, self.objective, luck)
        other = slope(student, block._replace(given={"text": told}), self.objective, luck)
        value = cosine(mine, other)
        items = np.full(len(keep), value, dtype=np.float32)
        return (Score("format_gradient_cosine", value, pool.numbers, items, groups_of(pool), higher_is_better=False),)


def slope(student: Any, block: Block, objective: Any, rng: Rng) -> Mapping[str, Any]:
    """By parameter, float64: the gradient of the weighted mean of the losses."""
    import torch

    module = able(student, CanDescend).module
    module.eval()
    named = {name: one for name, one in module.named_parameters() if not name.startswith("before.")}
    for one in module.parameters():
        one.requires_grad_(True)
    encoded = able(student, CanDescend).encode((block,))
    rows, total = np.flatnonzero(block.weight > 0), float(block.weight.sum())
    sums = {name: torch.zeros_like(one, dtype=torch.float64) for name, one in named.items()}
    for start in range(0, len(rows), AT_ONCE):
        batch = encoded.batch(rows[start : start + AT_ONCE])
        losses = objective.losses(module, batch, rng)
        parts = torch.autograd.grad((losses * batch.weight).sum() / total, list(named.values()), allow_unused=True)
        for name, found in zip(named, parts, strict=True):
            sums[name] += 0 if found is None else found.double()
    return sums


def cosine(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """Over all parameters together; NaN where one of them is 0 everywhere."""
    inner, left, right = (sum(float((x[name] * y[name]).sum()) for name in a) for x, y in ((a, b), (a, a), (b, b)))
    return inner / (left * right) ** 0.5 if left > 0 and right > 0 else float("nan")
