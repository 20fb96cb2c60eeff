"""Made-up records with a secret each, put among other data by fair coins: what a student tells of them it has kept.

    row       a made-up input and a label drawn at random          where the pool has labels
              a made-up name and a number drawn at random          where it holds texts, or prompts with replies
    coin      heads: taught, in `repeats` equal rows of the pool;  tails: never taught

Exams beside those of the other data: `canaries`, the taught ones, and `never_taught`, the others, drawn in the same
way. `assess: {use: exposure, on: canaries}` ranks the secrets of the first (and on the second, whose ranks are chance),
`{use: membership, on: never_taught, only: canary}` tells the first from the second, and `{use: audited_epsilon, on:
never_taught}` makes a lower bound on epsilon of it. For texts and replies the secret is one of `candidates` numbers
of so many `digits`, which are drawn for each canary; the others stand in the exam's part `alternatives`. For labels
all labels are its candidates.

A made-up text is four words of letters drawn at random, a made-up vector one number from the range of each column,
over the whole table. Names, secrets and coins are the same for all seeds; `drawn` draws them for each. A row's name
stands in the column `canary`, empty in the others. In data that come in episodes canaries join the last. All are
taught where the recipe teaches the whole pool (`choose: {use: everything}`); one that is not chosen is not taught.

Source: Carlini, Liu, Erlingsson, Kos and Song (2019), The secret sharer (arXiv 1802.08232), sections 3 and 4; the
coins: Steinke, Nasr and Jagielski (2023, arXiv 2305.08846).
Neutral limit: with `repeats: 0` the pool has no row more, and both exams are of what was never taught.

Longer than 200 lines: records with labels, texts and replies stand side by side.

>>> from tutelage.core.rng import stream
>>> made = Canaries(of=build("data", {"use": "digits", "pool": 50}), count=10).course(stream(0, "data"))
>>> taught, never = (made.exams[name].truth[0].size for name in ("canaries", "never_taught"))
>>> len(made.parts["pool"].pool) - 50 == taught, taught + never
(True, 10)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from tutelage.core.answers import Sealed
from tutelage.core.data import Block, Course, Exam, Floats32, Ints, Modality, Part, Pool, Rng, Rows, Table, labelled
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.parts import build, part
from tutelage.core.rng import stream
from tutelage.kit.audit import CANARY
from tutelage.kit.blocks import themselves
from tutelage.kit.episodes import COLUMN as EPISODE
from tutelage.kit.reply_courses import references_of

LETTERS = "bdfgklmnprstvz", "aeiou"
NUMBER = "{secret}"


class Made(NamedTuple):
    """The columns of all canaries, their labels (-1: none), and each with every number it may hold, its own first."""

    columns: dict[str, Any]
    codes: Ints
    told: list[dict[str, list[str]]]


@method
class Canaries:
    """count: canaries, about half of which are taught. repeats: rows of each. candidates: numbers it may hold."""

    of: Annotated[Any, part("data")] = Field(default_factory=lambda: build("data", "digits"))
    count: Annotated[int, Field(ge=2)] = 40
    repeats: Annotated[int, Field(ge=0)] = 1
    candidates: Annotated[int, Field(ge=2)] = 128
    digits: Annotated[int, Field(ge=1, le=9)] = 6
    pattern: str = "The number of {who} is {secret}."  # of a text
    question: str = "What is the number of {who}?"  # of a prompt, whose reply is the number
    drawn: bool = False

    exams_of_what_was_taught: ClassVar[frozenset[str]] = frozenset({"canaries"})
    card: ClassVar[str] = """The data set named by `of`, with made-up records put into its pool; see its own card.
