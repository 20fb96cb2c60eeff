"""The two sides of an exam over a user's rows: which rows stand on which, and whether their labels agree."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tutelage.core.data import Array, Bools, Ints, Pool
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.kit.cache import cache_folder
from tutelage.kit.split import components, content_keys, group_codes, hold_out
from tutelage.kit.tables import Opened


def declared(opened: Opened, labels: tuple[str, ...] | None) -> Opened:
    """The same rows under a declared list of labels. Refused with every label that is not in it."""
    if labels is None:
        return opened
    strange = [name for name in opened.table.labels if name not in labels]
    if strange:
        raise Refused([strange_label(opened, name, "is not in the setting `labels`", labels) for name in strange])
    return relabelled(opened, labels)


def relabelled(opened: Opened, labels: tuple[str, ...]) -> Opened:
    place = {name: at for at, name in enumerate(labels)}
    table = np.array([*(place[name] for name in opened.table.labels), -1], dtype=np.int64)
    return opened._replace(table=replace(opened.table, labels=labels), codes=table[opened.codes])


def strange_label(opened: Opened, name: str, what: str, known: Sequence[str]) -> Fault:
    where = f"{opened.source}, row {opened.first[name]}, field label"
    return Fault(where, f"the label {name!r} {what}", nearest(name, known))


def kept_keys(opened: Opened) -> Array:
    """Content keys of every row, kept in the cache beside the table."""
    kept = cache_folder("tables") / f"{opened.table.fingerprint}.keys.npy"
    if kept.exists():
        found: Array = np.load(kept, allow_pickle=False)
        if len(found) == len(opened.codes):
            return found
    keys = content_keys(opened.table.pool())
    part = kept.with_suffix(f".{os.getpid()}.tmp")
    with part.open("wb") as file:
        np.save(file, keys, allow_pickle=False)
    part.replace(kept)
    return keys


def held_out(opened: Opened, share: float) -> Bools:
    """(n,) rows on the side of the exam, those without a label included."""
    names = opened.table.columns.column_names
    groups = group_codes(opened.table.columns.column("group").combine_chunks()) if "group" in names else None
    keys = kept_keys(opened)
    side = hold_out(keys, components(keys, groups), opened.codes, share)
    if not (side & (opened.codes >= 0)).any():
        labels = int((opened.codes >= 0).sum())
        what = f"the {labels} labelled rows cannot be split: equal texts, groups or single examples hold them together"
        raise Refused(
            Fault(str(opened.source), what, "label more rows, or buy the exam's labels: data.exam: {bought: 60}")
        )
    return side


def share_notes(opened: Opened, side: Bools, known: Bools) -> list[str]:
    held, lost = int((side & known).sum()), int((side & ~known).sum())
    said = [f"{held} of {known.sum()} labelled rows are the exam; no text and no group of them stands in the pool."]
    if lost:
        said.append(f"{lost} rows without a label repeat a text or a group of the exam and were dropped.")
    return said


def file_notes(exam: Opened, codes: Ints, dropped: int) -> list[str]:
    said = list(exam.notes)
    if (codes < 0).any():
        said.append(f"{int((codes < 0).sum())} rows of {exam.source.name} have no label and were left out of the exam.")
    if dropped:
        said.append(f"{dropped} rows repeat a text or a group of {exam.source.name} and were dropped from the pool.")
    return said


def with_exam(opened: Opened, exam: Opened, filled: str) -> tuple[Opened, Ints]:
    """The exam's codes in the pool's labels. Refused with every label of the exam that cannot be learned."""
    if not (exam.codes >= 0).any():
        raise Refused(
            Fault(str(exam.source), "no row of the exam has a label", "fill the label column of the exam file")
        )
    labels = opened.table.labels
    if not labels:  # a person will say what the labels are; the exam's are the ones known so far
        opened = relabelled(opened, exam.table.labels)
        return opened, exam.codes
    seen = np.unique(opened.codes[opened.codes >= 0])
    can = labels if filled == "given" else tuple(labels[code] for code in seen)
    strange = [name for name in exam.table.labels if name not in can]
    if strange:
        raise Refused([strange_label(exam, name, "occurs nowhere in the pool's answers", can) for name in strange])
    place = {name: at for at, name in enumerate(labels)}
    table = np.array([*(place[name] for name in exam.table.labels), -1], dtype=np.int64)
    return opened, table[exam.codes]


def stands_in(opened: Opened, exam: Opened, rows: Ints) -> Bools:
    """(n,) rows of the pool whose content or group stands in the exam, too."""
    twins = np.isin(kept_keys(opened), kept_keys(exam)[rows])
    if "group" in opened.table.columns.column_names and "group" in exam.table.columns.column_names:
        groups = set(Pool(exam.table, rows, ()).column("group").to_pylist()) - {None, ""}
        twins |= np.array([name in groups for name in opened.table.columns.column("group").to_pylist()], dtype=bool)
    return np.asarray(twins)
