"""Solve the student again for the lessons it is given, all at once.

    student' = student.fit(every lesson of every stage of the syllabus)

For students whose best weights can be computed directly; what order the lessons come in cannot matter then, so the
batches and the number of passes of a syllabus are not used. A lesson that a stage's order leaves out is left out, one
that stands there twice counts twice, and the support lessons of a batch are lessons like any other. Facts: `lessons`
(how many of positive weight) and, for a student with probabilities, `loss` (their weighted mean cross-entropy after
the fit, in nats). The till is charged the fit's FLOP, piece by piece, before each is done.

Source: any textbook's empirical risk minimisation; Vapnik (1998), chapter 1.
Neutral limit: without lessons the student comes back untaught, with uniform probabilities.

>>> from tutelage.core.stages import Stage
>>> from tutelage.toys import NearestMean, POOL, stream, view
>>> import numpy as np
>>> seen = view(student=NearestMean().begin(POOL, stream(0, "student")), taught=np.array([0, 5]))
>>> learned = Refit().learn((Stage(seen.lessons),), None, seen, stream(0, "learn"))
>>> learned.facts["lessons"], learned.student.answer(POOL, stream(0, "assess")).given["label"].tolist()
(2.0, [0, 0, 0, 1, 1, 1])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from tutelage.core.data import Block, Kinds, Label, Lessons, Rng, Soft
from tutelage.core.errors import ContractBroken
from tutelage.core.forecast import CanForetell, Lot, Work
from tutelage.core.method import method
from tutelage.core.stages import CanFit, CanWeigh, Learned, Penalty, Stage, Student, Syllabus, View, able
from tutelage.kit.targets import targets

LEAST = 1e-12  # a probability below it counts as this in the reported loss, which stays finite


@method
class Refit:
    needs: ClassVar[Kinds] = frozenset({CanFit})
    accepts: ClassVar[Kinds] = frozenset({Label, Soft})

    def work(self, student: Any, lot: Lot) -> Mapping[str, Work]:
        """The FLOP of the student's fit; nothing where its maker cannot foretell it."""
        return {"flop": student.flop(lot)} if isinstance(student, CanForetell) else {}

    def learn(self, syllabus: Syllabus, penalty: Penalty | None, view: View, rng: Rng) -> Learned:
        if penalty is not None:
            raise ContractBroken("refit solves the lessons alone and cannot add a penalty on weights")
        lessons = tuple(block for stage in syllabus for block in planned(stage))
        student = able(view.student, CanFit).fit(
            lessons, rng, lambda flop: view.till.pay("flop", (), (), np.array([flop]))
        )
        return Learned(student, _facts(student, lessons))


def planned(stage: Stage) -> Iterator[Block]:
    """The stage's lessons; those that its order leaves out get weight 0, those it repeats count as often."""
    if stage.order is None:
        yield from stage.lessons
        return
    times = np.bincount(stage.order, minlength=sum(block.size for block in stage.lessons))
    start = 0
    for block in stage.lessons:
        yield block._replace(weight=block.weight * times[start : start + block.size])
        start += block.size


def _facts(student: Student, lessons: Lessons) -> dict[str, float]:
    wanted = targets(lessons)
    facts = {"lessons": float(len(wanted.weight))}
    if not len(wanted.weight) or not isinstance(student, CanWeigh):
        return facts
    losses, start = [], 0
    for pool in wanted.pools:
        given = wanted.probs[start : start + len(pool)]
        logs = np.log(np.maximum(student.probs(pool)[:, : given.shape[1]].astype(np.float64), LEAST))
        losses.append(-(given * logs).sum(axis=1))
        start += len(pool)
    facts["loss"] = float(np.average(np.concatenate(losses), weights=wanted.weight))
    return facts
