"""The one till: purchases are written before they are used, charged per arm, and found again after a kill.

Work has no keys: it is charged as it is done, again when a resumed run does it again, and each round's line in the
journal says what it came to.

A run that goes on after a kill executes its rounds again from the start with the same luck. Purchases recorded by
the earlier life are *charged* again in this process, so that every limit binds at the same moment, but neither
written nor made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tutelage.core.data import Floats
from tutelage.core.ledger import Ledger
from tutelage.runs.journal import Journal, lines


@dataclass
class Book:
    """What a till writes to and remembers; shared by all its parts."""

    ledger: Ledger
    journal: Journal | None = None  # None: in memory only
    recorded: dict[str, Any] = field(default_factory=dict)  # bought by this arm in an earlier life
    shared: dict[str, Any] = field(default_factory=dict)  # bought in this study by somebody else, a person among them
    charged: dict[str, Any] = field(default_factory=dict)  # charged to this arm in this life
    unanswered: set[str] = field(default_factory=set)  # asked of an outside endpoint, and nothing came of it


@dataclass(frozen=True)
class RecordedTill:
    """Implements core.stages.Till."""

    book: Book
    path: str = ""

    def afford(self, unit: str, amount: float) -> None:
        self.book.ledger.afford(unit, amount)

    def left(self, unit: str) -> float:
        return self.book.ledger.left(unit)

    def paid(self, unit: str, keys: Sequence[str]) -> tuple[Any | None, ...]:
        book = self.book
        return tuple(book.charged.get(k, book.recorded.get(k, book.shared.get(k))) for k in keys)

    def pay(self, unit: str, keys: Sequence[str], values: Sequence[Any], amounts: Floats) -> None:
        book = self.book
        if not keys:  # work: nothing is had in return that a resumed run would have to find again
            total = float(sum(amounts))
            book.ledger.afford(unit, total)
            book.ledger.charge(unit, total)
            return
        first = {key: i for i, key in reversed(list(enumerate(keys)))}  # a key that stands twice is one purchase
        fresh = [i for key, i in sorted(first.items(), key=lambda one: one[1]) if key not in book.charged]
        total = float(sum(amounts[i] for i in fresh))
        book.ledger.afford(unit, total)
        new = [i for i in fresh if keys[i] not in book.recorded]
        if new and book.journal is not None:
            bought = [[keys[i], values[i], float(amounts[i])] for i in new]
            book.journal.append({"event": "pay", "unit": unit, "path": self.path, "bought": bought})
        for i in fresh:
            book.charged[keys[i]] = values[i]
        book.unanswered.difference_update(keys)
        book.ledger.charge(unit, total)

    def ask(self, unit: str, keys: Sequence[str]) -> int:
        book = self.book
        again = len(book.unanswered.intersection(keys))
        if keys and book.journal is not None:
            book.journal.append({"event": "asked", "unit": unit, "path": self.path, "keys": list(keys), "again": again})
        book.unanswered.update(keys)
        return again

    def part(self, name: str) -> RecordedTill:
        return replace(self, path=f"{self.path}.{name}" if self.path else name)


def till(
    limits: Mapping[str, float] | None = None,
    path: Path | None = None,
    shared: Mapping[str, Any] | None = None,
    told: Sequence[Mapping[str, Any]] | None = None,
) -> RecordedTill:
    """A till over the journal at `path` (None: in memory), with what that journal says was bought before.

    told: its lines, where they have been read already.
    """
    if told is None:
        told = list(lines(path)) if path else []
    recorded = {key: value for line in told if line["event"] == "pay" for key, value, _ in line["bought"]}
    asked = {key for line in told if line["event"] == "asked" for key in line["keys"]}
    journal = Journal(path) if path else None
    return RecordedTill(
        Book(Ledger(dict(limits or {})), journal, recorded, dict(shared or {}), unanswered=asked - recorded.keys())
    )
