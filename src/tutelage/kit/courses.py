"""From a table and its codes to a course: the pool with sealed answers, the exam, a class-balanced start.

One permutation of the rows decides everything that is luck here. The start is the first `start_per_class` rows of
each class in that order, the pool is the start and then the first other rows, so a smaller pool is part of a larger
one and the start does not depend on the size of the pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Exam, Ints, Part, Pool, Rng, Rows, Table, labelled
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken, Fault, Refused
from tutelage.kit.split import keys_of_texts


def course(
    table: Table,
    codes: Ints,
    exam_table: Table | None,
    exam_codes: Ints | None,
    rng: Rng,
    start_per_class: int = 0,
    pool_size: int | None = None,
    notes: Sequence[str] = (),
    *,
    rows: Ints | None = None,
    exam_rows: Ints | None = None,
) -> Course:
    """A course whose pool is `table` and whose exam is `exam_table` (None: no exam).

    `codes` (n_table,) and `exam_codes` (n_exam_table,) are codes into `table.labels`, -1 where no answer is known.
    `rows` and `exam_rows` are row numbers: which rows of each table take part; None means all. `Course.start` holds
    positions in the pool. Refused when the pool cannot hold the start.

    >>> from tutelage.core.rng import stream
    >>> table = Table.of("four", {"text": ["a", "b", "c", "d"]}, ["x", "y"])
    >>> made = course(table, np.array([0, 0, 0, 1]), None, None, stream(0, "data"), start_per_class=1, pool_size=2)
    >>> made.parts["pool"].pool.take(made.start).numbers.tolist()[-1]
    3
    """
    rows = np.arange(len(codes), dtype=np.int64) if rows is None else np.sort(np.asarray(rows, dtype=np.int64))
    codes = np.asarray(codes, dtype=np.int64)
    order = rows[rng.permutation(len(rows))] if start_per_class or pool_size is not None else rows
    start = first_of_each(codes[order], start_per_class)
    said = list(notes) + _short(table.labels, codes[rows], start_per_class)
    if pool_size is not None and pool_size < len(rows):
        if pool_size < len(start):
            what = f"a pool of {pool_size} rows cannot hold the {len(start)} rows of the start"
            raise Refused(Fault("data.pool", what, f"use pool: {len(start)} or more, or a smaller start_per_class"))
        others = np.setdiff1d(np.arange(len(order)), start, assume_unique=True)
        rows = np.sort(order[np.concatenate([start, others[: pool_size - len(start)]])])
        said.append(f"The pool is a random sample of {pool_size} of {len(order)} rows.")
    pool = Pool(table, rows, table.labels)
    sealed = np.full(len(codes), -1, dtype=np.int64)
    sealed[rows] = codes[rows]  # nothing is sealed about rows that are not in the pool, such as those of an exam
    exams = {}
    if exam_table is not None and exam_codes is not None:
        exams["exam"] = examine(exam_table, np.asarray(exam_codes, dtype=np.int64), table.labels, exam_rows)
    positions = np.searchsorted(rows, np.sort(order[start])) if len(start) else np.zeros(0, dtype=np.int64)
    return Course({"pool": Part(pool, Sealed(table, sealed))}, exams, start=positions, notes=tuple(said))


def bagged(made: Course, size: int | None, rng: Rng) -> Course:
    """The same course with the rows of its pool put at random into bags of `size`, named in the column `group`.

    None: as it was. The last bag is smaller where the rows do not come out even. Refused together with a start, since
    a bag of which single labels have been bought could no longer be counted whole.

    >>> from tutelage.core.rng import stream
    >>> table = Table.of("five", {"text": ["a", "b", "c", "d", "e"]}, ["x", "y"])
    >>> whole = course(table, np.array([0, 0, 0, 1, 1]), None, None, stream(0, "data"))
    >>> sorted(bagged(whole, 2, stream(0, "data")).parts["pool"].pool.column("group").to_pylist())
    ['bag-1', 'bag-1', 'bag-2', 'bag-2', 'bag-3']
    """
    if size is None:
        return made
    if len(made.start):
        what = f"the labels of {len(made.start)} rows are bought before the bags are counted"
        raise Refused(Fault("data.start_per_class", what, "use bags, or start_per_class, not both"))
    pool, sealed = made.parts["pool"].pool, made.parts["pool"].answers
    if not isinstance(sealed, Sealed):
        raise ContractBroken(f"bags are made of rows whose classes are sealed, not of {type(sealed).__name__}")
    table = pool.table
    if "group" in table.columns.column_names:
        raise Refused(Fault("data.bags", f"{table.name!r} has groups already", "leave out bags: the groups are bags"))
    number = np.full(table.columns.num_rows, -1, dtype=np.int64)
    number[rng.permutation(pool.numbers)] = np.arange(len(pool)) // size + 1
    names = pa.array([f"bag-{bag}" if bag > 0 else None for bag in number.tolist()], type=pa.string())
    columns = table.columns.append_column("group", names)
    held = replace(table, columns=columns, fingerprint=digest(table.fingerprint, "bags", number))
    part = Part(Pool(held, pool.numbers, pool.labels), replace(sealed, table=held))
    bags = -(-len(pool) // size)
    note = f"The pool is put at random into {bags} bags of {size} rows" + (
        "." if len(pool) % size == 0 else ", less in the last."
    )
    return made._replace(parts={**made.parts, "pool": part}, notes=(*made.notes, note))


def fewer(made: Course, count: int | None) -> Course:
    """The same course with so many items of its exam, the same ones for every seed: those whose texts hash lowest.

    >>> from tutelage.core.rng import stream
    >>> table = Table.of("four", {"text": ["a", "b", "c", "d"]}, ["x", "y"])
    >>> whole = course(table, np.array([0, 0, 0, 1]), table, np.array([0, 0, 0, 1]), stream(0, "data"))
    >>> fewer(whole, 2).exams["exam"].truth[0].size, fewer(whole, 9).exams["exam"].truth[0].size
    (2, 4)
    """
    if count is None:
        return made
    (block,) = made.exams["exam"].truth
    items = block.about.examples()
    rows = np.sort(np.argsort(keys_of_texts(items.texts()), kind="stable")[:count])
    truth = labelled(Rows(items.take(rows), np.arange(len(rows), dtype=np.int64)), block.given["label"][rows], "exam")
    note = f"The exam is {len(rows)} of these {len(items)} texts, fixed by a hash of the texts."
    return made._replace(exams={**made.exams, "exam": Exam((truth,))}, notes=(*made.notes, note))


def examine(table: Table, codes: Ints, labels: tuple[str, ...], rows: Ints | None = None) -> Exam:
    """An exam of class labels over these rows of a table; the codes count into `labels`."""
    rows = np.arange(len(codes), dtype=np.int64) if rows is None else np.asarray(rows, dtype=np.int64)
    pool = Pool(table, rows, labels)
    return Exam((labelled(Rows(pool, np.arange(len(pool), dtype=np.int64)), codes[rows], "exam"),))


def first_of_each(codes: Ints, count: int) -> Ints:
    """Positions of the first `count` occurrences of each code, ascending; -1 is no code.

    >>> first_of_each(np.array([1, 0, -1, 1, 0, 1]), 2).tolist()
    [0, 1, 3, 4]
    """
    if count <= 0 or len(codes) == 0:
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    begins = np.searchsorted(ordered, ordered, side="left")
    rank = np.arange(len(codes)) - begins
    return np.sort(order[(rank < count) & (ordered >= 0)])


def _short(labels: Sequence[str], codes: Ints, wanted: int) -> list[str]:
    """A note about classes that have fewer rows than the start asks for."""
    if wanted <= 0:
        return []
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    few = [f"{name} ({count})" for name, count in zip(labels, counts, strict=True) if count < wanted]
    if not few:
        return []
    shown = ", ".join(few[:10]) + (", ..." if len(few) > 10 else "")
    return [f"{len(few)} classes have fewer rows than the start asks for ({wanted} each): {shown}."]
