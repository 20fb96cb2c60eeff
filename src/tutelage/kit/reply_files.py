"""A file of prompts with replies, read row by row; everything that is wrong with it is told by row and field.

A prompt is a text, or a conversation: a list of {"role": "system" | "user" | "assistant", "content": text} whose last
turn is the user's. Its replies are one text, which makes a row for each prompt and reply, or a list of texts or of
objects with the key `text` (or `reply`) and perhaps the source and numbers.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from tutelage.core.errors import Fault, Refused, nearest
from tutelage.kit.decode import refuse_encoding
from tutelage.kit.layout import Faults, format_of, known_encoding
from tutelage.kit.reply_rows import ROWS, ReplyLayout

ROLES = ("system", "user", "assistant")
TEXTS = ("text", "reply", "content")  # keys of a reply that is an object
OWN = ("id", "text", "reply", "group", "source", "turns")  # columns that a pool of replies has anyway


class Reply(NamedTuple):
    """One reply with its prompt. turns: the conversation, None where the prompt is a text."""

    id: str
    text: str  # of the prompt; of a conversation all turns, one a line
    turns: tuple[tuple[str, str], ...] | None
    reply: str
    source: str | None
    numbers: tuple[float | None, ...]


@dataclass
class ReplyReader:
    """One pass over one file."""

    path: Path
    layout: ReplyLayout
    faults: Faults = field(init=False)

    def __post_init__(self) -> None:
        self.faults = Faults(self.path)

    def read(self) -> list[Reply]:
        """Every reply. Refused with all that is wrong in the file, the first 20 and a count."""
        format = format_of(self.path, self.layout.format)
        if format not in ROWS:
            raise Refused(Fault(str(self.path), "plain lines hold no replies", "write CSV, TSV, JSONL or Parquet"))
        for name in sorted(set(OWN) & set(self.layout.numbers)):
            self.faults.add(f"field {name}", "a pool of replies has a column of that name anyway", "rename it")
        known_encoding(self.path, self.layout.encoding)
        made: list[Reply] = []
        seen: dict[str, int] = {}
        try:
            for number, row in ROWS[format](self.path, self.layout, self.faults):
                self._columns(row, number)
                made += self._row(number, row, seen)
        except (UnicodeError, csv.Error, pa.ArrowInvalid) as error:
            if format != "parquet":
                refuse_encoding(self.path, self.layout.encoding)
            raise Refused(Fault(str(self.path), f"the file cannot be read as {format}: {error}")) from error
        self.faults.refuse()
        if not made:
            raise Refused(Fault(str(self.path), "the file holds no reply", "was it written to the end?"))
        return made

    def _columns(self, row: Mapping[str, Any], number: int) -> None:
        """A column that is not there is told; where it is missing from the first row, nothing else can be said."""
        missing = [(key, name) for key, name in self.layout.named().items() if name not in row]
        for key, name in missing:
            what = f"there is no column {name!r}; the columns are: {', '.join(map(str, row))}"
            self._tell(number, name, what, f"setting {key}: {nearest(name, list(row))}")
        if missing and number == 1:
            self.faults.refuse()

    def _row(self, number: int, row: Mapping[str, Any], seen: dict[str, int]) -> list[Reply]:
        layout = self.layout
        asked = self._prompt(number, row.get(layout.prompt))
        held = row.get(layout.replies)
        several = isinstance(held, list)
        if several and not held:
            self._tell(number, layout.replies, "the list of replies is empty", "fill it, or remove the row")
        id = str(number) if layout.id is None else self._id(number, row.get(layout.id), seen)
        made = []
        for place, one in enumerate(held if several and held else [held], start=1):
            where = f"{layout.replies}[{place}]" if several else layout.replies
            told = one if isinstance(one, dict) else {}
            text = self._text(number, where, next((told[k] for k in TEXTS if k in told), None) if told else one)
            source = None if layout.source is None else told.get(layout.source, row.get(layout.source))
            numbers = tuple(self._number(number, name, told.get(name, row.get(name))) for name in layout.numbers)
            if asked is not None and text is not None:
                shown = f"{id}.{place}" if several else id
                made.append(Reply(shown, *asked, text, None if source is None else str(source), numbers))
        return made

    def _id(self, number: int, value: Any, seen: dict[str, int]) -> str:
        id = "" if value is None else str(value)
        if not id:
            self._tell(number, str(self.layout.id), "the id is empty", "fill it, or leave `id` out")
        elif seen.setdefault(id, number) != number:
            self._tell(number, str(self.layout.id), f"the id {id!r} stands in row {seen[id]}, too", "ids are unique")
        return id

    def _prompt(self, number: int, value: Any) -> tuple[str, tuple[tuple[str, str], ...] | None] | None:
        """The text and the turns of a prompt; None where it cannot stay."""
        name = self.layout.prompt
        if not isinstance(value, list):
            text = self._text(number, name, value)
            return None if text is None else (text, None)
        turns = []
        for place, turn in enumerate(value, start=1):
            where = f"{name}[{place}]"
            role = turn.get("role") if isinstance(turn, dict) else None
            if role not in ROLES:
                self._tell(number, where, f"a turn has a role, {', '.join(ROLES)}; found {role!r}",
                           nearest(str(role), ROLES))  # fmt: skip
                return None
            text = self._text(number, where, turn.get("content", turn.get("text")))
            if text is None:
                return None
            turns.append((str(role), text))
        if not turns or turns[-1][0] != "user":
            self._tell(
                number, name, "a conversation ends with a turn of the user", f"move the answer to {self.layout.replies}"
            )
            return None
        return "\n".join(text for _, text in turns), tuple(turns)

    def _text(self, number: int, name: str, value: Any) -> str | None:
        if not isinstance(value, str):
            found = "the text is missing" if value is None else f"a text is expected, found {repr(value)[:40]}"
            self._tell(number, name, found, "fill it, or remove the row")
        elif not value.strip():
            self._tell(number, name, "the text is empty", "fill it, or remove the row")
        elif len(value) > self.layout.longest:
            what = f"the text has {len(value):,} characters; {self.layout.longest:,} are allowed"
            self._tell(number, name, what, "shorten it, or raise the setting `longest`")
        else:
            return value
        return None

    def _number(self, number: int, name: str, value: Any) -> float | None:
        if value is None:
            return None
        try:
            made = float(value)
        except (TypeError, ValueError):
            made = math.nan
        if not math.isfinite(made):
            self._tell(number, name, f"{str(value)[:40]!r} is not a finite number", "leave the cell empty if unknown")
            return None
        return made

    def _tell(self, number: int, name: str, what: str, help: str = "") -> None:
        if self.faults.full:
            self.faults.more(1)
        else:
            self.faults.add(f"row {number}, field {name}", what, help)
