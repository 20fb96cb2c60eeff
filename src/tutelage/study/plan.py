"""What a study will cost, arm by arm and in all, told beforehand: nothing is run, nothing is bought.

Bought units are exact: the loop's own arithmetic is played through (study.foresee). FLOP are exact where the learner's
work is fixed, and go by the evaluations of earlier fits where a solver stops by tolerance. Seconds and bytes go by the
rates of this machine (study.calibration). Every amount says how sure it is.

Longer than 200 lines: one plan, from a job to the study, read from top to bottom.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tutelage.core.data import Course
from tutelage.core.errors import Missing, TutelageError
from tutelage.core.forecast import ForetellsCharges, ForetellsWork, ForetellsWriting, HasOutline, HasWidth
from tutelage.core.ledger import BOUGHT, Ledger
from tutelage.core.parts import name_of
from tutelage.recipe.fit import Parts
from tutelage.recipe.read import Read
from tutelage.study.amounts import Amount, Sure, total
from tutelage.study.calibration import Rates
from tutelage.study.efforts import of_data
from tutelage.study.encoding import Encoding, encoding
from tutelage.study.expect import assumed, disk_of, evaluations_of, seconds_of, tokens_of
from tutelage.study.foresee import Play, Turn
from tutelage.study.material import Courses, Material, asks_a_person, measured, not_here
from tutelage.study.pupils import taught_before

WORKER = 1.5  # seconds in which a worker process starts, where this machine has not said
BLIND = ("seconds", "epsilon")  # limits whose binding cannot be played through


class TooLong(TutelageError):
    """A plan that must not hold up a run would."""


class JobPlan(NamedTuple):
    """One arm at one seed. seconds: of the loop. data: seconds for making the course, before the loop."""

    arm: str
    seed: int
    rounds: Amount
    units: dict[str, Amount]
    seconds: Amount
    data: Amount
    disk: Amount


class ArmPlan(NamedTuple):
    """One arm over all seeds."""

    name: str
    jobs: tuple[JobPlan, ...]
    rounds: Amount
    units: dict[str, Amount]
    seconds: Amount
    disk: Amount


class Plan(NamedTuple):
    """A study. seconds: of all loops together. wall: from start to end with so many workers. disk: without the page."""

    name: str
    arms: tuple[ArmPlan, ...]
    units: dict[str, Amount]
    rounds: Amount
    seconds: Amount
    wall: Amount
    workers: int
    disk: Amount
    texts: Encoding
    notes: tuple[str, ...]
    material: dict[str, dict[int, Material]]


def plan(
    read: Read, parts: Mapping[str, Parts], courses: Mapping[str, Course], rates: Rates, workers: int,
    within: float = float("inf"),
) -> Plan:  # fmt: skip
    """The plan of a study whose arms were built and fitted. courses: those made already, of the first seed.

    within: seconds of the processor after which it gives up (TooLong); half of them may go into further courses.
    """
    began = time.process_time()
    shelf = Courses(read, parts, courses, began + within / 2)
    jobs: list[JobPlan] = []
    kept: set[str] = set()  # students whose teaching has been counted, which later jobs find in the cache
    material: dict[str, dict[int, Material]] = {arm: {} for arm in parts}
    for seed in read.study.seed_list:
        for arm in read.recipes:
            course = shelf.course(arm, seed)
            if isinstance(course, Missing):
                jobs.append(_unknown(arm, seed, f"unknown until fetched: {str(course).splitlines()[-1].strip()}"))
                continue
            started = time.process_time()
            material[arm][seed] = measured(parts[arm], course, seed)
            if isinstance(parts[arm].student, HasOutline):  # its tokenizer and libraries, which a run loads anyway
                began += time.process_time() - started
            jobs.append(_job(read, arm, seed, parts[arm], course, material[arm][seed], rates, began + within,
                             kept))  # fmt: skip
    texts = encoding(shelf, rates, workers)
    arms = tuple(_arm(arm, [job for job in jobs if job.arm == arm]) for arm in read.recipes)
    units = _units([arm.units for arm in arms])
    return Plan(read.source.name, arms, units, total(arm.rounds for arm in arms), total(arm.seconds for arm in arms),
                _wall(jobs, texts, rates, workers), workers, total(arm.disk for arm in arms), texts,
                tuple(_notes(read, parts, shelf, arms)), material)  # fmt: skip


def _job(read: Read, arm: str, seed: int, parts: Parts, course: Course, material: Material, rates: Rates,
         until: float, kept: set[str]) -> JobPlan:  # fmt: skip
    limits = {unit: limit for unit, limit in read.study.budget.items() if unit not in BLIND}
    ledger = Ledger(limits)
    try:
        before = taught_before(parts, course, seed, ledger, assumed(rates))
    except Missing as missing:
        return _unknown(arm, seed, f"unknown until fetched: {str(missing).splitlines()[-1].strip()}")
    turns: list[Turn] = []
    stopped: list[bool] = []
    play = Play(parts, material, ledger, course.parts["pool"].answers, assumed(rates), stopped=stopped)
    for turn in play.turns():
        turns.append(turn)
        if time.process_time() > until:
            raise TooLong(f"{len(turns)} rounds of one arm were played through, and there are more")
    sure, why = _sureness(read, parts, turns, material)
    if sure == "exact" and any(one.again for one in before):
        sure, why = "at most", "a student that is taught twice may ask about the same rows, which are charged once"
    if sure == "exact" and not all(stopped):
        sure, why = "estimated", "the budget ends in work that is estimated"
    known = all(stopped) and all(turn.exact for turn in [*turns, *(turn for one in before for turn in one.turns)])
    resting = tokens_of(material) or evaluations_of(parts, rates)
    units: dict[str, Amount] = {}
    for unit, spent in ledger.spent.items():
        bought = unit in BOUGHT or known
        units[unit] = Amount(spent, sure, why) if bought else Amount(spent, "estimated", resting)
    for learner in dict.fromkeys(
        name_of(type(step.learn)) for step in parts.steps if not _foretold(parts, step, material)
    ):
        units["flop"] = Amount(None, "unknown", f"{learner} does not foretell its work")
    told = rates.tell(of_data(parts, material))
    data = Amount(told.value if told.by else 0.0, "estimated")
    anew = [one for one in before if one.mark not in kept]
    kept |= {one.mark for one in anew if one.mark}
    seconds = total([seconds_of(parts, material, turns, rates), *(seconds_of(*one[:3], rates) for one in anew)])
    made = JobPlan(arm, seed, Amount(len(turns), sure, why), units, seconds, data,
                   disk_of(parts, material, turns, rates))  # fmt: skip
    gone = not_here(parts.student)
    return made if gone is None else _without(made, f"until fetched: {str(gone).splitlines()[-1].strip()}")


def _without(job: JobPlan, why: str) -> JobPlan:
    """The job less what only the model that is not here could tell."""
    nothing = Amount(None, "unknown", why)
    units = {unit: amount for unit, amount in job.units.items() if unit in BOUGHT}
    return job._replace(units={**units, "training_tokens": nothing, "flop": nothing}, seconds=nothing, disk=nothing)


def _sureness(read: Read, parts: Parts, turns: list[Turn], material: Material) -> tuple[Sure, str]:
    """How sure the bought units are, and why they are not exact."""
    paid = [step for step in parts.steps if step.teach.spends]
    silent = [name_of(type(step.teach)) for step in paid if not isinstance(step.teach, ForetellsCharges)]
    if silent:
        return "estimated", f"{silent[0]} does not foretell what it charges: one of each unit a row"
    counted = {"flop": "FLOP", "training_tokens": "training tokens"}
    limited = [unit for unit in counted if unit in read.study.budget]
    foretold = all(_foretold(parts, step, material) for step in parts.steps)
    if limited and foretold and not all(turn.exact for turn in turns):
        return "estimated", f"the budget limits {counted[limited[0]]}, and these are estimated"
    blind = [unit for unit in BLIND if unit in read.study.budget] + ([] if foretold else limited)
    if blind:
        return "at most", f"the budget limits {blind[0]}, which cannot be played through"
    if any(isinstance(step.retain, ForetellsWriting) for step in parts.steps):
        return "at most", "what the student writes for itself is counted at its longest"
    if any(asks_a_person(step.teach) for step in paid):
        return "at most", "what a person does not know is not charged"
    if any(not step.keep for step in paid):
        return "at most", "a row that is asked about again is not charged again"
    if getattr(parts, "stop", None) is not None:
        return "at most", "the rule `stop` may end it earlier"
    return "exact", ""


def _foretold(parts: Parts, step: Any, material: Material) -> bool:
    """Whether the learner says what it will charge for this student and these data."""
    if not (isinstance(step.learn, ForetellsWork) and isinstance(parts.student, HasWidth)):
        return False
    return not isinstance(parts.student, HasOutline) or (material.width is not None and material.width.tokens > 0)


def _unknown(arm: str, seed: int, why: str) -> JobPlan:
    nothing = Amount(None, "unknown", why)
    return JobPlan(arm, seed, nothing, {"labels": nothing}, nothing, nothing, nothing)


def _arm(name: str, jobs: list[JobPlan]) -> ArmPlan:
    return ArmPlan(name, tuple(jobs), total(job.rounds for job in jobs), _units([job.units for job in jobs]),
                   total(job.seconds for job in jobs), total(job.disk for job in jobs))  # fmt: skip


def _units(several: list[dict[str, Amount]]) -> dict[str, Amount]:
    names = dict.fromkeys(unit for units in several for unit in units)
    return {name: total(units.get(name, Amount(0.0)) for units in several) for name in names}


def _wall(jobs: list[JobPlan], texts: Encoding, rates: Rates, workers: int) -> Amount:
    """Embedding first, then every job to the worker that is free first, in the order of the run."""
    whole = total([*(job.seconds for job in jobs), *(job.data for job in jobs), texts.seconds])
    if whole.value is None:
        return whole
    begin = rates.speeds.get("worker", WORKER) if workers else 0.0
    free = [begin] * max(min(workers, len(jobs)), 1)
    for job in jobs:
        at = free.index(min(free))
        free[at] += (job.seconds.value or 0.0) + (job.data.value or 0.0)
    return Amount(max(free) + (texts.seconds.value or 0.0), "estimated", whole.why)


def _notes(read: Read, parts: Mapping[str, Parts], shelf: Courses, arms: tuple[ArmPlan, ...]) -> Iterator[str]:
    people = [arm.units["labels"] for arm in arms if "labels" in arm.units
              and any(asks_a_person(step.teach) for step in parts[arm.name].steps)]  # fmt: skip
    if people:
        asked = total(people).value
        most = "an unknown number of labels" if asked is None else f"at most {asked:,.10g} labels"
        yield f"A person is the teacher: the study asks for {most} in all arms and seeds. Nobody is asked yet."
    if shelf.stood_in:
        yield "The data of the first seed stand for those of the others."
    if "seconds" in read.study.budget:
        yield "The budget limits seconds: an arm may end before the rounds that stand here."
