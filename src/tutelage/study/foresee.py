"""The lesson loop played through with numbers alone: how many rows each step asks about, learns and is examined on.

It follows `loop.rounds` step by step under the same ledger, so that a limit binds at the same moment. Nothing is
chosen, bought, taught or learned. What cannot be told beforehand is assumed, and the turn says so:

    classes among n labelled rows of L:    s + (L - s) (1 - (1 - 1/L)^n),   s those that the start is sure to hold
    lessons of a teacher that picks its own:    as many a row asked about as in earlier runs, else KEPT

Longer than 200 lines: it stands beside `loop.py` and is read against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tutelage.core.errors import Spent
from tutelage.core.forecast import (
    ForetellsCharges,
    ForetellsLessons,
    ForetellsRehearsed,
    ForetellsRows,
    ForetellsShown,
    ForetellsWork,
    ForetellsWriting,
    Lot,
    Work,
)
from tutelage.core.ledger import Ledger, price
from tutelage.core.parts import name_of
from tutelage.core.stages import Answers
from tutelage.kit.exams import sat_by
from tutelage.recipe.fit import Parts, Step, with_episodes
from tutelage.study.material import Material, asks_a_person

KEPT = 0.5  # lessons a row that is asked about, of a teacher that picks them itself; until a run on this machine said
EVALUATIONS = 30.0  # of a fit whose solver stops by tolerance; until a run on this machine said


class Assumed(NamedTuple):
    """What only a run can show, from earlier ones: (student or teacher by name, rows) -> a number."""

    kept: Callable[[str, float], float] = lambda name, asked: KEPT * asked
    evaluations: Callable[[str, float], float] = lambda name, rows: EVALUATIONS


class Turn(NamedTuple):
    """What one step of one round will do. number -1: what is held before the first question."""

    number: int
    step: Step
    first: bool  # the student begins in it
    pool: int  # rows to choose from
    asked: int
    held: float  # lessons held before
    lessons: float  # new ones
    rows: float  # lessons in the plan that is learned
    exams: tuple[int, ...]  # rows of the exam of each assessor that is set now
    lot: Lot | None  # None: the student's maker cannot tell
    flop: float
    spent: Mapping[str, float]  # by unit, from the start of the arm
    exact: bool  # the flop: rows, classes and the fit's course follow from the recipe and the data alone


class _Stand(NamedTuple):
    """Where an arm stands between two steps."""

    pool: int
    held: float
    drawn: float = 0  # labelled rows whose class is not sure
    exact: bool = True
    fitted: bool = False


class Play(NamedTuple):
    """One arm at one seed. answers: None charges nothing. told: asked and lessons of each turn, from a journal.

    stopped: gets whether the work that no budget held any more was exact.
    """

    parts: Parts
    material: Material
    ledger: Ledger
    answers: Answers | None
    assumed: Assumed = Assumed()
    told: Iterator[Mapping[str, Any]] | None = None
    stopped: list[bool] | None = None

    def turns(self) -> Iterator[Turn]:
        """Every step in order, as `loop.rounds` will yield it; what is charged after the last one is in the ledger."""
        m, pieces = self.material, self.material.episodes
        parts = with_episodes(self.parts, len(pieces))
        if parts != self.parts:
            yield from self._replace(parts=parts).turns()
            return
        try:
            if m.bought:
                self._charge(parts.steps[0], m.bought)
            if m.start:
                self._charge(parts.steps[0], m.start)
            drawn = 0 if m.sure >= m.labels else m.start
            stand = _Stand(m.pool - m.bought - m.start, m.given + m.start, drawn)
            if stand.held:
                stand, opening = self._learn(parts.steps[0], -1, stand, stand.pool, 0, stand.held, True)
                yield opening
            elif pieces:  # the first student is examined as it is
                first, spent = parts.steps[0], dict(self.ledger.spent)
                yield Turn(-1, first, True, stand.pool, 0, 0, 0, 0, self._exams(first, -1), None, 0.0, spent, True)
            number = 0
            while parts.rounds is None or number < parts.rounds:
                stand = stand._replace(pool=pieces[number]) if pieces else stand
                before = stand.pool
                for step in parts.steps:
                    if not (step.once and number > 0):
                        stand, done = self._step(step, number, stand)
                        yield done
                number += 1
                if not pieces and (stand.pool == 0 or (parts.rounds is None and stand.pool == before)):
                    return
        except Spent:
            return

    def _step(self, step: Step, number: int, stand: _Stand) -> tuple[_Stand, Turn]:
        n = self._affordable(step, stand.pool if step.per_round is None else min(step.per_round, stand.pool))
        line = next(self.told) if self.told is not None else None
        n = n if line is None else int(line["asked"])
        self._charge(step, n)
        new, sure = self._lessons(step, n)
        new = new if line is None else float(line["lessons"])
        pool = stand.pool - n if step.keep else stand.pool
        drawn = stand.drawn + (n if step.teach.spends else 0)
        taught = stand._replace(pool=pool, drawn=drawn, exact=stand.exact and sure)
        after, done = self._learn(step, number, taught, stand.pool, n, new, number == 0 and not stand.fitted)
        kept = after._replace(held=stand.held + new) if step.keep else after._replace(exact=stand.exact)
        return kept, done

    def _learn(
        self, step: Step, number: int, stand: _Stand, pool: int, asked: int, new: float, first: bool
    ) -> tuple[_Stand, Turn]:
        m, opening = self.material, number < 0
        lessons = (stand.held if opening else stand.held + new) if step.restart else new
        again = Work(0.0, _forgets(step) and not opening)
        if isinstance(step.retain, ForetellsRehearsed) and not step.restart and not opening:
            again = step.retain.rehearsed(new, stand.held)
            lessons += again.amount
            if isinstance(step.retain, ForetellsWriting) and again.amount:
                for unit, amount in step.retain.writes(again.amount, m.width).items():
                    self.ledger.afford(unit, amount)
                    self.ledger.charge(unit, amount)
        rows = step.order.rows(lessons) if isinstance(step.order, ForetellsRows) else lessons
        if isinstance(step.order, ForetellsShown) and m.width is not None:
            rows = step.order.shown(lessons, m.width)
        classes, sure = self._classes(stand)
        exact = stand.exact and isinstance(step.order, ForetellsRows)
        exact = exact and (step.restart or again.exact)
        lot = None
        if m.width is not None:
            warm = stand.fitted and not step.restart
            evaluations = self.assumed.evaluations(name_of(type(self.parts.student)), rows)
            lot = Lot(m.width, rows, min(classes, max(rows, 1)), m.labels, warm, evaluations)
        foretold = isinstance(step.learn, ForetellsWork) and lot is not None
        work = step.learn.work(self.parts.student, lot) if foretold else {}
        for unit, piece in work.items():  # what is charged beforehand is charged in all units or in none
            if piece.exact or getattr(step.learn, "charges_ahead", False):
                self._affords(unit, piece.amount, piece.exact)
        for unit, piece in work.items():
            self._work(unit, piece.amount, piece.exact)
        flop = work.get("flop", Work(0.0, foretold))
        if lot is not None and not sure:  # does it depend on the number of classes at all?
            sure = work == (
                step.learn.work(self.parts.student, lot._replace(classes=float(m.labels))) if foretold else {}
            )
        done = Turn(number, step, first, pool, asked, stand.held, new, rows, self._exams(step, number), lot,
                    flop.amount, dict(self.ledger.spent), flop.exact and exact and sure)  # fmt: skip
        return stand._replace(fitted=True), done

    def _classes(self, stand: _Stand) -> tuple[float, bool]:
        """How many classes occur among the lessons, and whether that is sure."""
        known, sure = self.material.labels, self.material.sure
        if known and sure >= known:
            return float(known), True
        if known < 2:
            return 2.0, False
        return sure + (known - sure) * (1 - (1 - 1 / known) ** stand.drawn), False

    def _exams(self, step: Step, number: int) -> tuple[int, ...]:
        """As `loop._assessed`: every `assess_every` rounds, the opening and the last round always."""
        spends = step.teach.spends
        last = number + 1 == self.parts.rounds or any(self.ledger.left(one) < price(step.teach, one) for one in spends)
        if number >= 0 and number % self.parts.assess_every and not last:
            return ()
        exams = self.material.exams
        return tuple(exams.get(name, 0) for one in step.assess for name in sat_by(one, exams))

    def _affordable(self, step: Step, n: int) -> int:
        """As `loop._affordable`."""
        for unit in step.teach.spends:
            each, left = price(step.teach, unit), self.ledger.left(unit)
            if left < n * each:
                n = int(left / each + 1e-9)
                if n < 1:
                    self.ledger.afford(unit, each)
        return n

    def _lessons(self, step: Step, n: int) -> tuple[float, bool]:
        """One a row of a teacher that is paid for each; a person may not know, others pick."""
        if n == 0 or step.teach.spends:
            return float(n), n == 0 or (isinstance(step.teach, ForetellsCharges) and not asks_a_person(step.teach))
        if isinstance(step.teach, ForetellsLessons):
            return step.teach.taught(n), True
        return self.assumed.kept(name_of(type(step.teach)), n), False

    def _charge(self, step: Step, rows: int) -> None:
        """What the teacher will charge; what it asks for a row where it does not say."""
        if self.answers is None or rows == 0:
            return
        teach = step.teach
        foretells = isinstance(teach, ForetellsCharges)
        each = {unit: rows * price(teach, unit) for unit in teach.spends}
        charges = teach.charges(rows, self.answers) if foretells else each
        for unit, amount in charges.items():
            self.ledger.afford(unit, amount)
            self.ledger.charge(unit, amount)

    def _work(self, unit: str, amount: float, exact: bool) -> None:
        """Work that comes in pieces is done up to the limit."""
        try:
            self._affords(unit, amount, exact)
        except Spent:
            if not exact:
                self.ledger.charge(unit, self.ledger.left(unit))
            raise
        self.ledger.charge(unit, amount)

    def _affords(self, unit: str, amount: float, exact: bool) -> None:
        try:
            self.ledger.afford(unit, amount)
        except Spent:
            if self.stopped is not None:
                self.stopped.append(exact)
            raise


def _forgets(step: Step) -> bool:
    return name_of(type(step.retain)) == "nothing"
