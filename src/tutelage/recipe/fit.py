"""Does every stage suit its neighbours? All complaints at once, before anything runs or is spent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tutelage.core import parts as shelf
from tutelage.core.data import Pool
from tutelage.core.descent import NeedsOfKinds
from tutelage.core.errors import Fault, Missing, Refused
from tutelage.core.method import settings
from tutelage.core.pupil import Pupil
from tutelage.kit.episodes import episodes
from tutelage.recipe import private, retained
from tutelage.recipe.arms import answers_only
from tutelage.recipe.lines import Source
from tutelage.recipe.pupils import changed, misfits, recipe_of, strange
from tutelage.recipe.read import Read, overlay
from tutelage.recipe.schema import STAGES, Recipe

OF_THE_WHOLE = frozenset({"data", "student", "rounds", "assess_every", "luck", "stop"})  # never said by a step


class Step(NamedTuple):
    """The built parts of one step of a round."""

    name: str
    choose: Any
    teach: Any
    order: Any
    learn: Any
    retain: Any
    recall: Any
    assess: tuple[Any, ...]
    per_round: int | None
    restart: bool | None  # None until the data are known: `resolved` says
    once: bool
    keep: bool


class Parts(NamedTuple):
    """Everything that the loop needs of one arm."""

    data: Any
    student: Any
    steps: tuple[Step, ...]
    rounds: int | None
    assess_every: int
    stop: Any = None  # asked after every round
    first: Pupil | None = None  # the student, where it is taught before this recipe begins


def fit(read: Read) -> dict[str, Parts]:
    """The built parts of every arm. Refused with every misfit of every arm, each with what would fit instead."""
    made: dict[str, Parts] = {}
    faults: list[Fault] = []
    first = next(iter(read.study.arms))
    for arm, recipe in read.recipes.items():
        try:
            made[arm] = fit_one(recipe, read.source, arm, first)
        except Refused as refused:
            faults.extend(fault for fault in refused.faults if fault not in faults)
    if faults:
        raise Refused(faults)
    return made


def fit_one(recipe: Recipe, source: Source, arm: str = "", first: str = "") -> Parts:
    """The built parts of one recipe, each checked against the others."""
    faults: list[Fault] = []

    def built(room: str, spec: Any, path: str) -> Any:
        try:
            return shelf.build(room, spec, path)
        except Refused as refused:
            faults.extend(fault._replace(where=source.place(fault.where, arm, first)) for fault in refused.faults)
        return None

    whole = recipe.model_dump()
    stop = None if recipe.stop is None else built("choose.stop", recipe.stop, "stop")
    data, student = built("data", recipe.data, "data"), built("student", recipe.student, "student")
    steps = []
    for number, difference in enumerate(recipe.steps or ({},)):
        path = f"steps.{number}." if recipe.steps else ""
        for key in sorted(OF_THE_WHOLE & difference.keys()):
            what = f"`{key}` holds for every round and every step"
            faults.append(Fault(source.place(f"{path}{key}", arm, first), what, f"say {key} beside steps, not in one"))
        try:
            laid = Recipe.model_validate(overlay({**whole, "steps": ()}, difference))
        except ValueError as error:
            faults.append(Fault(source.place(f"{path}".rstrip("."), arm, first), str(error).splitlines()[-2].strip()))
            continue
        stages = {s: built(s, getattr(laid, s), f"{path}{s}" if s in difference else s) for s in STAGES}
        exams = tuple(built("assess", spec, f"assess.{i}") for i, spec in enumerate(laid.assess))
        steps.append(Step(name=str(number), assess=exams, per_round=laid.per_round, restart=laid.restart,
                          once=laid.once, keep=laid.keep, **stages))  # fmt: skip
        if student is not None:
            misfits = _misfits(student, stages, exams, stop)
            faults.extend(Fault(source.place(f"{path}{at}" if at in difference else at, arm, first), *rest)
                          for at, *rest in misfits)  # fmt: skip
    if private.twice(step.learn for step in steps):
        what = "one step of a round may be private, since the account of one does not know of the other's"
        faults.append(Fault(source.place("steps", arm, first), what, "say learn.privacy in one step alone"))
    if data is not None and student is not None and not (data.holds & student.reads):
        reads, holds = ", ".join(sorted(student.reads)), ", ".join(sorted(data.holds))
        help = _students(lambda cls: bool(cls.reads & data.holds))
        faults.append(
            Fault(source.place("student", arm, first), f"the student reads {reads}, the data hold {holds}", help)
        )
    if faults:
        raise Refused(dict.fromkeys(faults))
    taught = recipe.student.get("taught")
    first_student = None if taught is None else shelf.pupil({**recipe.student, "taught": taught})
    parts = Parts(data, student, tuple(steps), recipe.rounds, recipe.assess_every, stop, first_student)
    faults = [Fault(source.place(fault.where, arm, first), *fault[1:]) for fault in _of_pupils(parts)]
    if said := answers_only(taught, [shelf.name_of(type(step.learn)) for step in steps]):
        faults.append(Fault(source.place("student", arm, first), *said))
    if faults:
        raise Refused(dict.fromkeys(faults))
    return parts


def _of_pupils(parts: Parts) -> list[Fault]:
    """Faults of the students that are taught before: of their recipes, and of what is asked of them."""
    faults: list[Fault] = []

    def look(path: str, pupil: Pupil) -> Pupil:
        if said := strange(pupil):
            faults.append(Fault(f"{path}.taught", said))
        elif pupil.taught is not None:
            try:
                fit_one(recipe_of(pupil, settings(parts.data)), Source("", {}))
            except Refused as refused:
                faults.extend(
                    fault._replace(where=f"{path}.taught.{fault.where.lstrip(', ')}") for fault in refused.faults
                )
        return pupil

    changed(parts, look)
    for step in parts.steps:
        for stage in STAGES:
            for place, what, pupil in misfits(getattr(step, stage), stage):
                help = _students(lambda cls, pupil=pupil: pupil.maker.reads & cls.reads)
                faults.append(Fault(place, what, help))
    return faults


def resolved(parts: Parts, pool: Pool) -> Parts:
    """The same parts with what only the data can say: how many rounds there are, and whether each one restarts."""
    return with_episodes(parts, len(episodes(pool)))


def with_episodes(parts: Parts, count: int) -> Parts:
    """The same for data in `count` episodes; 0: not in episodes."""
    steps = tuple(step if step.restart is not None else step._replace(restart=count == 0) for step in parts.steps)
    rounds = parts.rounds if not count else min(count, parts.rounds or count)
    return parts._replace(steps=steps, rounds=rounds)


def _misfits(student: Any, stages: dict[str, Any], exams: Iterable[Any], stop: Any) -> Iterable[tuple[str, str, str]]:
    named = [*stages.items(), *((f"assess.{i}", exam) for i, exam in enumerate(exams)), ("stop", stop)]
    for at, part in named:
        for need in sorted(
            (part.needs if part is not None else frozenset()) - student.can, key=lambda kind: kind.__name__
        ):
            name = shelf.name_of(type(part))
            help = _students(lambda cls, need=need: need in cls.can and bool(cls.reads & student.reads))
            yield at, f"{name} needs a student that has {need.__name__}, which {_name(student)} has not", help
    teach, learn = stages["teach"], stages["learn"]
    if teach is None or learn is None:
        return
    yield from private.misfits(stages)
    yield from retained.misfits(student, stages)
    for kind in sorted(teach.gives - learn.accepts, key=lambda kind: kind.__name__):
        accepts = ", ".join(sorted(one.__name__ for one in learn.accepts)) or "nothing"
        yield "learn", f"{_name(teach)} gives {kind.__name__}, {_name(learn)} accepts {accepts}", "tutelage list learn"
    asks = learn.needs_of if isinstance(learn, NeedsOfKinds) else lambda kind: learn.needs
    for kind in sorted(teach.gives & learn.accepts, key=lambda kind: kind.__name__):
        for need in sorted(asks(kind) - learn.needs - student.can, key=lambda face: face.__name__):
            help = _students(lambda cls, need=need: need in cls.can and bool(cls.reads & student.reads))
            what = f"{_name(learn)} learns from {kind.__name__} by {need.__name__}, which {_name(student)} has not"
            yield "learn", what, help


def _name(part: Any) -> str:
    return shelf.name_of(type(part))


def _students(suits: Any) -> str:
    fitting = []
    for name in shelf.names("student"):
        try:
            if suits(shelf.load("student", name)):
                fitting.append(name)
        except Missing:
            continue  # its extra is not installed, so it would not help this person now
    return f"these students would do: {', '.join(fitting)}" if fitting else "tutelage list student"
