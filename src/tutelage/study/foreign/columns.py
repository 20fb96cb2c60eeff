"""What a foreign file comes to: columns of items, draws, groups and scores; and what the person asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tutelage.core.data import Bools, Floats
from tutelage.core.errors import Fault, Refused, nearest

FORMATS = ("csv", "tsv", "jsonl", "parquet", "lm-eval", "inspect")
TEXT = pa.large_string()


@dataclass(frozen=True)
class Asked:
    """What a person may say about the files; None: by content."""

    format: str | None = None
    id: str | None = None
    score: str | None = None
    seed: str | None = None
    group: str | None = None
    metric: str | None = None  # of the measures that the files hold, only those of this name
    higher: bool | None = None  # more is better; None: as the log says, else yes


class Scores(NamedTuple):
    """One measure of one file: a row for each item and draw. Texts are `large_string`, without nulls."""

    task: str  # "" where the file does not say
    name: str
    items: pa.Array  # (n,) ids
    values: Floats  # (n,) finite
    draws: pa.Array | None = None  # (n,) seeds or epochs by name; None: each item once
    groups: pa.Array | None = None  # (n,) items of one group are not independent
    prints: pa.Array | None = None  # (n,) hashes of what was asked: one item must have one in every file
    higher: bool | None = None  # what the log says; None: nothing
    trouble: str = ""  # why the measure cannot be judged as it stands

    @property
    def title(self) -> str:
        """The measure's full name."""
        return f"{self.task}/{self.name}" if self.task else self.name


class Sheet(NamedTuple):
    """Everything that was read for one arm."""

    path: Path
    format: str
    scores: tuple[Scores, ...]
    tokens: dict[str, int] = {}  # "input" and "output", where the log counts them
    notes: tuple[str, ...] = ()


@dataclass
class Columns:
    """Columns that grow by batches of rows."""

    texts: dict[str, list[pa.Array]] = field(default_factory=dict)
    values: dict[str, list[Floats]] = field(default_factory=dict)

    def text(self, name: str) -> pa.Array | None:
        """The whole column; None where there is none."""
        parts = self.texts.get(name)
        return None if parts is None else _joined(parts)

    def value(self, name: str) -> Floats:
        """The whole column of numbers."""
        return np.concatenate(self.values[name])


def _joined(parts: list[pa.Array]) -> pa.Array:
    return parts[0] if len(parts) == 1 else pa.concat_arrays(parts)


def as_text(column: pa.Array) -> pa.Array:
    """Texts, numbers and truth values as text; nulls stay.

    >>> as_text(pa.array([7, None])).to_pylist()
    ['7', None]
    """
    return column if column.type == TEXT else pc.cast(column, TEXT)


def as_numbers(column: pa.Array) -> Floats:
    """(n,) float64; a null becomes NaN.

    >>> as_numbers(pa.array([True, None])).tolist()
    [1.0, nan]
    """
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def split(scores: Scores, by: pa.Array) -> list[Scores]:
    """One `Scores` for each text of `by`, which becomes its name, in the order of appearance."""
    coded = by.dictionary_encode()
    if len(coded.dictionary) == 1:
        return [scores._replace(name=coded.dictionary[0].as_py())]
    codes = np.asarray(coded.indices)
    return [_rows(scores, codes == code, name) for code, name in enumerate(coded.dictionary.to_pylist())]


def _rows(scores: Scores, keep: Bools, name: str) -> Scores:
    mask = pa.array(keep)
    draws, groups, prints = (
        None if column is None else column.filter(mask) for column in (scores.draws, scores.groups, scores.prints)
    )
    return scores._replace(
        name=name,
        items=scores.items.filter(mask),
        values=scores.values[keep],
        draws=draws,
        groups=groups,
        prints=prints,
    )


def chosen(sheet: Sheet, asked: Asked) -> Sheet:
    """Only the measures that --metric names: whole, without the task, or without the filter."""
    if asked.metric is None:
        return sheet
    kept = tuple(one for one in sheet.scores if asked.metric in (one.title, one.name, one.name.partition(",")[0]))
    if not kept:
        titles = [one.title for one in sheet.scores]
        what = f"no measure is called {asked.metric!r}; there are: {', '.join(titles) or 'none'}"
        raise Refused(Fault(str(sheet.path), what, f"--metric: {nearest(asked.metric, titles)}" if titles else ""))
    return sheet._replace(scores=kept)
