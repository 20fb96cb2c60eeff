"""Material as columns: a Pool is a table plus row numbers, a Block is supervision about rows of a Pool.

Nothing here learns, loads or prints. `rows` always means positions in the Pool that stands beside them; the
numbers of the table underneath are `Rows.numbers`. Texts are read where they are used, batch by batch.

Longer than 200 lines: these are the nouns of the whole trade, short each, and read together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tutelage.core.digest import digest

if TYPE_CHECKING:
    from tutelage.core.stages import Answers

Array: TypeAlias = npt.NDArray[Any]
Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Floats32: TypeAlias = npt.NDArray[np.float32]
Bools: TypeAlias = npt.NDArray[np.bool_]
Rng: TypeAlias = np.random.Generator
Modality: TypeAlias = str  # "text" "vector" "image" "speech" "video": one word, never a pair
Kinds: TypeAlias = frozenset[type[Any]]  # a set of supervision kinds, or of capability Protocols
RESERVED = ("id", "group", "episode", "task")


class Supervision:
    """What a teacher may give. A closed set; `Block.given` holds the columns named in each docstring."""


class Label(Supervision):
    """One class. `label` (b,) int64: codes into `about.pool.labels`."""


class Soft(Supervision):
    """A distribution over the classes. `probs` (b, C) float32, rows sum to 1; C may be fewer than the labels."""


class Text(Supervision):
    """A written answer. `text` (b,) object array of str."""


class Replies(Supervision):
    """Several answers to one prompt, each with a scalar. `texts` (b, k) object, `rewards` (b, k) float32.

    A text of None is no answer, its reward NaN. `ends` (b, k) bool may stand beside them: whether an answer is whole.
    """


class Preference(Supervision):
    """Two replies to the same prompt. `chosen`, `rejected` (b,) object arrays of str."""


class Ranking(Supervision):
    """Relevance of each row of a ragged `about` or of `against`. `relevance`: one float32 per such row."""


class Share(Supervision):
    """Label proportions of a bag (a ragged `about`). `probs` (b, C) float32."""


class Target(Supervision):
    """An array to be produced. `value` (b, ...)."""


class Itself(Supervision):
    """The input is its own target. No columns."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row, for people; never used on a path that sees a pool."""

    id: str
    x: Any
    group: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Table:
    """Columns under one fingerprint: `id` (string), one column per modality held, perhaps group, episode, task.

    A `text` column is a string or large_string; a `vector` column is a fixed-size list of float32.
    """

    name: str
    columns: pa.Table
    holds: frozenset[Modality]
    labels: tuple[str, ...]  # () when answers are open-ended or not yet known
    fingerprint: str

    @staticmethod
    def of(name: str, columns: Mapping[str, Any], labels: Sequence[str] = ()) -> Table:
        """A table in memory; `vector` may be a (n, d) array; the fingerprint is that of the content."""
        arrays: dict[str, pa.Array] = {}
        for key, values in columns.items():
            if isinstance(values, np.ndarray) and values.ndim == 2:
                flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).reshape(-1))
                arrays[key] = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
            else:
                arrays[key] = pa.array(values)
        if "id" not in arrays:
            count = len(next(iter(arrays.values())))
            arrays["id"] = pa.array([str(number) for number in range(1, count + 1)])
        made = pa.table(arrays)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, made.schema) as writer:
            writer.write_table(made)
        holds = frozenset(key for key in arrays if key in {"text", "vector", "image", "speech", "video"})
        print_ = digest(memoryview(sink.getvalue()), list(labels))
        return Table(name=name, columns=made, holds=holds, labels=tuple(labels), fingerprint=print_)

    def pool(self) -> Pool:
        """All rows."""
        return Pool(self, np.arange(self.columns.num_rows, dtype=np.int64), self.labels)


@dataclass(frozen=True, eq=False)
class Pool:
    """Some rows of a table, in an order. Taking composes row numbers and touches no text."""

    table: Table
    numbers: Ints  # row numbers of the table
    labels: tuple[str, ...]  # the table's labels, perhaps with labels appended that a person added

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def holds(self) -> frozenset[Modality]:
        return self.table.holds

    @property
    def fingerprint(self) -> str:
        """Of the table's content and of which rows these are."""
        return digest(self.table.fingerprint, self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, row: int) -> Example:
        one = self.take(np.array([row]))
        values = {name: one.column(name)[0].as_py() for name in self.table.columns.column_names}
        payload = [values.pop(name) for name in sorted(self.holds)]
        x = payload[0] if len(payload) == 1 else tuple(payload)
        return Example(str(values.pop("id")), x, values.pop("group", None), values)

    def take(self, rows: Ints | Sequence[int]) -> Pool:
        """The pool of these positions, in this order."""
        return Pool(self.table, self.numbers[np.asarray(rows, dtype=np.int64)], self.labels)

    def without(self, rows: Ints | Sequence[int]) -> Pool:
        """The pool less these positions; order kept."""
        keep = np.ones(len(self), dtype=bool)
        keep[np.asarray(rows, dtype=np.int64)] = False
        return Pool(self.table, self.numbers[keep], self.labels)

    def with_labels(self, labels: Sequence[str]) -> Pool:
        """The same rows under a longer label list. Raises ValueError unless `labels` begins with the present ones."""
        if tuple(labels[: len(self.labels)]) != self.labels:
            raise ValueError("labels may only be appended: codes already given must stay valid")
        return Pool(self.table, self.numbers, tuple(labels))

    def column(self, name: str) -> pa.Array:
        """One column of these rows, in this order. KeyError when the table has no such column."""
        return gather(self.table.columns.column(name), self.numbers)

    def texts(self) -> list[str]:
        """The `text` column as Python strings; call it on a batch, not on a large pool."""
        return list(self.column("text").to_pylist())

    def vectors(self) -> Floats32:
        """(n, d) the `vector` column."""
        column = self.column("vector")
        flat = column.flatten().to_numpy(zero_copy_only=False)
        return np.asarray(flat, dtype=np.float32).reshape(len(self), column.type.list_size)

    def ids(self) -> list[str]:
        """The rows' ids, for records and people."""
        return [str(item) for item in self.column("id").to_pylist()]

    def batches(self, size: int) -> Iterator[Pool]:
        """Consecutive pools of at most `size` rows."""
        for start in range(0, len(self), size):
            yield Pool(self.table, self.numbers[start : start + size], self.labels)


