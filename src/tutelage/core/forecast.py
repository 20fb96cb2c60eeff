"""What a method may say beforehand: what its work will cost and what it will charge, without doing it.

None of these has to be there. A method without one can be used like any other; a plan then says that it cannot tell.
Each foretells with the very formula by which the work is charged when it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

from tutelage.core.data import Pool
from tutelage.core.stages import Answers


class Width(NamedTuple):
    """The inputs of a head over fixed features. entries: numbers of one row that are not 0, on average.

    tokens: positions of a lesson that is read token by token, on average; 0: its matrices see it once. told: of them
    those that a reply says and that carry loss.
    """

    columns: float
    entries: float
    exact: bool
    tokens: float = 0.0
    told: float = 0.0


class Lot(NamedTuple):
    """What one fit is about, in numbers.

    rows: lessons of positive weight. classes: how many occur among them. labels: how many are known.
    warm: the student has been fitted before. evaluations: of the objective, where the solver decides how many.
    """

    width: Width
    rows: float
    classes: float
    labels: int
    warm: bool = False
    evaluations: float = 0.0


class Work(NamedTuple):
    """amount: of the unit it stands beside. exact: it follows from the lot alone, however the fit goes."""

    amount: float
    exact: bool


@runtime_checkable
class HasWidth(Protocol):
    """A student's maker. width: of what it reads, from the pool alone."""

    def width(self, pool: Pool) -> Width: ...


@runtime_checkable
class CanForetell(HasWidth, Protocol):
    """A maker of students that are fitted. flop: of one fit; not exact where it depends on how many evaluations a
    solver takes.
    """

    def flop(self, lot: Lot) -> Work: ...


@runtime_checkable
class IsFetched(Protocol):
    """A maker whose weights come from elsewhere. there: Missing, with the command that gets them, until they are."""

    def there(self) -> None: ...


@runtime_checkable
class HasMatrices(Protocol):
    """A maker of students that a gradient moves. matrices: their sizes, from the inputs to the head, which is last."""

    def matrices(self, lot: Lot) -> tuple[float, ...]: ...


@runtime_checkable
class HasOutline(Protocol):
    """A maker of students that a gradient moves. outline: the module of one that begins, shapes without numbers, the
    caller's own to change.
    """

    def outline(self) -> Any: ...


@runtime_checkable
class ForetellsWork(Protocol):
    """A learner. work: what it will charge to the till for learning this lot, by unit."""

    def work(self, student: Any, lot: Lot) -> Mapping[str, Work]: ...


@runtime_checkable
class ForetellsRows(Protocol):
    """A curriculum. rows: how many of `n` lessons its plan holds, a lesson that stands in two stages twice."""

    def rows(self, n: float) -> float: ...


@runtime_checkable
class ForetellsRehearsed(Protocol):
    """A retention. rehearsed: lessons beside so many new ones, when so many were taught before."""

    def rehearsed(self, new: float, held: float) -> Work: ...


@runtime_checkable
class ForetellsWriting(ForetellsRehearsed, Protocol):
    """A retention whose lessons the student writes. writes: what is charged at most, by unit, for so many of them,
    beside rows of this width.
    """

    def writes(self, texts: float, width: Width | None) -> Mapping[str, float]: ...


@runtime_checkable
class ForetellsShown(Protocol):
    """A curriculum whose passes depend on how long lessons are. shown: how many lessons a learner with one pass is
    shown of `n` lessons of this width, repetitions counted.
    """

    def shown(self, n: float, width: Width) -> float: ...


@runtime_checkable
class ForetellsMoved(Protocol):
    """A learner. moved: numbers of this maker's students that it may move, which a record keeps; None: unknown."""

    def moved(self, student: Any) -> float | None: ...


@runtime_checkable
class ForetellsLessons(Protocol):
    """A teacher that is not paid. taught: lessons when it is asked about so many rows."""

    def taught(self, rows: int) -> float: ...


@runtime_checkable
class ForetellsCharges(Protocol):
    """A teacher. charges: by unit, for teaching about so many rows that it was never asked about before; the most
    where a person may not know an answer.
    """

    def charges(self, rows: int, answers: Answers) -> Mapping[str, float]: ...
