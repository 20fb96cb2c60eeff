"""Learns as another learner does on most lessons, then softens or sharpens the student's scores to fit the rest.

    p_T = softmax(scores / T),    T minimises  - sum_i w_i sum_c q_ic log(1 - (1 - p_T,ic)^n) / sum_i w_i

over the lessons held out, a random share of those of positive weight (q: the lesson's distribution, 1 at its label).
With n 1 that is the usual temperature scaling; a larger n looks for the T at which n draws cover most, which is the
simple rival of training for it (objective/direct_coverage). The head is divided by T, so the answers' order stays as it
was; where the student has no `head` that gives the scores there is nothing to divide, and a language model, whose head
gives tokens, is refused. Facts: those of the learner, and `temperature`, `held_out` (how many), `held_out_loss` at that
T; without a lesson held out T is 1 and nothing is said.

Source: Guo et al. (2017), On calibration of modern neural networks, temperature scaling; n: the loss of Chen et al.
(2025), arXiv 2502.07154.
Neutral limit: with share 0 it is the inner learner.

>>> import numpy as np
>>> from tutelage.core.parts import build
>>> from tutelage.core.stages import Stage
>>> from tutelage.toys import POOL, stream, view
>>> first = build("student", {"use": "vector.mlp", "hidden": []}).begin(POOL, stream(0, "student"))
>>> seen = view(student=first, taught=np.arange(6))
>>> learned = Tempered(share=0.5).learn((Stage(seen.lessons),), None, seen, stream(0, "learn"))
>>> learned.facts["held_out"], learned.facts["temperature"] < 1        # ten cautious passes, and all held out are right
(3.0, True)
"""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
import torch
from accelerate.utils import send_to_device
from pydantic import Field
from scipy.optimize import minimize_scalar

from tutelage.core.data import Block, Bools, Floats, Floats32, Kinds, Label, Lessons, Rng, Soft, Supervision
from tutelage.core.descent import CanDescend, NeedsOfKinds, Scores, TokenLogprobs
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.parts import build, part
from tutelage.core.stages import Learned, Penalty, Syllabus, View, able
from tutelage.kit.blocks import some
from tutelage.kit.coverage import surprise
from tutelage.kit.device import of
from tutelage.kit.targets import targets

WIDEST = math.log(100.0)  # T lies between 1/100 and 100
ROWS = 1024  # lessons scored at once
GRID = 41  # temperatures tried before the best is refined: the loss need not have one valley alone


@method
class Tempered:
    """share: of the lessons held out. n: answers drawn at answer time."""

    learn_by: Annotated[Any, part("learn")] = Field(default_factory=lambda: build("learn", "gradient"))
    share: Annotated[float, Field(ge=0, lt=1)] = 0.2
    n: Annotated[int, Field(ge=1)] = 1

    @property
    def needs(self) -> Kinds:
        """Scores whose head can be divided, and what the inner learner asks."""
        return frozenset({CanDescend, Scores, *self.learn_by.needs})

    @property
    def accepts(self) -> Kinds:
        """What the inner learner accepts; kinds other than Label and Soft are never held out."""
        return frozenset(self.learn_by.accepts)

    def needs_of(self, kind: type[Supervision]) -> Kinds:
        """What the inner learner asks for lessons of this kind."""
        return self.learn_by.needs_of(kind) if isinstance(self.learn_by, NeedsOfKinds) else frozenset()

    def learn(self, syllabus: Syllabus, penalty: Penalty | None, view: View, rng: Rng) -> Learned:
        """The inner learner's student with its head divided by T."""
        if self.share == 0:
            unchanged: Learned = self.learn_by.learn(syllabus, penalty, view, rng)
            return unchanged
        syllabus, held = _apart(syllabus, self.share, rng.spawn(1)[0])
        learned: Learned = self.learn_by.learn(syllabus, penalty, view, rng)
        if not held:
            return learned
        student: Any = able(learned.student, CanDescend)
        module = student.module
        if isinstance(module, TokenLogprobs):
            raise ContractBroken("tempered divides scores of classes; a language model's head scores tokens")
        if not isinstance(getattr(module, "head", None), torch.nn.Linear):
            raise ContractBroken("tempered divides a linear head, which this student's module does not have")
        wanted = targets(held)
        scores = _scores(module, student, held)
        best, loss = _best(scores, wanted.probs, wanted.weight, self.n)
        with torch.no_grad():
            for parameter in module.head.parameters():
                parameter.data = parameter / best  # its memory may be that of a model that others use
        facts = {"temperature": best, "held_out": float(len(scores)), "held_out_loss": loss}
        return learned._replace(student=student.with_module(module), facts={**learned.facts, **facts})


def _apart(syllabus: Syllabus, share: float, rng: Rng) -> tuple[Syllabus, Lessons]:
    """The syllabus with the lessons held out at weight 0, where orders and batches still hold, and those lessons."""
    blocks = {id(block): block for stage in syllabus for block in stage.lessons}
    free = {key: block for key, block in blocks.items() if block.kind in (Label, Soft) and block.about.starts is None}
    keys = [(key, lesson) for key, block in free.items() for lesson in np.flatnonzero(block.weight > 0).tolist()]
    count = min(round(share * len(keys)), len(keys) - 1)
    if count < 1:
        return syllabus, ()
    drawn = {keys[at] for at in rng.choice(len(keys), count, replace=False).tolist()}
    out = {key: np.array([(key, lesson) in drawn for lesson in range(block.size)]) for key, block in free.items()}
    kept = {key: _without(block, out[key]) if key in out else block for key, block in blocks.items()}
    stages = tuple(stage._replace(lessons=tuple(kept[id(block)] for block in stage.lessons)) for stage in syllabus)
    return stages, tuple(some(free[key], np.flatnonzero(mask)) for key, mask in out.items() if mask.any())


def _without(block: Block, out: Bools) -> Block:
    return block._replace(weight=np.where(out, 0.0, block.weight))


def _scores(module: Any, student: Any, held: Lessons) -> Any:
    """(n, C) float64, lessons in the order of their blocks."""
    encoded, made, start = student.encode(held), [], 0
    with torch.no_grad():
        for block in held:
            for first in range(start, start + block.size, ROWS):
                rows = np.arange(first, min(first + ROWS, start + block.size))
                made.append(module.scores(send_to_device(encoded.batch(rows), of(module))).double().cpu())
            start += block.size
    return torch.cat(made)


def _best(scores: Any, probs: Floats32, weight: Floats, n: int) -> tuple[float, float]:
    """The temperature, and the loss there in nats a lesson."""
    wanted = torch.zeros_like(scores)
    width = min(probs.shape[1], scores.shape[1])
    wanted[:, :width] = torch.from_numpy(probs[:, :width])
    share = torch.from_numpy(weight / weight.sum())

    def loss(at: float) -> float:
        logp = torch.log_softmax(scores / math.exp(at), dim=1)
        return float(share @ torch.where(wanted > 0, wanted * surprise(logp, n), 0.0).sum(dim=1))

    grid = np.linspace(-WIDEST, WIDEST, GRID)
    low = int(np.argmin([loss(at) for at in grid]))
    bounds = (grid[max(low - 1, 0)], grid[min(low + 1, GRID - 1)])
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return math.exp(found.x), float(found.fun)
