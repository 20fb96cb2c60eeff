"""Move the student's weights step by step along the gradient of an objective, from where they are now.

    w <- w - rate_k * step(g),   g = gradient of [ mean of the batch's losses + penalty ],   k = 1 .. updates

The objective is what is minimised, the adapter says which weights may move, the penalty comes from what is retained.
The syllabus is honoured: stages in turn, a given order or given batches as planned, otherwise shuffled anew in each
pass; support lessons are shown and not scored; `passes` multiplies the stage's own. A batch holds lessons of one kind.
A lesson of weight w pulls w times as hard as one of weight 1, one of weight 0 is absent. The rate runs over one call:
up linearly over the share `warm_up` of its updates, then constant, linear or as half a cosine down to 0. The moments
of the optimiser are memory: a run that goes on from the last student (restart: false) goes on with them.

With `privacy` each lesson's own gradient is clipped, noise is added once a step, and the till is charged the epsilon
that the call adds, before its first update (kit.privacy, kit.private_descent). Neighbours differ by one lesson. Every
lesson is in a step with probability q = batch / n, so `batch` and `visits` are what is expected.
Facts then: `epsilon` (of the run so far), `delta`, `sigma`, `rate` (q), and `clipped`, the share of gradients that were
longer than clip; `clipped` and `loss` are read from the lessons without noise: keep them to yourself, as you would the
lessons. The noise comes from the run's seed, so that a run can be repeated: who knows the seed can take it away, so a
seed that guards people is not published.

Facts: `lessons`, `loss` (weighted mean over the last pass, each lesson's just before its update, without the penalty),
`updates` and `visits` (lessons shown), both as kit.batching.updates_and_rows says beforehand. The till is charged the
FLOP of all updates before the first (kit.descent.flop).

Source: Robbins and Monro (1951); AdamW: Loshchilov and Hutter (2019), algorithm 2; cosine: their earlier paper (2017).
Privacy: Abadi et al. (2016), algorithm 1; Li, Tramer, Liang and Hashimoto (2022), with Bu et al. (2022).
Neutral limit: 0 passes, or no lesson of positive weight, is `nothing`; with all lessons in one batch, adamw without
decay and a linear schedule it is the fit of `vector.mlp` with l2 = 0, from the student's present weights. Private with
sigma 0, clip inf and batch 0 it is itself without privacy.

>>> from tutelage.core.parts import build
>>> from tutelage.core.stages import Stage
>>> from tutelage.toys import POOL, stream, view
>>> import numpy as np
>>> first = build("student", {"use": "vector.mlp", "hidden": [8]}).begin(POOL, stream(0, "student"))
>>> seen = view(student=first, taught=np.array([0, 5]))
>>> learned = Gradient(lr=0.1).learn((Stage(seen.lessons),), None, seen, stream(0, "learn"))
>>> learned.facts["updates"], learned.student.answer(POOL, stream(0, "assess")).given["label"].tolist()
(10.0, [0, 0, 0, 1, 1, 1])
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field, model_validator

from tutelage.core.data import Array, Kinds, Rng, Supervision
from tutelage.core.descent import CanDescend, CanGrow, Encoded
from tutelage.core.forecast import HasMatrices, Lot, Work
from tutelage.core.method import method
from tutelage.core.parts import build, name_of, part
from tutelage.core.stages import Learned, Penalty, Syllabus, View, able
from tutelage.kit.batching import Plan, mean_weight, planned, updates_and_rows, walk
from tutelage.kit.descent import Turn, as_tensors, descended, flop, flop_of, steady
from tutelage.kit.privacy import Privacy, bought
from tutelage.kit.private_descent import Draw, Noise, drawn, privately, suits
from tutelage.kit.targets import longest


@method
class Gradient:
    objective: Annotated[Any, part("objective")] = Field(default_factory=lambda: build("objective", "cross_entropy"))
    adapter: Annotated[Any, part("adapter")] = Field(default_factory=lambda: build("adapter", "full"))
    passes: Annotated[float, Field(ge=0)] = 10.0
    batch: Annotated[int, Field(ge=0)] = 32  # 0: all lessons at once
    optimiser: Literal["adamw", "sgd"] = "adamw"
    lr: Annotated[float, Field(gt=0)] = 1e-3
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0  # of sgd
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    warm_up: Annotated[float, Field(ge=0, le=1)] = 0.0  # share of the updates
    clip: Annotated[float, Field(gt=0)] | None = None  # largest norm of the whole gradient
    precision: Literal["fp32", "bf16"] = "fp32"
    privacy: Privacy | None = None  # settings of kit.privacy; None: not private

    @model_validator(mode="after")
    def _clips_once(self) -> Gradient:
        if self.privacy is not None and self.clip is not None:
            raise ValueError("private learning clips every lesson's own gradient: say privacy.clip instead of clip")
        return self

    @property
    def needs(self) -> Kinds:
        """A student with weights to move, and the faces that the objective asks of its module."""
        return frozenset({CanDescend, *self.objective.needs})

    @property
    def accepts(self) -> Kinds:
        """What the objective accepts."""
        return frozenset(self.objective.accepts)

    def needs_of(self, kind: type[Supervision]) -> Kinds:
        """The faces that the objective asks for lessons of this kind."""
        return frozenset(getattr(self.objective, "faces", {}).get(kind, ()))

    def work(self, student: Any, lot: Lot) -> Mapping[str, Work]:
        """The FLOP of the updates, where student and adapter say which matrices there are and which of them move."""
        opened = {"full": slice(None), "head_only": slice(-1, None)}.get(name_of(type(self.adapter)))
        if opened is None or not isinstance(student, HasMatrices):
            return {}
        sizes = student.matrices(lot)
        amount = flop_of(sum(sizes), sum(sizes[opened]), lot.rows * self.passes)
        return {"flop": Work(amount, float(self.passes).is_integer())}

    def learn(self, syllabus: Syllabus, penalty: Penalty | None, view: View, rng: Rng) -> Learned:
        """A new student; without an update the present one, and its memory as it was."""
        if self.privacy is not None:
            suits(syllabus, penalty, self.objective)
        counts = updates_and_rows(syllabus, self)
        plan = planned(syllabus, self.passes)
        lessons = float(sum(block.size for block in plan.lessons))
        facts = {"lessons": lessons, "updates": float(counts.updates), "visits": float(counts.visits)}
        if counts.updates == 0:
            return Learned(view.student, facts, view.memory)
        order, luck, opens, torchs = rng.spawn(4)
        student: Any = able(view.student, CanDescend)
        if isinstance(student, CanGrow):  # a person may have added labels since it began
            names = longest([student.labels, *(block.about.pool.labels for block in plan.lessons)])
            student = student.with_labels(names)
        encoded = student.encode(plan.lessons)
        prepared = self.objective.prepare(plan.lessons, view)
        with steady(torchs):
            opened = self.adapter.open(student.module, opens)
            view.till.pay("flop", (), (), np.array([flop(opened, counts.visits, encoded.lengths)]))
            if self.privacy is not None:
                return self._privately(student, opened, plan, encoded, prepared, facts, order, luck, view)
            turns = self._turns(plan, encoded, prepared, counts.updates, counts.last, order)
            done = descended(opened, self.objective, turns, counts.updates, self, luck, penalty,
                             view.memory.get("optimiser"))  # fmt: skip
        facts["loss"] = done.loss
        return Learned(student.with_module(done.module), facts, {"optimiser": done.state})

    def _privately(self, student: Any, opened: Any, plan: Plan, encoded: Encoded, prepared: Mapping[str, Array],
                   facts: dict[str, float], order: Rng, luck: Rng, view: View) -> Learned:  # fmt: skip
        """The same with every lesson's gradient clipped and noise, once its epsilon is paid for."""
        assert self.privacy is not None
        n, updates = int(facts["lessons"]), int(facts["updates"])
        over = min(self.batch or n, n)
        deal = bought(self.privacy, n, over / n, updates, view.memory.get("privacy", {}), view.till)
        noise = Noise(self.privacy.clip, deal.sigma, over)
        draws = self._draws(plan, encoded, prepared, updates, deal.rate, order)
        done, clipped = privately(opened, self.objective, draws, updates, self, noise, luck,
                                  view.memory.get("optimiser"))  # fmt: skip
        told = {"loss": done.loss, "clipped": clipped, "epsilon": deal.epsilon, "delta": deal.delta,
                "sigma": deal.sigma, "rate": deal.rate}  # fmt: skip
        memory = {"optimiser": done.state, "privacy": deal.memory}
        return Learned(student.with_module(done.module), {**facts, **told}, memory)

    def _draws(self, plan: Plan, encoded: Encoded, prepared: Mapping[str, Array], updates: int, rate: float,
               rng: Rng) -> Iterator[Draw]:  # fmt: skip
        """Every step's lessons; the steps that a pass over n lessons takes count for the loss that is reported."""
        whole = as_tensors({name: array for name, array in prepared.items() if name.startswith("all_")})
        last, most = math.ceil(1 / rate), self.privacy.virtual_batch if self.privacy else 1
        for number in range(updates):
            batches = []
            for rows in drawn(plan, rate, most, rng):
                mine = as_tensors({name: array[rows] for name, array in prepared.items() if name not in whole})
                batches.append(encoded.batch(rows)._replace(progress=number / updates, prepared={**whole, **mine}))
            yield Draw(batches, number >= updates - last)

    def _turns(self, plan: Plan, encoded: Encoded, prepared: Mapping[str, Array], updates: int, last: int,
               rng: Rng) -> Iterator[Turn]:  # fmt: skip
        """Every batch with what it is divided by; the last pass counts for the loss that is reported."""
        weight = np.concatenate([block.weight for block in plan.lessons])
        means = [mean_weight(weight, portion) for portion in plan.portions]
        whole = as_tensors({name: array for name, array in prepared.items() if name.startswith("all_")})
        lengths = None if self.objective.couples else encoded.lengths
        for number, (rows, support, portion) in enumerate(walk(plan, self, rng, lengths)):
            mine = as_tensors({name: array[rows] for name, array in prepared.items() if name not in whole})
            batch = encoded.batch(rows)._replace(progress=number / updates, prepared={**whole, **mine})
            scored = len(rows)
            if support is not None:
                batch = batch._replace(support=torch.from_numpy(support))
                scored -= int(support.sum())
            yield Turn(batch, means[portion] * scored, number >= updates - last)
