"""The lesson loop: choose -> teach -> order -> learn -> retain -> recall -> assess, repeated for rounds.

It knows the contract and nothing else. Every stage draws from a stream of its own; every purchase goes through
the till; what a stage must remember it returns as memory. Rounds are yielded as values, never stored here.

Longer than 200 lines: the whole order of events stands here and nowhere else.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Block, Course, Exam, Floats, Ints, Lessons, Pool, Rng, Rows, Score
from tutelage.core.errors import ContractBroken, Spent
from tutelage.core.ledger import price
from tutelage.core.rng import stream
from tutelage.core.stages import Chosen, Memory, Student, Till, View
from tutelage.kit.episodes import episodes
from tutelage.kit.exams import named, sat_by
from tutelage.recipe.fit import Parts, Step, resolved


class Round(NamedTuple):
    """What one step of one round did. number -1: what was held before the first question."""

    number: int
    step: str
    chosen: Ints  # row numbers of the table
    why: Floats  # the chooser's score of each, NaN where it gave none
    lessons: Lessons  # new in this step
    facts: Mapping[str, float]
    scores: tuple[Score, ...]
    student: Student  # as examined
    clock: Mapping[str, float] = {}  # seconds of each stage


class Run(NamedTuple):
    """One arm at one seed."""

    parts: Parts
    course: Course
    seed: int
    till: Till
    scratch: Path
    salt: str = ""  # before the name of every stream but the data's; "" shares luck with every other arm without one


class State(NamedTuple):
    """What one step hands to the next."""

    pool: Pool
    lessons: Lessons
    student: Student
    first: Student
    exams: Mapping[str, Exam]
    memory: Mapping[str, Memory] = {}


class At(NamedTuple):
    """One step of one round: where views, luck and the till's path come from."""

    run: Run
    step: Step
    number: int

    def path(self, stage: str) -> str:
        """The stage's place in the recipe; the first step's is plain, so arms that only add steps share its luck."""
        return stage if self.step.name == "0" else f"steps.{self.step.name}.{stage}"

    def luck(self, stage: str) -> Rng:
        salt = "" if stage == "exam" else self.run.salt  # an exam that is bought is the data's, the same for all arms
        return stream(self.run.seed, f"{salt}{self.path(stage)}", self.number)

    def view(self, state: State, stage: str, student: Student | None = None) -> View:
        parts = {name: part.pool for name, part in self.run.course.parts.items() if name != "pool"}
        forgets = stage == "learn" and self.step.restart
        memory = state.memory.get(f"{self.step.name}.{stage}", {})
        memory = _lasting(memory) if forgets else memory
        student = student or state.student
        till = self.run.till.part(self.path(stage))
        return View(state.pool, parts, state.lessons, student, state.first, self.step.name, self.number,
                    memory, till, self.run.scratch)  # fmt: skip

    def remember(self, state: State, stage: str, memory: Memory) -> State:
        if not memory:
            return state
        return state._replace(memory={**state.memory, f"{self.step.name}.{stage}": memory})


def rounds(run: Run) -> Iterator[Round]:
    """Teach one student once. Ends when the rounds, the pool or the budget are used up, or the rule `stop` says so.

    Where the pool comes in episodes, round r sees the rows of episode r alone, and the loop ends with the last one.
    Waiting passes through.
    """
    course = run.course.parts["pool"].pool
    parts = resolved(run.parts, course)
    run, pieces = run._replace(parts=parts), episodes(course)
    try:
        state = _begin(At(run, parts.steps[0], -1))
        if state.lessons:
            state, opening = _learn(At(run, parts.steps[0], -1), state, state.lessons, state.lessons)
            yield opening
        elif pieces:  # what it can do before the first episode is part of what an episode adds
            yield _untaught(At(run, parts.steps[0], -1), state)
        number, whole = 0, state.pool
        while parts.rounds is None or number < parts.rounds:
            if pieces:
                mine = np.flatnonzero(np.isin(whole.numbers, pieces[number]))
                state = state._replace(pool=whole.take(mine).with_labels(state.pool.labels))
            before, enough = len(state.pool), False
            steps = [step for step in parts.steps if not (step.once and number > 0)]
            for step in steps:
                state, done = _step(At(run, step, number), state)
                if parts.stop is not None and step is steps[-1]:
                    state, done, enough = _asked_to_stop(At(run, step, number), state, done)
                yield done
            number += 1
            used_up = len(state.pool) == 0 or (parts.rounds is None and len(state.pool) == before)
            if enough or (used_up and not pieces):
                return
    except Spent:
        return  # the arm stops before it would overspend; the remainder stands in the record