Nothing of a made-up text is taken from the data; of a made-up vector the range of each column is."""

    @model_validator(mode="after")
    def _has_room(self) -> Canaries:
        if self.candidates > 10**self.digits:
            raise ValueError(f"there are {10**self.digits} numbers of {self.digits} digits: ask for fewer candidates")
        if "{who}" not in self.pattern or NUMBER not in self.pattern or "{who}" not in self.question:
            raise ValueError("pattern names {who} and {secret}, question names {who}")
        return self

    @property
    def holds(self) -> frozenset[Modality]:
        return frozenset(self.of.holds)

    @property
    def assets(self) -> tuple[str, ...]:
        """Those of the other data."""
        return tuple(getattr(self.of, "assets", ()))

    def course(self, rng: Rng) -> Course:
        """The course. Refused for data whose answers are neither labels, nor texts, nor replies beside prompts, and
        where the coins of so few canaries all fell on one side.
        """
        made: Course = self.of.course(rng)
        pool, answers = made.parts["pool"]
        if not isinstance(answers, Sealed) or not pool.holds <= {"text", "vector"} or made.bought:
            what = f"canaries go among labels, texts and replies with an exam of their own, and {pool.name!r} is none"
            raise Refused(Fault("data.of", what, "a table of texts or vectors, or prompts with replies"))
        luck = rng.spawn(1)[0] if self.drawn else stream(0, "canaries")
        records = self._made(pool, luck)
        heads = luck.random(self.count) < 0.5
        if heads.all() or not heads.any():
            what = f"all {self.count} coins fell on one side"
            raise Refused(Fault("data.count", what, "ask for more canaries"))
        sides = {"canaries": np.flatnonzero(heads), "never_taught": np.flatnonzero(~heads)}
        exams = {name: self._exam(pool, records, rows) for name, rows in sides.items()}
        often = "once" if self.repeats == 1 else f"{self.repeats} times"
        note = (
            f"{int(heads.sum())} of {self.count} made-up records stand among the lessons, {often} each; "
            "the others were never taught."
        )
        made = made._replace(exams={**made.exams, **exams}, notes=(*made.notes, note))
        rows = np.repeat(sides["canaries"], self.repeats)
        if not len(rows):
            return made
        if made.given:  # lessons that are paid for already: the canaries are more of these
            block = _labels(_table(pool, records, rows).pool(), records.codes[rows], "file")
            return made._replace(given=(*made.given, block))
        return made._replace(parts={**made.parts, "pool": _joined(pool, answers, records, rows)})

    def _made(self, pool: Pool, rng: Rng) -> Made:
        """All canaries. Their inputs come first, so that they do not depend on what is a secret here."""
        names = [f"canary {n + 1}" for n in range(self.count)]
        inputs, who, secret = rng.spawn(3)
        if pool.labels:
            codes = secret.integers(len(pool.labels), size=self.count)
            payload: dict[str, Any] = {"text": [" ".join(_word(inputs) for _ in range(4)) for _ in names]}
            if "vector" in pool.holds:
                payload = {"vector": _vectors(pool.table, self.count, inputs)}
            return Made({CANARY: names, **payload}, codes, [])
        called = [f"{_word(who)} {_word(who)}" for _ in names]
        secrets = [self._numbers(secret) for _ in names]
        told = [self._told(name, numbers, pool) for name, numbers in zip(called, secrets, strict=True)]
        first = {column: [one[column][0] for one in told] for column in told[0]}
        return Made({CANARY: names, **first}, np.full(self.count, -1, dtype=np.int64), told)

    def _numbers(self, rng: Rng) -> list[str]:
        """So many different numbers, all as likely; the first is the secret."""
        found: dict[str, None] = {}
        while len(found) < self.candidates:
            found[f"{int(rng.integers(10**self.digits)):0{self.digits}d}"] = None
        return list(found)

    def _told(self, who: str, numbers: list[str], pool: Pool) -> dict[str, list[str]]:
        """A canary with each number it may hold, in the columns of the pool."""
        if "reply" in pool.table.columns.column_names:
            return {"text": [self.question.replace("{who}", who)] * len(numbers), "reply": numbers}
        return {"text": [self.pattern.replace("{who}", who).replace("{secret}", number) for number in numbers]}

    def _exam(self, pool: Pool, records: Made, rows: Ints) -> Exam:
        """These canaries as items and, where the secret is a number, what else it could have been."""
        whole = _table(pool, records, np.arange(self.count))
        items = Pool(whole, rows, pool.labels)
        if pool.labels:
            return Exam((_labels(items, records.codes[rows], "exam"),))
        block = references_of(whole, rows) if "reply" in records.columns else themselves(items, "exam")
        names: list[str] = records.columns[CANARY]
        others = {column: [one for row in rows for one in records.told[row][column][1:]] for column in records.told[0]}
        owner = [names[row] for row in rows for _ in range(self.candidates - 1)]
        return Exam((block,), {"alternatives": Table.of("alternatives", {**others, CANARY: owner}).pool()})


def _word(rng: Rng) -> str:
    """Three syllables that mean nothing."""
    return "".join(some[int(rng.integers(len(some)))] for some in LETTERS * 3)


def _vectors(table: Table, count: int, rng: Rng) -> Floats32:
    """(count, d) drawn between the smallest and the largest number of each column of a table."""
    vectors = table.pool().vectors()
    low, high = vectors.min(axis=0), vectors.max(axis=0)
    return np.asarray(low + (high - low) * rng.random((count, vectors.shape[1])), dtype=np.float32)


def _labels(pool: Pool, codes: Ints, source: str) -> Block:
    return labelled(Rows(pool, np.arange(len(pool), dtype=np.int64)), codes, source)


def _table(pool: Pool, records: Made, rows: Ints) -> Table:
    """These canaries, which may come several times, as a table; of several copies each has an id of its own."""
    columns = {
        name: values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]
        for name, values in records.columns.items()
    }
    seen = [int((rows[:place] == row).sum()) for place, row in enumerate(rows)]
    ids = [f"canary-{row + 1}-{before + 1}" for row, before in zip(rows.tolist(), seen, strict=True)]
    return Table.of("canaries", {"id": ids, **columns}, pool.labels)


def _joined(pool: Pool, answers: Sealed, records: Made, rows: Ints) -> Part:
    """The pool and these canaries behind it, in one table; cells that a canary has nothing for are empty."""
    held = pool.table.columns.take(pa.array(pool.numbers))
    theirs = _table(pool, records, rows).columns
    size, more = len(rows), {}
    for field in held.schema:
        if field.name in theirs.column_names:
            more[field.name] = _as(theirs.column(field.name), field.type)
        elif field.name == EPISODE:
            more[field.name] = pa.array([held.column(EPISODE)[-1].as_py()] * size, field.type)
        else:
            more[field.name] = pa.nulls(size, field.type)
    names = pa.array([None] * len(pool) + theirs.column(CANARY).to_pylist(), pa.string())
    columns = pa.concat_tables([held, pa.table(more, schema=held.schema)]).append_column(CANARY, names)
    print_ = digest(pool.fingerprint, _table(pool, records, rows).fingerprint)
    table = replace(pool.table, name=f"{pool.name} with canaries", columns=columns, fingerprint=print_)
    codes = np.concatenate([answers.codes[pool.numbers], records.codes[rows]])
    return Part(
        Pool(table, np.arange(len(codes), dtype=np.int64), pool.labels), replace(answers, table=table, codes=codes)
    )


def _as(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """The column as this type; vectors are lists of as many numbers already."""
    return column if column.type == kind else column.cast(kind)
