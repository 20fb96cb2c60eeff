"""Published text sets with their own train, dev and test files: read, cleaned of what stands on both sides, split."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Course, Ints, Rng, Table
from tutelage.core.errors import Fault, Refused
from tutelage.kit.courses import course
from tutelage.kit.split import keys_of_texts

COMPARED = "compared after NFKC, case folding and collapsing white space"


class Rows(NamedTuple):
    """Texts and label names of one file, in its order."""

    texts: list[str]
    labels: list[str]


class Clean(NamedTuple):
    """Which training rows remain, and how many were left out for which reason."""

    rows: Ints
    in_exam: int  # their text also stands in the exam
    repeats: int  # their text stands in an earlier row
    at_odds: int  # repeats whose label differs from the earlier row's


def read_tsv(path: Path, separator: str = "\t") -> Rows:
    """The columns `text` and `label`. Quoted fields may span lines. Refused when a row has another form."""
    held = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""), delimiter=separator)
    head = next(held)
    at_text, at_label = head.index("text"), head.index("label")
    rows = list(held)
    bad = [number for number, row in enumerate(rows, start=1) if len(row) != len(head)]
    if bad:
        raise Refused(Fault(f"{path}, row {bad[0]}", f"{len(rows[bad[0] - 1])} fields where there are {len(head)}"))
    return Rows([row[at_text] for row in rows], [row[at_label] for row in rows])


def clean(train: Rows, exam: Rows) -> Clean:
    """Training rows whose text neither stands in the exam nor in an earlier training row.

    >>> clean(Rows(["a", "b", "A ", "c"], ["x", "x", "y", "x"]), Rows(["C"], ["x"]))
    Clean(rows=array([0, 1]), in_exam=1, repeats=1, at_odds=1)
    """
    keys = keys_of_texts(train.texts)
    shared = np.isin(keys, keys_of_texts(exam.texts))
    _, first, back = np.unique(keys, return_index=True, return_inverse=True)
    earlier = first[back]
    repeated = (earlier != np.arange(len(keys))) & ~shared
    odds = sum(train.labels[row] != train.labels[earlier[row]] for row in np.flatnonzero(repeated))
    return Clean(np.flatnonzero(~shared & ~repeated), int(shared.sum()), int(repeated.sum()), odds)


def published(
    name: str,
    folder: Path,
    split: str,
    rng: Rng,
    start_per_class: int,
    pool: int | None,
    rename: Callable[[str], str] = str,
) -> Course:
    """A course from `train.tsv` and the file of one exam split; no other file is opened.

    Labels are the sorted names that occur in the training file: an exam label that occurs nowhere there is refused,
    since nobody could have been taught it. `rename` gives a label its name; "" sets rows of that label aside.
    """
    train, exam = read_tsv(folder / "train.tsv"), read_tsv(folder / f"{split}.tsv")
    train, exam = (rows._replace(labels=[rename(label) for label in rows.labels]) for rows in (train, exam))
    names = sorted(set(train.labels) - {""})
    strange = sorted(set(exam.labels) - {"", *names})
    if strange:
        raise Refused([Fault(f"{name}, {split}", f"the exam's label {one!r} has no training text") for one in strange])
    kept = clean(train, exam)
    named = np.flatnonzero([bool(label) for label in exam.labels])
    rows = kept.rows[[bool(train.labels[row]) for row in kept.rows]]
    notes = _notes(train, exam, kept, split) + _aside(len(kept.rows) - len(rows), len(exam.texts) - len(named))
    return course(
        _table(f"{name} train", train, names),
        _codes(train, names),
        _table(f"{name} {split}", exam, names),
        _codes(exam, names),
        rng,
        start_per_class,
        pool,
        notes,
        rows=rows,
        exam_rows=named,
    )


def _table(name: str, rows: Rows, labels: Sequence[str]) -> Table:
    ids = [f"{name.rpartition(' ')[2]}-{number}" for number in range(1, len(rows.texts) + 1)]
    return Table.of(name, {"id": ids, "text": rows.texts}, labels)


def _codes(rows: Rows, names: Sequence[str]) -> Ints:
    place = {name: code for code, name in enumerate(names)}
    return np.array([place.get(label, -1) for label in rows.labels], dtype=np.int64)


def _notes(train: Rows, exam: Rows, kept: Clean, split: str) -> list[str]:
    total = f"{len(train.texts):,} training texts"
    notes = [f"The exam is the {split} split, {len(exam.texts):,} texts; the pool comes from {total}."]
    out = [f"{kept.in_exam} that also stand in the exam"] if kept.in_exam else []
    if kept.repeats:
        odds = f" ({kept.at_odds} under another label)" if kept.at_odds else ""
        out.append(f"{kept.repeats} that repeat an earlier one{odds}")
    if out:
        notes.append(f"Training texts left out of the pool: {' and '.join(out)}, {COMPARED}.")
    twice = len(exam.texts) - len(np.unique(keys_of_texts(exam.texts)))
    if twice:
        notes.append(f"Exam texts that repeat another exam text: {twice}; kept, the exam is as published.")
    return notes


def _aside(pool: int, exam: int) -> list[str]:
    what = f"Set aside because their class is not known: {pool} training and {exam} exam texts."
    return [what] if pool or exam else []
