"""Numbers that tell something about a reply before anybody is trained on it.

len     tokens of the reply, its end included         ppl, log_ppl   perplexity of the reply behind its prompt
mtld    lexical diversity of the reply's words        ifd            perplexity behind the prompt / behind nothing
knn_i   distance of prompt and reply together to their i-th nearest neighbour in the pool, in the embedding of an
        encoder or, without one, of the student; exact copies lie at 0, and with fewer than i others it is the farthest
any other name is a column of numbers in the pool, such as the score of a reward model
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tutelage.core.data import Array, Floats, Kinds, Pool
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.stages import CanEmbed
from tutelage.core.writing import CanRate
from tutelage.kit import neighbours
from tutelage.kit.ask import embeddings, scored
from tutelage.kit.ranking import in_table_order
from tutelage.kit.ratings import rated, replies, reply_column

FACTOR = 0.72  # type-token ratio at which a factor of MTLD is complete
MOST = 700.0  # largest exponent
WORD = re.compile(r"\w+")
KNN = re.compile(r"knn_([1-9]\d*)")
RATES: dict[str, Callable[[Any, Pool], Floats]] = {
    "len": lambda student, pool: rated(student, pool).tokens,
    "ppl": lambda student, pool: np.exp(np.minimum(rated(student, pool).loss, MOST)),
    "log_ppl": lambda student, pool: rated(student, pool).loss,
    "ifd": lambda student, pool: difficulty(student, pool),
}


def needs_of(names: Sequence[str], encoder: Any = None) -> Kinds:
    """What a student must be able to do for these indicators; with an encoder it need not embed."""
    rates = {CanRate} if any(name in RATES for name in names) else set()
    embeds = encoder is None and any(KNN.fullmatch(name) for name in names)
    return frozenset(rates | ({CanEmbed} if embeds else set()))


def indicators(names: Sequence[str], student: Any, pool: Pool, encoder: Any = None) -> Array:
    """(n, len(names)) float64; NaN where the student's window does not hold the reply."""
    if not names:
        return np.zeros((len(pool), 0))
    return np.stack([indicator(name, student, pool, encoder) for name in names], axis=1)


def indicator(name: str, student: Any, pool: Pool, encoder: Any = None) -> Floats:
    """(n,) one of them. Refused for a column that is not there or does not hold numbers."""
    if name in RATES:
        return RATES[name](student, pool)
    if name == "mtld":
        return scored(pool, lambda batch: np.array([mtld(reply) for reply in replies(batch)], dtype=np.float64))
    if found := KNN.fullmatch(name):
        return neighbour(student, pool, int(found[1]), encoder)
    return column(pool, name)


def difficulty(student: Any, pool: Pool) -> Floats:
    """(n,) instruction-following difficulty: exp(loss behind the prompt - loss behind nothing)."""
    apart = rated(student, pool).loss - rated(student, pool, alone_=True).loss
    return np.asarray(np.exp(np.clip(apart, -MOST, MOST)))


def neighbour(student: Any, pool: Pool, i: int, encoder: Any = None) -> Floats:
    """(n,) distance to the i-th nearest other row; 0 for a row without others."""
    ordered = in_table_order(pool)
    away = neighbours.nearest(embeddings(student, pairs(ordered.pool), encoder), i).away
    found = np.zeros(len(pool))
    if away.shape[1]:
        found[ordered.places] = away[:, -1]
    return found


def pairs(pool: Pool) -> Pool:
    """The same rows with prompt and reply in one text, as a table of their own."""
    columns = pool.table.columns.take(pa.array(pool.numbers))
    told = [pool.column("text").cast(pa.large_string()), reply_column(pool).cast(pa.large_string())]
    both = pc.binary_join_element_wise(*told, pa.scalar("\n", pa.large_string()))
    columns = columns.set_column(columns.schema.get_field_index("text"), "text", both)
    return replace(pool.table, columns=columns, fingerprint=digest("pairs", pool.fingerprint)).pool()


def column(pool: Pool, name: str) -> Floats:
    """(n,) a column of numbers; an empty cell is NaN."""
    names = pool.table.columns.column_names
    known = [*RATES, "mtld", "knn_6", *names]
    if name not in names:
        what = f"{name!r} is neither an indicator nor a column of {pool.name!r}"
        raise Refused(Fault("choose.coefficients", what, nearest(name, known, "data.numbers keeps columns of numbers")))
    held = pool.column(name)
    if not (pa.types.is_floating(held.type) or pa.types.is_integer(held.type)):
        what = f"the column {name!r} of {pool.name!r} holds {held.type}, not numbers"
        raise Refused(Fault("choose.coefficients", what, "name it in data.numbers"))
    return np.asarray(pc.fill_null(held.cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False))


def mtld(text: str, factor: float = FACTOR) -> float:
    """Measure of textual lexical diversity: words per factor, the mean of reading forwards and backwards.

    A factor is a stretch whose ratio of different words to words has fallen to `factor`; the stretch left over counts
    as the part of a factor that it has gone. Without a repeated word it is the number of words; 0 without words. Words
    are compared without case. Source: McCarthy and Jarvis (2010).

    >>> mtld("a a a a a a"), mtld("one two three"), mtld("")
    (2.0, 3.0, 0.0)
    """
    words = [word.casefold() for word in WORD.findall(text)]
    if not words:
        return 0.0
    return (_one_way(words, factor) + _one_way(words[::-1], factor)) / 2


def _one_way(words: Sequence[str], factor: float) -> float:
    factors, seen, count = 0.0, set[str](), 0
    for word in words:
        seen.add(word)
        count += 1
        if len(seen) / count <= factor:
            factors, seen, count = factors + 1, set(), 0
    if count:
        factors += (1 - len(seen) / count) / (1 - factor)
    return len(words) / factors if factors else float(len(words))