def _begin(at: At) -> State:
    """The first student, the lessons that the data start with, and the exam if one has to be bought."""
    course, parts = at.run.course, at.run.parts
    pool = course.parts["pool"].pool
    first = parts.student.begin(pool, stream(at.run.seed, f"{at.run.salt}student"))
    state = State(pool, course.given, first, first, course.exams)
    start = pool.numbers[course.start]
    if course.bought:
        draw = np.sort(stream(at.run.seed, "exam").choice(len(pool), min(course.bought, len(pool)), replace=False))
        state, truth, _ = _taught(at, state, draw, "exam")
        state = state._replace(pool=state.pool.without(draw), exams={**course.exams, "exam": Exam(truth)})
    rows = np.flatnonzero(np.isin(state.pool.numbers, start))
    if len(rows):
        state, lessons, _ = _taught(at, state, rows, "start")
        state = state._replace(pool=state.pool.without(rows), lessons=(*state.lessons, *lessons))
    return state


def _step(at: At, state: State) -> tuple[State, Round]:
    """Ask, be taught, learn. With `keep: false` the lessons serve this step alone and the rows stay in the pool."""
    step, pool = at.step, state.pool
    n = _affordable(at, len(pool) if step.per_round is None else min(step.per_round, len(pool)))
    clock: dict[str, float] = {}
    with _timed(clock, "choose"):
        chosen = _checked(step.choose.choose(at.view(state, "choose"), n, at.luck("choose")), len(pool), n, step)
    state = at.remember(state, "choose", chosen.memory)
    with _timed(clock, "teach"):
        state, new, facts = _taught(at, state, chosen.rows, "teach")
    if step.keep:
        state = state._replace(pool=state.pool.without(chosen.rows))
    taught = state._replace(lessons=(*state.lessons, *new))
    after, done = _learn(at, taught, new, taught.lessons)
    done = done._replace(
        chosen=pool.numbers[chosen.rows], why=chosen.scores[chosen.rows], facts={**facts, **done.facts},
        clock={**clock, **done.clock},
    )  # fmt: skip
    return (after if step.keep else after._replace(lessons=state.lessons)), done


def _affordable(at: At, n: int) -> int:
    """The last batch is what is left of the budget; nothing left ends the arm."""
    for unit in at.step.teach.spends:
        each, left = price(at.step.teach, unit), at.run.till.left(unit)
        if left < n * each:
            n = int(left / each + 1e-9)
            if n < 1:
                at.run.till.afford(unit, each)
    return n


def _taught(at: At, state: State, rows: Ints, stage: str) -> tuple[State, Lessons, Mapping[str, float]]:
    """The teacher's lessons about these rows; labels that it added are appended to the pool's."""
    view = at.view(state, stage)
    answers = at.run.course.parts["pool"].answers.through(view.till)
    given = at.step.teach.teach(Rows(state.pool, rows), view, answers, at.luck(stage))
    lessons = tuple(_compact(block) for block in given.lessons if block.size)
    labels = max((block.about.pool.labels for block in lessons), key=len, default=state.pool.labels)
    if len(labels) > len(state.pool.labels):
        state = state._replace(pool=state.pool.with_labels(labels))
    return at.remember(state, stage, given.memory), lessons, given.facts


def _learn(at: At, state: State, new: Lessons, held: Lessons) -> tuple[State, Round]:
    """Order, learn, settle, equip, assess. `held` are all lessons so far, `new` those of this step."""
    step, before = at.step, state.student
    clock: dict[str, float] = {}
    with _timed(clock, "retain"):
        start, lessons = _lessons(at, state, new, held)
    with _timed(clock, "order"):
        syllabus = step.order.plan(lessons, at.view(state, "order"), at.luck("order"))
    with _timed(clock, "retain"):
        penalty = step.retain.penalty(at.view(state, "retain"))
    with _timed(clock, "learn"):
        learned = step.learn.learn(syllabus, penalty, at.view(state, "learn", start), at.luck("learn"))
    with _timed(clock, "retain"):
        settled = step.retain.settle(before, new, at.view(state, "retain", learned.student), at.luck("retain"))
    with _timed(clock, "recall"):
        shown = step.recall.equip(at.view(state, "recall", settled.shown or settled.student), at.luck("recall"))
    carried = _lasting(learned.memory) if step.restart else learned.memory
    state = at.remember(at.remember(state, "learn", carried), "retain", settled.memory)
    none = np.zeros(0, dtype=np.int64)
    with _timed(clock, "assess"):
        scores = _assessed(at, state, shown)
    facts = {**learned.facts, **settled.facts}
    done = Round(at.number, step.name, none, none.astype(np.float64), new or held, facts, scores, shown, clock)
    return state._replace(student=settled.student), done


