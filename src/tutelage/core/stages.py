"""The contract: one View in, one NamedTuple out, and a method keeps nothing.

Each stage of the loop is one Protocol with one verb (retention has three). A method is a frozen class that
satisfies it; luck is an argument; what must survive until the next round goes into `memory`, which holds arrays,
plain values and students, nothing else. Spending goes through the Till.

Longer than 200 lines: it is the whole contract, and a contract stands on one page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias, TypeVar, runtime_checkable

from tutelage.core.data import (
    Block,
    Bools,
    Course,
    Exam,
    Floats,
    Floats32,
    Ints,
    Kinds,
    Lessons,
    Modality,
    Pool,
    Rng,
    Rows,
    Score,
    Supervision,
)  # fmt: skip
from tutelage.core.errors import ContractBroken

Memory: TypeAlias = Mapping[str, Any]
Penalty: TypeAlias = Callable[[Any], Any]  # module -> scalar tensor, added to the mean loss
Spend: TypeAlias = Callable[[float], None]  # FLOP about to be done


class Till(Protocol):
    """One way to spend, record and resume, at any depth (contract X3). Implemented in runs/.

    A key is a digest of all that the answer depends on. Keys are shared by the arms and seeds of a study, charges
    are per arm: always `pay` for what you use; a key already charged in this arm costs nothing the second time.
    Work (steps, tokens, FLOP) is paid for without keys: pay(unit, (), (), [amount]).
    `pay` itself raises Spent, before anything is written, when what is new would pass a limit; a teacher that spends
    elsewhere (a call, a person) asks `afford` first, with the upper bound. `ask` writes a line before a call that costs
    even when its answer is lost; it returns how many of these were asked before without one: perhaps paid twice.
    """

    def afford(self, unit: str, amount: float) -> None: ...  # raises Spent before a limit would be passed
    def left(self, unit: str) -> float: ...  # what the budget still allows; inf without a limit
    def paid(self, unit: str, keys: Sequence[str]) -> tuple[Any | None, ...]: ...  # None: not bought yet
    def pay(self, unit: str, keys: Sequence[str], values: Sequence[Any], amounts: Floats) -> None: ...
    def ask(self, unit: str, keys: Sequence[str]) -> int: ...  # of an outside endpoint, about to be made
    def part(self, name: str) -> Till: ...  # same purse, longer path


class Answers(Protocol):
    """The truth, sealed; every look is priced and charged to the till that they were bound to."""

    def through(self, till: Till) -> Answers: ...
    def reveal(self, about: Rows, kind: type[Supervision] | None = None) -> Block: ...
    def check(self, about: Rows, replies: Sequence[Sequence[str]]) -> Floats: ...
    def of(self, part: str) -> Answers: ...


class Student(Protocol):
    """A value: answering does not change it. `fingerprint`: of what answering depends on."""

    @property
    def fingerprint(self) -> str: ...
    def answer(self, pool: Pool, rng: Rng) -> Block: ...  # Label, or what this student writes
    def save(self, folder: Path) -> None: ...


class StudentMaker(Protocol):
    """A file in student/<modality>/: settings only. Labels, widths and vocabulary come from the pool."""

    reads: ClassVar[frozenset[Modality]]
    can: ClassVar[Kinds]

    def begin(self, pool: Pool, rng: Rng) -> Student: ...
    def load(self, folder: Path) -> Student: ...


@runtime_checkable
class CanWeigh(Protocol):
    """probs: (n, C) float32, rows sum to 1, column c is `labels[c]`; C may be 0.

    Uniform before any lesson where the student can be fitted; a frozen one knows what it knows.
    """

    @property
    def labels(self) -> tuple[str, ...]: ...
    def probs(self, pool: Pool) -> Floats32: ...


@runtime_checkable
class CanEmbed(Protocol):
    """embed: (n, d) float32. `embeds_as` changes only with what it depends on. side: "", "query" or "document"."""

    @property
    def embeds_as(self) -> str: ...
    def embed(self, pool: Pool, side: str = "") -> Floats32: ...


@runtime_checkable
class CanFit(Protocol):
    """fit: a new student solved for these lessons (Label and Soft blocks with weights), nothing kept of its old fit.

    `spend` is told the FLOP of each piece of work before it is done, from the shapes; it may raise Spent.
    """

    def fit(self, lessons: Lessons, rng: Rng, spend: Spend | None = None) -> Student: ...


class View(NamedTuple):
    """Everything that a method may see: no answers, no exam."""

    pool: Pool  # not yet taught
    parts: Mapping[str, Pool]
    lessons: Lessons
    student: Student  # now
    first: Student  # at the start of the run
    step: str
    round: int
    memory: Memory  # what this same stage returned last time, {} at first
    till: Till
    scratch: Path  # survives a kill, emptied when the round is recorded


class Chosen(NamedTuple):
    """rows: distinct positions in view.pool, at most n, best first. scores (len(pool),), NaN where not scored."""

    rows: Ints
    scores: Floats
    memory: Memory = {}


class Stopped(NamedTuple):
    stop: bool
    value: float  # what the rule compares with its threshold, NaN while that cannot be told
    memory: Memory = {}


class Taught(NamedTuple):
    lessons: Lessons
    facts: Mapping[str, float] = {}
    memory: Memory = {}


class Stage(NamedTuple):
    """One stage of a syllabus. order None: the learner shuffles. batches: offsets into order, one batch each."""

    lessons: Lessons
    order: Ints | None = None
    batches: Ints | None = None
    support: Bools | None = None
    passes: float = 1.0


Syllabus: TypeAlias = tuple[Stage, ...]


class Learned(NamedTuple):
    student: Student
    facts: Mapping[str, float] = {}
    memory: Memory = {}


class Settled(NamedTuple):
    """shown: the student to equip and examine this round; the next round starts from `student`."""

    student: Student
    shown: Student | None = None
    memory: Memory = {}
    facts: Mapping[str, float] = {}


class Chooser(Protocol):
    needs: ClassVar[Kinds]  # capabilities of the student

    def choose(self, view: View, n: int, rng: Rng) -> Chosen: ...


class StopRule(Protocol):
    needs: ClassVar[Kinds]

    def stop(self, view: View, rng: Rng) -> Stopped: ...


class Teacher(Protocol):
    needs: ClassVar[Kinds]
    gives: ClassVar[Kinds]  # supervision kinds
    spends: ClassVar[frozenset[str]]  # units it charges; empty for a free teacher

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught: ...


class Curriculum(Protocol):
    needs: ClassVar[Kinds]

    def plan(self, lessons: Lessons, view: View, rng: Rng) -> Syllabus: ...


class Learner(Protocol):
    needs: ClassVar[Kinds]

    @property
    def accepts(self) -> Kinds: ...  # supervision kinds
    def learn(self, syllabus: Syllabus, penalty: Penalty | None, view: View, rng: Rng) -> Learned: ...


class Retention(Protocol):
    needs: ClassVar[Kinds]

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons: ...
    def penalty(self, view: View) -> Penalty | None: ...
    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled: ...


class Recall(Protocol):
    needs: ClassVar[Kinds]

    def equip(self, view: View, rng: Rng) -> Student: ...


class Assessor(Protocol):
    needs: ClassVar[Kinds]

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]: ...


class CourseMaker(Protocol):
    """A file in data/. `card` (a class attribute): source, licence of code and content, what was dropped."""

    holds: ClassVar[frozenset[Modality]]

    def course(self, rng: Rng) -> Course: ...


C = TypeVar("C")


def able(student: Any, capability: type[C]) -> C:
    """The same student, typed by one capability. ContractBroken when it lacks it: the fit check should have refused."""
    if not isinstance(student, capability):
        raise ContractBroken(f"{type(student).__name__} cannot do what {capability.__name__} asks")
    return student
