"""Replies that stand beside their prompts in a pool: which belong together, and how likely a student finds each.

A pool of replies has one row for each reply: the prompt (`text`, perhaps `turns`), the column `reply`, and perhaps
`group`, which is equal for the replies to one prompt. What a student says is kept in the user's cache, once for each
student, table and question, as two float64 a row (log-probability, tokens) and a bit for each row that is there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from tutelage.core.data import Array, Bools, Floats, Floats32, Ints, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken, Fault, Refused, nearest
from tutelage.core.stages import Chosen, able
from tutelage.core.writing import CanRate
from tutelage.kit.cache import alone, cache_folder
from tutelage.kit.prompts import prompts
from tutelage.kit.ranking import in_table_order, top_n
from tutelage.kit.split import group_codes
from tutelage.kit.vector_file import VectorFile

COLUMN = "reply"
CHUNK = 64  # rows between two writes; replies to one prompt stand together and are read behind it at once
WORDS = 4  # float32 that hold the two float64 of a row


class Rated(NamedTuple):
    """logprobs: (n,) of the whole reply, its end included; NaN where it does not fit. tokens: (n,) of the reply."""

    logprobs: Floats
    tokens: Floats

    @property
    def loss(self) -> Floats:
        """(n,) mean negative log-probability of a token."""
        return np.asarray(-self.logprobs / np.maximum(self.tokens, 1))


def replies(pool: Pool) -> list[str]:
    """Each row's reply as Python strings; call it on a batch, not on a large pool."""
    return list(reply_column(pool).to_pylist())


def reply_column(pool: Pool) -> pa.Array:
    """(n,) each row's reply. Refused where the pool has no such column or a row has none."""
    names = pool.table.columns.column_names
    if COLUMN not in names:
        what = f"{pool.name!r} has no column {COLUMN!r}; its columns are: {', '.join(names)}"
        raise Refused(Fault("data", what, nearest(COLUMN, names, "data: {use: replies} reads prompts with replies")))
    told = pool.column(COLUMN)
    if told.null_count:
        first = pool.ids()[int(np.flatnonzero(told.is_null().to_numpy(zero_copy_only=False))[0])]
        what = f"{told.null_count} rows of {pool.name!r} have no reply, the first is row {first}"
        raise Refused(Fault("data", what, "teach: {use: recorded, without: read} reads such rows as texts"))
    return told


def has_reply(pool: Pool) -> Bools:
    """(n,) whether a reply stands beside each row; nowhere without the column."""
    if COLUMN not in pool.table.columns.column_names:
        return np.zeros(len(pool), dtype=bool)
    return np.asarray(pool.column(COLUMN).is_valid().to_numpy(zero_copy_only=False))


def rated(student: Any, pool: Pool, alone_: bool = False) -> Rated:
    """What the student says of each row's reply behind its prompt or, with `alone_`, behind nothing.

    What is in the cache is read, the rest is computed in table order and kept. ContractBroken, naming the student,
    where it says something that is no log-probability.
    """
    judge: Any = able(student, CanRate)
    key = digest("replies", judge.fingerprint, pool.table.fingerprint, alone_)
    store = VectorFile(cache_folder("replies") / key, pool.table.columns.num_rows, WORDS)
    if not store.filled(pool.numbers).all():
        with alone(store.folder / "lock"):
            store.prepare({"student": judge.fingerprint, "table": pool.table.name, "alone": alone_})
            wanted = np.unique(pool.numbers[~store.filled(pool.numbers)])
            for start in range(0, len(wanted), CHUNK):
                some = Pool(pool.table, wanted[start : start + CHUNK], pool.labels)
                store.write(some.numbers, _asked(judge, some, alone_))
    both = np.ascontiguousarray(store.read(pool.numbers)).view(np.float64).reshape(-1, 2)
    return Rated(both[:, 0].copy(), both[:, 1].copy())


def _asked(judge: Any, pool: Pool, alone_: bool) -> Floats32:
    """(n, WORDS) the answers as they are kept."""
    said = replies(pool)
    asked = [""] * len(pool) if alone_ else prompts(pool)
    logprobs = np.asarray(judge.rate(asked, said), dtype=np.float64)
    tokens = np.asarray(judge.tokens(asked, said).reply, dtype=np.float64)
    name = type(judge).__name__
    if logprobs.shape != (len(pool),) or tokens.shape != (len(pool),):
        raise ContractBroken(f"{name}.rate: {len(pool)} numbers were asked for, got shape {logprobs.shape}")
    if (logprobs > 1e-6).any() or np.isinf(logprobs).any() or (tokens < 0).any():
        raise ContractBroken(f"{name}.rate: a log-probability lies above 0 or is infinite")
    return np.stack([np.minimum(logprobs, 0.0), tokens], axis=1).view(np.float32)


def prompt_codes(pool: Pool) -> Ints:
    """(n,) equal for the replies to one prompt; a row without a group is a prompt of its own. Numbered by table order.

    >>> from tutelage.core.data import Table
    >>> prompt_codes(Table.of("t", {"id": ["a", "b", "c", "d"], "group": ["q", None, "q", "p"]}).pool()).tolist()
    [0, 1, 0, 2]
    """
    ordered = in_table_order(pool)
    given = np.full(len(pool), -1, dtype=np.int64)
    if "group" in pool.table.columns.column_names and len(pool):
        given = group_codes(_combined(ordered.pool.column("group")))
    given = np.where(given < 0, given.max(initial=-1) + 1 + np.arange(len(given)), given)
    _, first, back = np.unique(given, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    codes = np.empty(len(pool), dtype=np.int64)
    codes[ordered.places] = rank[back]
    return codes


def leading_each(pool: Pool, scores: Array, n: int, keep: int | None, rng: Rng) -> Chosen:
    """At most n rows: of every prompt its best reply, then of every prompt its second best, up to `keep` of each.

    Where not all of a rank can be taken, the prompts that go without are drawn at random: prompts are never compared
    by score. Rows whose score is NaN come last. Equal scores are put in random order. Chosen.scores: `scores`.

    >>> from tutelage.core.data import Table
    >>> from tutelage.core.rng import stream
    >>> pool = Table.of("t", {"id": ["a", "b", "c"], "group": ["q", "q", "p"]}).pool()
    >>> pool.take(sorted(leading_each(pool, np.array([1.0, 2.0, 0.0]), 3, 1, stream(0, "choose")).rows)).ids()
    ['b', 'c']
    """
    places = in_table_order(pool).places
    codes = prompt_codes(pool)
    luck, turn = np.empty(len(pool)), rng.random(int(codes.max(initial=-1)) + 1)
    luck[places] = rng.random(len(pool))
    known = np.where(np.isnan(scores), -np.inf, scores)
    order = np.lexsort((luck, -known, codes))  # prompt by prompt, best first
    ranks = np.empty(len(pool), dtype=np.int64)
    begins = np.searchsorted(codes[order], codes[order], side="left")
    ranks[order] = np.arange(len(pool)) - begins
    rows = np.lexsort((turn[codes], ranks))
    if keep is not None:
        rows = rows[ranks[rows] < keep]
    return Chosen(rows[: max(n, 0)].astype(np.int64), np.asarray(scores, dtype=np.float64))


def top_known(pool: Pool, scores: Array, n: int, rng: Rng) -> Chosen:
    """The n rows of highest score; rows whose score is NaN come last, in random order."""
    chosen = top_n(pool, np.where(np.isnan(scores), -np.inf, scores), n, rng)
    return chosen._replace(scores=np.asarray(scores, dtype=np.float64))


def _combined(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
