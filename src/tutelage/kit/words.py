"""Answers in words: as a block of lessons, and an exam that is answered in them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Array, Block, Exam, Floats, Ints, Label, Pool, Rng, Rows, Text
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import able
from tutelage.core.writing import CanWrite, Prompt, Written
from tutelage.kit.exams import groups_of, paper
from tutelage.kit.extract import spelt
from tutelage.kit.prompts import prompts


def in_words(pool: Pool, written: Written, source: str) -> Block:
    """One reply a row as an answer: Text, or where the pool has labels the one that the reply names (-1: none of them).

    `cost`: tokens read and written for each.

    >>> from tutelage.core.data import Table
    >>> pool = Table.of("mail", {"text": ["a", "b"]}, ["Card", "rent"]).pool()
    >>> said = Written(np.array([["card."], ["I do not know"]], dtype=object), np.array([3, 3]), np.array([[1], [4]]))
    >>> in_words(pool, said, "toy").given["label"].tolist(), in_words(pool, said, "toy").cost.tolist()
    ([0, -1], [4.0, 7.0])
    """
    said, cost = written.texts[:, 0], tokens(written)
    about, ones = Rows(pool, np.arange(len(pool), dtype=np.int64)), np.ones(len(pool))
    if not pool.labels:
        return Block(about, None, Text, {"text": said}, source, cost, ones)
    codes = {spelt(label): code for code, label in reversed(list(enumerate(pool.labels)))}
    named = np.array([codes.get(spelt(text), -1) for text in said], dtype=np.int64)
    return Block(about, None, Label, {"label": named}, source, cost, ones)


def questions(student: Any, pool: Pool) -> list[Prompt]:
    """How this student is asked about each row: in its own words where it has some (`asks`), else as the row stands."""
    own = getattr(student, "asks", None)
    return prompts(pool) if own is None else own(pool)


def tokens(written: Written) -> Floats:
    """(n,) what each prompt took: read once, and everything written."""
    return np.asarray(written.tokens_in + written.tokens_out.sum(axis=1), dtype=np.float64)


class Replied(NamedTuple):
    """One line per exam item."""

    rows: Ints  # row numbers of the exam's table
    groups: Ints | None  # equal numbers: items of one group; None without a `group` column
    truth: Array  # (n,) object array of str
    asked: list[Prompt]  # as the student was asked
    said: Array  # (n,) object array of str
    tokens: Floats  # (n,) read and written at answer time
    written: Ints  # (n,) of these the written ones, the one that ended the reply included


def reply(student: Any, exam: Exam, rng: Rng, max_tokens: int, temperature: float) -> Replied:
    """What the student writes to every item of an exam whose truth is Text; lessons of weight 0 are no items."""
    items, truth = paper(exam, Text, "text", "answers in words")
    pool = Pool(items.table, items.numbers, ())
    asked = questions(student, pool)
    told = able(student, CanWrite).write(asked, 1, rng, max_tokens=max_tokens, temperature=temperature)
    if told.texts.shape != (len(pool), 1):
        raise ContractBroken(f"{type(student).__name__}.write: {len(pool)} x 1 replies, got {told.texts.shape}")
    return Replied(pool.numbers, groups_of(pool), truth, asked, told.texts[:, 0], tokens(told), told.tokens_out[:, 0])
