"""What can go wrong, one class per situation; the class decides the exit code.

    TutelageError                 1   a run failed
    ├── Refused                   2   the request cannot work: a file, a recipe or a command is wrong
    ├── Missing                   6   an asset or an extra is not installed; says how to get it
    ├── Waiting                   5   a person has to answer first; the run goes on afterwards
    ├── Spent                     -   a purchase would pass the budget; the loop ends the arm there
    └── ContractBroken            1   a method did not keep its room's promise: a bug, not a user's mistake

A person who reads one of these learns where the fault is, what was found, what is allowed, the nearest valid
name and the command that helps. All faults of one file or recipe are listed together.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, NamedTuple


class Fault(NamedTuple):
    """One thing that is wrong, in the words of the person who will mend it."""

    where: str  # "tickets.csv, row 12, field label" or "mine.yaml, line 7, choose.use"
    what: str  # a sentence: what was found and what is allowed
    help: str = ""  # nearest valid name, or the command that helps

    def __str__(self) -> str:
        tail = f"\n    {self.help}" if self.help else ""
        return f"{self.where}: {self.what}{tail}" if self.where else f"{self.what}{tail}"


class TutelageError(Exception):
    """Anything that tutelage raises on purpose; printed without a traceback."""

    exit_code: ClassVar[int] = 1

    def __reduce__(self) -> Any:
        """Crosses a process boundary whole, whatever its constructor takes."""
        return _again, (type(self), str(self), self.__dict__)


def _again(kind: type[TutelageError], message: str, state: dict[str, Any]) -> TutelageError:
    made = kind.__new__(kind)
    made.args = (message,)
    made.__dict__.update(state)
    return made


class Refused(TutelageError):
    """The request cannot work; nothing was spent. Lists the first 20 faults and counts the rest."""

    exit_code = 2
    shown: ClassVar[int] = 20

    def __init__(self, faults: Iterable[Fault] | Fault, found: int | None = None) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        self.found = count = len(self.faults) if found is None else found
        lines = [str(fault) for fault in self.faults[: self.shown]]
        if count > len(lines):
            lines.append(f"... and {count - len(lines)} more")
        super().__init__("\n".join(lines))


class Missing(TutelageError):
    """A model, data set or optional library is not here; the message ends with the command that gets it."""

    exit_code = 6

    def __init__(self, what: str, help: str) -> None:
        super().__init__(f"{what}\n    {help}")


class Waiting(TutelageError):
    """A person has to answer before the run can go on.

    `keys` name the purchases; `rows` are the row numbers of the table that the questions are about, in the same
    order; `unit` is what is bought. Whoever runs the loop writes the queue and ends with exit code 5.
    """

    exit_code = 5

    def __init__(self, unit: str, keys: Sequence[str], about: Any) -> None:
        self.unit = unit
        self.keys = tuple(keys)
        self.about = about  # core.data.Rows
        super().__init__(f"waiting for {len(self.keys)} {unit}")


class Spent(TutelageError):
    """A purchase would pass a limit of the budget. Raised before anything is bought."""

    def __init__(self, unit: str, spent: float, asked: float, limit: float) -> None:
        self.unit, self.spent, self.asked, self.limit = unit, spent, asked, limit
        super().__init__(f"budget: {asked:g} more {unit} would pass the limit ({spent:g} of {limit:g} spent)")


class ContractBroken(TutelageError):
    """A method returned what its room's contract forbids; the message names the method and the promise."""


def nearest(name: str, valid: Iterable[str], command: str = "") -> str:
    """A help line: the nearest valid name, or all of them when few, and the command that lists them."""
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        text = f"did you mean {close[0]!r}?"
    elif names:
        text = "known: " + ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    else:
        text = "none is known"
    return f"{text} ({command})" if command else text