def _lessons(at: At, state: State, new: Lessons, held: Lessons) -> tuple[Student, Lessons]:
    """Where to learn from: the first student on everything held, or the last one on what is new and rehearsed."""
    if at.step.restart:
        return state.first, held
    past = state._replace(lessons=held[: len(held) - len(new)])
    return state.student, (*new, *at.step.retain.rehearse(new, at.view(past, "retain"), at.luck("retain.rehearse")))


def _lasting(memory: Mapping[str, Any]) -> Memory:
    """What a learner that starts afresh still knows: privacy that was spent cannot be had back."""
    return {name: value for name, value in memory.items() if name == "privacy"}


@contextmanager
def _timed(clock: dict[str, float], stage: str) -> Iterator[None]:
    """Add the seconds that the block takes; they are for plans and people, and part of no digest."""
    started = time.perf_counter()
    yield
    clock[stage] = clock.get(stage, 0.0) + time.perf_counter() - started


def _asked_to_stop(at: At, state: State, done: Round) -> tuple[State, Round, bool]:
    """The rule's word on a round, as its fact `stop`. A round that becomes the last by it is examined."""
    whole = at._replace(step=at.run.parts.steps[0])
    said = at.run.parts.stop.stop(whole.view(state, "stop"), whole.luck("stop"))
    if not math.isnan(said.value):
        done = done._replace(facts={**done.facts, "stop": float(said.value)})
    if said.stop and not done.scores:
        done = done._replace(scores=_assessed(at, state, done.student, last=True))
    return whole.remember(state, "stop", said.memory), done, bool(said.stop)


def _untaught(at: At, state: State) -> Round:
    """The first student as it is, equipped and examined."""
    shown = at.step.recall.equip(at.view(state, "recall"), at.luck("recall"))
    none = np.zeros(0, dtype=np.int64)
    return Round(at.number, at.step.name, none, none.astype(np.float64), (), {}, _assessed(at, state, shown), shown)


def _assessed(at: At, state: State, shown: Student, last: bool = False) -> tuple[Score, ...]:
    """Every `assess_every` rounds, the opening and the last round always."""
    every, total = at.run.parts.assess_every, at.run.parts.rounds
    last = (
        last
        or at.number + 1 == total
        or any(at.run.till.left(unit) < price(at.step.teach, unit) for unit in at.step.teach.spends)
    )
    if at.number >= 0 and at.number % every and not last:
        return ()
    told: list[tuple[str, Score]] = []  # the exam and what came of it
    for number, assessor in enumerate(at.step.assess):
        for name in sat_by(assessor, state.exams):
            if name not in state.exams:
                raise ContractBroken(f"there is no exam called {name!r}; known: {', '.join(state.exams) or 'none'}")
            exam, till = state.exams[name], at.run.till.part(at.path("assess"))
            if getattr(assessor, "looks_at_lessons", False):  # an audit of what the student gives away about them
                exam = exam._replace(taught=state.lessons)
            found = assessor.assess(shown, exam, till, at.luck(f"assess.{number}"))
            told += [(name, score) for score in found]
    return named(told)


def _compact(block: Block) -> Block:
    """The same block over a pool of just its rows, so that no lesson keeps a whole pool's row numbers alive."""
    return block._replace(about=Rows(block.about.examples(), np.arange(len(block.about.rows)), block.about.starts))


def _checked(chosen: Chosen, size: int, n: int, step: Step) -> Chosen:
    rows, name = np.asarray(chosen.rows, dtype=np.int64), type(step.choose).__name__
    distinct: Any = len(np.unique(rows))
    if len(rows) > n or distinct != len(rows):
        raise ContractBroken(f"{name} chose {len(rows)} rows, {distinct} of them distinct; at most {n} were asked for")
    if len(rows) and not (0 <= rows.min() and rows.max() < size):
        raise ContractBroken(f"{name} chose a row outside the pool of {size}")
    return chosen._replace(rows=rows)
