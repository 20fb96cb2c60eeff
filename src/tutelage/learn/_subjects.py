"""Where the subject of a fact stands in what a language model reads of its prompt, and what is read before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Block, Ints, Lessons, Pool, Rng, Rows, Table, Text
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.kit.prompts import COLUMN
from tutelage.learn._memory import Spot

WORDS = (5, 10)  # of a text that stands before a prompt; half of the texts give so many, half so many
NAME = "{subject}"


class Asked(NamedTuple):
    """One lesson. ends: where its subject ends in the prompt, in characters. where: the row, in words."""

    prompt: str
    subject: str
    ends: int
    reply: str
    where: str


def asked(lessons: Lessons, column: str) -> tuple[Asked, ...]:
    """Every lesson, in order. Refused for all rows together that name no subject, or one that is not in the prompt."""
    faults: list[Fault] = []
    made: list[Asked] = []
    for block in lessons:
        pool = block.about.examples()
        names = pool.table.columns.column_names
        if column not in names:
            what = f"{pool.name!r} has no column {column!r} that says whom a prompt is about"
            raise Refused(Fault("learn.subject", what, nearest(column, names)))
        chats = pool.column(COLUMN).to_pylist() if COLUMN in names else [None] * len(pool)
        each = zip(pool.texts(), pool.column(column).to_pylist(), block.given["text"], pool.ids(), chats, strict=True)
        for text, subject, reply, id, chat in each:
            where, found = f"{pool.name}, row {id}, column {column}", _in(text, subject)
            if chat:
                faults.append(Fault(where, "an edit is of a prompt that is a text, and this row is a conversation"))
            elif not subject:
                faults.append(Fault(where, f"it is empty, and should name the subject in {text!r}"))
            elif found is None:
                faults.append(Fault(where, f"the subject {subject!r} does not stand in the prompt {text!r}"))
            else:
                made.append(Asked(text, str(subject), found, str(reply), where))
    if faults:
        raise Refused(faults)
    return tuple(made)


def prefixes(pool: Pool, count: int, rng: Rng) -> list[str]:
    """The first words of so many texts drawn from the pool, a text twice only where there are fewer, each as a sentence
    of its own; and first of all nothing.
    """
    drawn = [row for start in range(0, count, max(len(pool), 1)) for row in rng.permutation(len(pool))[: count - start]]
    texts = pool.take(drawn).texts() if drawn else []
    return ["", *(f"{' '.join(text.split()[: WORDS[at % len(WORDS)]])}. " for at, text in enumerate(texts))]


def spot(student: Any, module: Any, fact: Asked, before: Sequence[str], at: str) -> Spot:
    """The prompt behind each of these beginnings, with the reply, and in each the last token of the subject, or `at`
    "prompt" the one behind which the reply begins.
    """
    texts = [f"{one}{fact.prompt}" for one in before]
    return _spot(student, module, texts, [len(one) + fact.ends for one in before], fact, at)


def essence(student: Any, module: Any, fact: Asked, pattern: str, at: str) -> Spot:
    """The same of a prompt that asks what the subject is; the reply behind it is not read."""
    ends = pattern.index(NAME) + len(fact.subject)
    found = _spot(student, module, [pattern.replace(NAME, fact.subject)], [ends], fact, at)
    return found._replace(lengths=found.batch.inputs["said"][:, 0].int().argmax(1).numpy().astype(np.int64))


def _spot(student: Any, module: Any, texts: Sequence[str], ends: Sequence[int], fact: Asked, at: str) -> Spot:
    table = Table.of("edited prompts", {"text": list(texts)})
    replies, n = np.array([fact.reply] * len(texts), dtype=object), len(texts)
    about = Rows(table.pool(), np.arange(n, dtype=np.int64))
    encoded = student.encode((Block(about, None, Text, {"text": replies}, "", np.zeros(n), np.ones(n)),))
    batch = encoded.batch(np.arange(n, dtype=np.int64))
    places: Ints = np.zeros(n, dtype=np.int64)
    for row, (text, end) in enumerate(zip(texts, ends, strict=True)):
        said = int(batch.inputs["said"][row, 0].int().argmax())
        read = batch.inputs["ids"][row, 0, :said].tolist()
        whole, up_to = list(module.tokens(text)), list(module.tokens(text[:end]))
        starts = [one for one in range(len(read) - len(whole) + 1) if read[one : one + len(whole)] == whole]
        if not starts:
            what = f"with what stands before it, {text!r} does not fit into the student's window, or is read otherwise"
            raise Refused(Fault(fact.where, what, "a larger student.window, or fewer learn.contexts"))
        if whole[: len(up_to)] != up_to:
            what = f"the last token of {fact.subject!r} runs on into what follows it in {text!r}"
            raise Refused(Fault(fact.where, what, "a prompt with a space behind the subject"))
        places[row] = said - 1 if at == "prompt" else starts[0] + len(up_to) - 1
    return Spot(batch, places, np.asarray(encoded.lengths, dtype=np.int64))


def _in(text: str, subject: Any) -> int | None:
    """Where the subject first ends in the text, as whole words; None where it is not there."""
    found = re.search(rf"(?<!\w){re.escape(str(subject))}(?!\w)", text) if subject else None
    return None if found is None else found.end()
