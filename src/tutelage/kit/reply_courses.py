"""From prompts with replies to a course: a pool with one row for each reply, held-out prompts as the exam.

Replies to one prompt stand together, in one group; which prompts count as the same is decided by their normalised
text. No prompt stands on both sides. The exam's truth is Text, one item for each reference reply, grouped by prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from tutelage.core.answers import Sealed
from tutelage.core.data import Block, Bools, Course, Exam, Ints, Part, Pool, Rng, Rows, Table, Text
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.kit.prompts import TYPE
from tutelage.kit.reply_files import Reply
from tutelage.kit.split import components, hold_out, keys_of_texts


def reply_course(
    name: str,
    told: Sequence[Reply],
    rng: Rng,
    *,
    share: float | None = None,
    exam: Sequence[Reply] | None = None,
    numbers: Sequence[str] = (),
    columns: Mapping[str, Sequence[str]] | None = None,
    references: int | None = None,
    sources: Sequence[str] | None = None,
    pool: int | None = None,
    notes: Sequence[str] = (),
) -> Course:
    """The course. share: of the prompts are the exam, by a hash of their text, or `exam` holds it.

    references: replies of an exam prompt that count, in the file's order; None: all. sources: whose replies the pool
    may hold. pool: a random sample of so many prompts. columns: more of them, one word for each reply of `told`.
    Refused where a side is left without a prompt.
    """
    keys = keys_of_texts(one.text for one in told)
    repeats, table = _repeats(told, keys), _table(name, told, keys, numbers, columns or {})
    if exam is None:
        apart, apart_keys = table, keys
        in_exam = hold_out(keys, components(keys), np.zeros(len(keys), dtype=np.int64), share or 0.0)
        first = np.flatnonzero(in_exam & ~repeats)
    else:
        apart_keys = keys_of_texts(one.text for one in exam)
        apart = _table(f"{name} exam", exam, apart_keys, numbers, {})
        in_exam = np.isin(keys, apart_keys)
        first = np.flatnonzero(~_repeats(exam, apart_keys))
    shown = first[_rank(apart_keys[first]) < references] if references is not None else first
    rows = np.flatnonzero(~in_exam & ~repeats)
    lost = 0 if exam is None else int((in_exam & ~repeats).sum())
    said = [*notes, *_told(keys, repeats, lost)]
    rows, more = _of_sources(told, rows, sources)
    rows, drawn = _sample(rows, keys, pool, rng)
    if len(rows) == 0 or len(shown) == 0:
        side = "the exam" if len(shown) == 0 else "the pool"
        raise Refused(Fault(name, f"no reply is left for {side}", "add prompts, or change data.exam or data.sources"))
    count = len(np.unique(apart_keys[shown]))
    said += [*more, *drawn, f"The exam is {len(shown)} replies to {count} held-out prompts; none of these prompts "
             f"stands in the pool of {len(rows)} replies to {len(np.unique(keys[rows]))} prompts."]  # fmt: skip
    sealed = Sealed(table, np.full(len(told), -1, dtype=np.int64))
    part = Part(Pool(table, rows, ()), sealed)
    return Course({"pool": part}, {"exam": Exam((references_of(apart, shown),))}, notes=tuple(said))


def references_of(table: Table, rows: Ints) -> Block:
    """The replies of these rows of a table as Text to be examined on."""
    pool = Pool(table, rows, ())
    given = {"text": np.array(pool.column("reply").to_pylist(), dtype=object)}
    about = Rows(pool, np.arange(len(rows), dtype=np.int64))
    return Block(about, None, Text, given, "exam", np.zeros(len(rows)), np.ones(len(rows)))


def _table(
    name: str, told: Sequence[Reply], keys: Ints, numbers: Sequence[str], more: Mapping[str, Sequence[str]]
) -> Table:
    _, groups = np.unique(keys, return_inverse=True)
    first: dict[int, str] = {}
    for one, group in zip(told, groups.tolist(), strict=True):
        first.setdefault(group, one.id)
    columns: dict[str, object] = {
        "id": [one.id for one in told],
        "text": pa.array([one.text for one in told], pa.large_string()),
        "reply": pa.array([one.reply for one in told], pa.large_string()),
        "group": [f"prompt {first[group]}" for group in groups.tolist()],
    }
    if any(one.source is not None for one in told):
        columns["source"] = pa.array([one.source for one in told], pa.string())
    if any(one.turns is not None for one in told):
        told_turns = [
            None if one.turns is None else [{"role": role, "text": text, "learn": False} for role, text in one.turns]
            for one in told
        ]
        columns["turns"] = pa.array(told_turns, TYPE)
    columns |= {column: pa.array(list(words), pa.string()) for column, words in more.items()}
    for place, number in enumerate(numbers):
        columns[number] = pa.array([one.numbers[place] for one in told], pa.float64())
    return Table.of(name, columns)


def _repeats(told: Sequence[Reply], keys: Ints) -> Bools:
    """(n,) replies that stand earlier under the same prompt, letter for letter."""
    seen: set[tuple[int, str]] = set()
    found = np.zeros(len(told), dtype=bool)
    for row, (one, key) in enumerate(zip(told, keys.tolist(), strict=True)):
        found[row] = (key, one.reply) in seen
        seen.add((key, one.reply))
    return found


def _rank(keys: Ints) -> Ints:
    """(n,) how many rows of the same key stand before each row.

    >>> _rank(np.array([7, 5, 7, 7])).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(keys, kind="stable")
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[order] = np.arange(len(keys)) - np.searchsorted(keys[order], keys[order], side="left")
    return ranks


def _told(keys: Ints, repeats: Bools, lost: int) -> list[str]:
    counts = np.unique(keys[~repeats], return_counts=True)[1]
    said = [f"{int(counts.sum())} replies to {len(counts)} prompts, {counts.min()} to {counts.max()} each."]
    if repeats.any():
        said.append(f"{int(repeats.sum())} replies repeat one to the same prompt, letter for letter, and were dropped.")
    if lost:
        said.append(f"{lost} replies to prompts of the exam were dropped from the pool.")
    return said


def _of_sources(told: Sequence[Reply], rows: Ints, sources: Sequence[str] | None) -> tuple[Ints, list[str]]:
    if sources is None:
        return rows, []
    known = sorted({str(one.source) for one in told if one.source is not None})
    strange = [name for name in sources if name not in known]
    if strange:
        help = nearest(strange[0], known, "name the column of sources with data.source")
        raise Refused(Fault("data.sources", f"no reply comes from {strange[0]!r}", help))
    kept = rows[np.array([told[row].source in sources for row in rows.tolist()], dtype=bool)]
    return kept, [f"The pool holds replies of {', '.join(sources)} only: {len(kept)} of {len(rows)}."]


def _sample(rows: Ints, keys: Ints, size: int | None, rng: Rng) -> tuple[Ints, list[str]]:
    prompts = np.unique(keys[rows])
    if size is None or size >= len(prompts):
        return rows, []
    drawn = rng.permutation(prompts)[:size]
    return rows[np.isin(keys[rows], drawn)], [f"The pool is a random sample of {size} of {len(prompts)} prompts."]
