"""Other data sets read as tasks: their rows and their exam's items as columns of one kind.

A task has classes, or replies, or, where texts are only read, neither: then a row with a reply is its text, a line
break and the reply, and every text its own truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from tutelage.core.answers import Sealed
from tutelage.core.data import Array, Bools, Course, Exam, Floats32, Ints, Itself, Label, Pool, Rng, Supervision, Text
from tutelage.core.errors import Fault, Refused
from tutelage.core.parts import name_of
from tutelage.kit.split import content_keys, keys_of_texts

Labels: TypeAlias = Literal["own", "shared", "none", "replies"]


class Rows(NamedTuple):
    """n rows. replies: None where there are none; groups: None for a row of its own.

    keys, asks: equal for payloads that count as the same, as they are here and as the data set has them, before a reply
    was put behind a prompt or a text was cut.
    """

    ids: list[str]
    payload: list[str] | Floats32
    codes: Ints  # into the task's labels, -1 where it has none
    replies: list[str] | None
    groups: list[str | None]
    keys: Array
    asks: Array

    def take(self, keep: Ints | Bools) -> Rows:
        """Those of these places, in this order."""
        at = np.arange(len(self.ids))[keep].tolist()
        payload = [self.payload[row] for row in at] if isinstance(self.payload, list) else self.payload[at]
        replies = None if self.replies is None else [self.replies[row] for row in at]
        groups = [self.groups[row] for row in at]
        ids = [self.ids[row] for row in at]
        return Rows(ids, payload, self.codes[at], replies, groups, self.keys[at], self.asks[at])


class Task(NamedTuple):
    """One data set. kind: what its exam holds, Label, Text or Itself."""

    name: str
    kind: type[Supervision]
    labels: tuple[str, ...]
    rows: Rows
    items: Rows
    notes: tuple[str, ...]
    exam: Exam  # as the data set has it
    tested: Array  # keys of all that it asks, here and in the data set's own exam


def names_of(parts: Sequence[Any], given: Sequence[str]) -> tuple[str, ...]:
    """As given, or the parts' own names, numbered where one comes again. Refused unless each has one of its own."""
    if given:
        if len(given) != len(parts) or len(set(given)) < len(given) or not all(given):
            what = f"{len(parts)} tasks need as many names, each its own; found {list(given)}"
            raise Refused(Fault("data.names", what))
        return tuple(given)
    own = [name_of(type(part)) for part in parts]
    counts = [own[: at + 1].count(name) for at, name in enumerate(own)]
    return tuple(name if count == 1 else f"{name} {count}" for name, count in zip(own, counts, strict=True))


def read(part: Any, name: str, labels: Labels, cut: int | None, items: int | None, rng: Rng) -> Task:
    """The data set as a task. Refused for one that buys labels beforehand, or without an exam of classes or texts."""
    made: Course = part.course(rng)
    pool, sealed = made.parts["pool"]
    if len(made.start) or made.given or made.bought:
        what = f"the task {name!r} has labels, or an exam, that are bought before its turn"
        raise Refused(Fault("data.of", what, "leave out start_per_class, and use sealed answers with an exam"))
    if "exam" not in made.exams or "turns" in pool.table.columns.column_names:
        what = "has no exam" if "exam" not in made.exams else "holds conversations"
        raise Refused(Fault("data.of", f"the task {name!r} {what}, so it is no task here"))
    kind, tested, truth = _truth(made.exams["exam"], name)
    classes, codes = tuple(pool.labels), np.full(len(pool), -1, dtype=np.int64)
    if kind is Label and isinstance(sealed, Sealed):
        codes = sealed.codes[pool.numbers]
    texts = pool.column("reply").to_pylist() if "reply" in pool.table.columns.column_names else None
    no_code = np.full(len(tested), -1, dtype=np.int64)
    rows = _rows(pool, codes, texts)
    held = _rows(tested, *((truth, None) if kind is Label else (no_code, None if kind is Itself else truth)))
    if labels == "none" or (labels == "replies" and kind is not Text):
        kind, classes, rows, held = Itself, (), _alone(rows, cut), _alone(held, cut)
    whole = np.union1d(held.keys, held.asks)
    if items is not None:
        held = held.take(np.sort(np.argsort(held.keys, kind="stable")[:items]))
    lost = [f"{name}: {note}" for note in made.notes]
    lost += [f"{name}: its part {other!r} is left out." for other in made.parts if other != "pool"]
    return Task(name, kind, classes, rows, held, tuple(lost), made.exams["exam"], whole)


def _truth(exam: Exam, name: str) -> tuple[type[Supervision], Pool, Any]:
    """What kind of truth it is, the items, and the codes or texts of each. Refused for another kind, or several."""
    kinds = {block.kind for block in exam.truth}
    if len(kinds) != 1 or not kinds <= {Label, Text, Itself}:
        told = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise Refused(Fault("data.of", f"the exam of the task {name!r} holds {told}; one of Label, Text, Itself is"))
    (kind,) = kinds
    first = exam.truth[0].about.pool
    numbers = np.concatenate([block.about.numbers[block.weight > 0] for block in exam.truth])
    pool = Pool(first.table, numbers, first.labels)
    if kind is Itself:
        return kind, pool, None
    truth = np.concatenate(
        [block.given["label" if kind is Label else "text"][block.weight > 0] for block in exam.truth]
    )
    return kind, pool, truth if kind is Label else truth.tolist()


def _rows(pool: Pool, codes: Ints, replies: list[str] | None) -> Rows:
    grouped = "group" in pool.table.columns.column_names
    groups = pool.column("group").to_pylist() if grouped else [None] * len(pool)
    payload = pool.texts() if "text" in pool.holds else pool.vectors()
    keys = content_keys(pool)
    return Rows(pool.ids(), payload, codes, replies, groups, keys, keys)


def _alone(rows: Rows, cut: int | None) -> Rows:
    """The texts with their replies, to be read."""
    if not isinstance(rows.payload, list):
        raise Refused(Fault("data.labels", "texts are read without labels, and these tasks hold none"))
    replies = rows.replies or [""] * len(rows.ids)
    both = [f"{text}\n{reply}" if reply else text for text, reply in zip(rows.payload, replies, strict=True)]
    texts = [shortened(text, cut) for text in both]
    none = np.full(len(texts), -1, dtype=np.int64)
    return rows._replace(payload=texts, replies=None, codes=none, keys=keys_of_texts(texts))


def shortened(text: str, most: int | None) -> str:
    """At most so many bytes in UTF-8, up to a space where there is one; no letter is cut in two.

    >>> shortened("to be or not", 10), shortened("été", 4), shortened("short", None)
    ('to be or', 'ét', 'short')
    """
    raw = text.encode("utf-8")
    if most is None or len(raw) <= most:
        return text
    head = raw[:most].decode("utf-8", "ignore")
    return head[: head.rfind(" ")] if " " in head.strip() else head
