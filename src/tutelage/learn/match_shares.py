"""Fits the student so that its mean prediction over each bag meets the class shares that were counted there.

    minimise  - sum_B sum_c S_Bc log( mean_{i in B} p_ic )        S_Bc = how many of bag B have class c
              - sum_j w_j sum_c y_jc log p_jc                     for lessons about single rows, as `refit`

Majorise, then minimise: with the present p, each row of a bag is given the lesson  t_ic ~ S_Bc p_ic / sum_{j in B} p_jc
at weight  sum_c S_Bc p_ic / sum_{j in B} p_jc  (1 on average), and the student is fitted to those; by Jensen's
inequality a fit that lowers this loss lowers the one above at least as much. Repeated until the loss per row falls by
less than `tolerance`, or `passes` times. The first pass, from an untaught student, gives every row its bag's shares.

Each pass solves the student anew, under the same luck, so any student that can be fitted will do. Facts:
`lessons`, `loss` (of the first line, in nats a row), `misfit` and `passes`.

Source: Ardehaly and Culotta (2017), Co-training for demographic classification using deep learning from label
proportions (the loss, called DLLP in arXiv 2310.08056); Dempster, Laird and Rubin (1977) for the passes.
Neutral limit: bags of size one, or no bag at all: `refit`.

>>> import numpy as np
>>> from tutelage.core.answers import Sealed
>>> from tutelage.core.data import Rows, Share, Table
>>> from tutelage.core.stages import Stage
>>> from tutelage.toys import CODES, POINTS, NearestMean, stream, till, view
>>> pool = Table.of("wards", {"vector": POINTS}, ["left", "right"]).pool()
>>> bags = Rows(pool, np.array([0, 1, 3, 2, 4, 5]), np.array([0, 3, 6]))      # one right in the first, two in the other
>>> lessons = (Sealed(pool.table, CODES).through(till()).reveal(bags, Share),)
>>> seen = view(pool, NearestMean().begin(pool, stream(0, "student")), lessons)
>>> learned = MatchShares().learn((Stage(lessons),), None, seen, stream(0, "learn"))
>>> learned.student.answer(pool, stream(0, "assess")).given["label"].tolist(), round(learned.facts["misfit"], 2)
([0, 0, 0, 1, 1, 1], 0.12)
"""

from __future__ import annotations

import copy
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Block, Floats, Kinds, Label, Rng, Rows, Share, Soft
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.stages import CanFit, CanWeigh, Learned, Penalty, Student, Syllabus, View, able
from tutelage.kit.ask import probabilities
from tutelage.kit.bags import Counted, counted, misfit, totals
from tutelage.kit.lessons import alive
from tutelage.learn.refit import planned

LEAST = 1e-12  # a class that no row of a bag is given any probability of counts as this much of the bag


class Told(NamedTuple):
    """A Share block of positive weight, and its bags."""

    block: Block
    bags: Counted


@method
class MatchShares:
    """passes: fits at most. tolerance: nats a row; a pass that gains less is the last."""

    passes: Annotated[int, Field(ge=1)] = 50
    tolerance: Annotated[float, Field(ge=0)] = 1e-4

    needs: ClassVar[Kinds] = frozenset({CanFit, CanWeigh})
    accepts: ClassVar[Kinds] = frozenset({Label, Soft, Share})

    def learn(self, syllabus: Syllabus, penalty: Penalty | None, view: View, rng: Rng) -> Learned:
        if penalty is not None:
            raise ContractBroken("match_shares solves the lessons alone and cannot add a penalty on weights")
        lessons = tuple(block for stage in syllabus for block in planned(stage))
        rest = tuple(block for block in lessons if block.kind is not Share)
        told = [Told(block, counted(block)) for block in map(_present, lessons) if block.kind is Share and block.size]
        taught = alive(lessons)
        fitted = able(view.student, CanFit)

        def spend(flop: float) -> None:
            view.till.pay("flop", (), (), np.array([flop]))

        student = view.student if told and not rest else fitted.fit(rest, copy.deepcopy(rng), spend)
        if not told:
            return Learned(student, {"lessons": float(taught)})
        loss, done = np.inf, 0
        for _ in range(self.passes):
            done += 1
            soft = tuple(_majorised(student, one) for one in told)
            student = fitted.fit((*rest, *soft), copy.deepcopy(rng), spend)  # the same luck: only the lessons change
            before, loss = loss, _loss(student, told)
            if before - loss < self.tolerance:
                break
        rows = sum(len(one.bags.pool) for one in told)
        fits = [misfit(probabilities(student, one.bags.pool), one.bags) * len(one.bags.pool) for one in told]
        facts = {"lessons": float(taught), "loss": loss, "misfit": sum(fits) / rows, "passes": float(done)}
        return Learned(student, facts)


def _present(block: Block) -> Block:
    """The bags of positive weight."""
    if block.kind is not Share or block.about.starts is None or (block.weight > 0).all():
        return block
    keep = np.flatnonzero(block.weight > 0)
    sizes = np.diff(block.about.starts)
    rows = block.about.rows[np.repeat(block.weight > 0, sizes)]
    about = Rows(block.about.pool, rows, np.append(0, np.cumsum(sizes[keep])).astype(np.int64))
    given = {name: values[keep] for name, values in block.given.items()}
    return block._replace(about=about, given=given, cost=block.cost[keep], weight=block.weight[keep])


def _shares(student: Student, bags: Counted) -> tuple[Floats, Floats]:
    """The rows' probabilities (n, C) of the bags' classes, and their sums over each bag (b, C), at least LEAST."""
    probs = probabilities(student, bags.pool).astype(np.float64)
    wide = np.zeros((len(probs), bags.counts.shape[1]))
    wide[:, : probs.shape[1]] = probs[:, : wide.shape[1]]
    return wide, np.maximum(totals(wide, bags.starts), LEAST)


def _majorised(student: Student, told: Told) -> Block:
    """Soft lessons for the rows of the bags: each bag's counts, dealt to its rows as the student would deal them."""
    block, bags = told
    probs, sums = _shares(student, bags)
    dealt = probs * (bags.counts / sums)[bags.bag]  # (n, C)
    mass = dealt.sum(axis=1)
    given = {"probs": (dealt / np.maximum(mass, LEAST)[:, None]).astype(np.float32)}
    weight = block.weight[bags.bag] * mass
    return Block(Rows(block.about.pool, block.about.rows), None, Soft, given, block.source, np.zeros(len(mass)), weight)


def _loss(student: Student, told: list[Told]) -> float:
    """Cross-entropy of the counted shares with the mean predictions, in nats a row, bags by their weight."""
    total, rows = 0.0, 0.0
    for block, bags in told:
        _, sums = _shares(student, bags)
        own = -(bags.counts * np.log(sums / bags.sizes[:, None])).sum(axis=1)
        total += float(block.weight @ own)
        rows += float(block.weight @ bags.sizes)
    return total / rows