def gather(column: pa.ChunkedArray, numbers: Ints) -> pa.Array:
    """The values at `numbers`, in that order, as one array; reads only the chunks that hold them."""
    offsets = np.cumsum([0, *(len(chunk) for chunk in column.chunks)])
    if len(numbers) == 0:
        return pa.array([], type=column.type)
    if len(column.chunks) == 1:
        return column.chunk(0).take(pa.array(numbers))
    where = np.searchsorted(offsets, numbers, side="right") - 1
    order = np.argsort(where, kind="stable")
    sorted_numbers, held = numbers[order], np.unique(where)
    ends = np.searchsorted(where[order], held, side="right")
    parts = []
    for chunk, start, end in zip(held.tolist(), [0, *ends[:-1].tolist()], ends.tolist(), strict=True):
        parts.append(column.chunk(chunk).take(pa.array(sorted_numbers[start:end] - offsets[chunk])))
    joined = parts[0] if len(parts) == 1 else pa.concat_arrays(parts)
    if (where[1:] >= where[:-1]).all():  # the chunks come in order, hence the values too
        return joined
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return joined.take(pa.array(back))


class Rows(NamedTuple):
    """Which rows of which pool. `starts` (b+1,) are offsets when one lesson is about several rows."""

    pool: Pool
    rows: Ints
    starts: Ints | None = None

    @property
    def numbers(self) -> Ints:
        """Row numbers of the table underneath."""
        return self.pool.numbers[self.rows]

    @property
    def size(self) -> int:
        """How many lessons these are about."""
        return len(self.rows) if self.starts is None else len(self.starts) - 1

    def examples(self) -> Pool:
        """The rows as a pool of their own."""
        return self.pool.take(self.rows)


class Block(NamedTuple):
    """Supervision of one kind from one source, in columns. All arrays are aligned with the lessons of `about`."""

    about: Rows
    against: Rows | None
    kind: type[Supervision]
    given: Mapping[str, Array]
    source: str  # the teacher's name, or "file"
    cost: Floats  # (b,) what each lesson cost, in the unit that its teacher spends
    weight: Floats  # (b,) 0 counts as absent

    @property
    def size(self) -> int:
        return self.about.size

    def digest(self) -> str:
        """Of everything that learning from this block depends on."""
        against = None if self.against is None else [self.against.pool.table.fingerprint, self.against.numbers]
        columns = {key: value.tolist() if value.dtype == object else value for key, value in self.given.items()}
        names = list(self.about.pool.labels)
        place = [self.about.pool.table.fingerprint, self.about.numbers, self.about.starts, against, names]
        return digest(place, self.kind.__name__, columns, self.source, self.cost, self.weight)


Lessons: TypeAlias = tuple[Block, ...]


def labelled(about: Rows, codes: Ints, source: str, cost: float = 0.0, weight: float = 1.0) -> Block:
    """A block of class labels, one price and one weight for all."""
    size = len(codes)
    given = {"label": np.asarray(codes, dtype=np.int64)}
    return Block(about, None, Label, given, source, np.full(size, cost), np.full(size, weight))


class Part(NamedTuple):
    """Named material with its sealed answers."""

    pool: Pool
    answers: Answers


class Exam(NamedTuple):
    """Only assessors receive one. `truth` may be a class, a ranking, whatever a Block can hold.

    taught: what the student was taught, for an assessor that audits it (it says `looks_at_lessons`); () for others.
    """

    truth: Lessons
    parts: Mapping[str, Pool] = {}
    taught: Lessons = ()


class Course(NamedTuple):
    """What a file in data/ returns. The names "pool" and "exam" are the defaults.

    given: lessons already paid for (filled label cells of a file), cost 0. start: rows of the pool that are bought
    before round 0 (a class-balanced start; that choice looked at the answers, which the data's card says).
    bought: how many rows are drawn uniformly from the pool, labelled first and sealed as the exam.
    notes: sentences for people about what was dropped or set aside.
    """

    parts: Mapping[str, Part]
    exams: Mapping[str, Exam]
    given: Lessons = ()
    start: Ints = np.zeros(0, dtype=np.int64)
    bought: int = 0
    notes: tuple[str, ...] = ()


class Score(NamedTuple):
    """One number and what it is made of. `rows` are row numbers of the exam's table, `items` (n,) one value each.

    `value` need not be the mean of the items (macro F1 is not). `groups` (n,) or None.
    """

    name: str
    value: float
    rows: Ints
    items: Floats32
    groups: Array | None = None
    higher_is_better: bool = True
