"""Texts as sparse rows of n-gram counts, and a bounded memo of them, so that a round re-reads no text.

    value of n-gram g in a text:  (1 + log count) * idf(g),   idf(g) = 1 + log((1 + N) / (1 + texts that hold g))

and every row is brought to length 1. Without a vocabulary n-grams are hashed (CRC-32, signed) and idf is 1.
"""

from __future__ import annotations

import functools
import re
from array import array
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from scipy import sparse

from tutelage.core.data import Floats32, Ints, Pool
from tutelage.core.digest import digest

AT_ONCE = 1024  # texts read at a time
MEMO_TABLES = 4
MEMO_BYTES = 256 * 2**20  # of one table's rows; what does not fit is computed again when it is asked for
WORD = re.compile(r"\w+")  # one letter is a word too: "I", "a", digits and many Chinese words are such


@dataclass(frozen=True, eq=False)
class Ngrams:
    """How texts become rows. `vocabulary` None: hashed into `width` columns. `idf` (width,) float32."""

    kinds: str  # "words" (1-2), "characters" (3-5 within words) or "both"
    width: int
    vocabulary: Mapping[str, int] | None = None
    idf: Floats32 | None = None

    @functools.cached_property
    def fingerprint(self) -> str:
        names = None if self.vocabulary is None else "\n".join(self.vocabulary)
        return digest("ngrams", self.kinds, self.width, names, self.idf)

    def rows(self, texts: Sequence[str]) -> Any:
        """(n, width) CSR float32 of length-1 rows; a text without a known n-gram is a row of zeros."""
        table = _hashed(texts, self.kinds, self.width) if self.vocabulary is None else self._looked_up(texts)
        table.eliminate_zeros()  # hashed n-grams of opposite sign may cancel
        table.data = np.sign(table.data) * (1 + np.log(np.abs(table.data)))
        if self.idf is not None:
            table.data *= self.idf[table.indices]
        lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
        table.data /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(table.indptr))
        return table.astype(np.float32)

    def _looked_up(self, texts: Sequence[str]) -> Any:
        """(n, width) CSR of the counts of known n-grams."""
        known = (self.vocabulary or {}).get
        codes, ends = _codes(texts, self.kinds, lambda grams: map(known, grams, repeat(-1)))
        held = codes >= 0
        starts = np.concatenate([[0], np.cumsum(held)])[ends]
        return _table(np.ones(starts[-1], np.float32), codes[held], starts, self.width)

    def of(self, pool: Pool) -> Any:
        """The rows of a pool, from the memo where they have been read before."""
        key = (self.fingerprint, pool.table.fingerprint)
        kept = _MEMO.pop(key, None) or Kept(np.full(pool.table.columns.num_rows, -1, dtype=np.int32), None)
        missing = np.unique(pool.numbers[kept.where[pool.numbers] < 0])
        parts = [self.rows(batch.texts()) for batch in Pool(pool.table, missing, pool.labels).batches(AT_ONCE)]
        full = kept.with_rows(missing, parts)
        _MEMO[key] = full if full.bytes <= MEMO_BYTES else kept
        while len(_MEMO) > MEMO_TABLES:
            _MEMO.popitem(last=False)
        return full.taken(pool.numbers, self.width)


class Kept(NamedTuple):
    """Rows of one table that were read. where (n_table,): their place in `rows`, -1 for a row not read."""

    where: Any
    rows: Any  # CSR, or None while there is none

    @property
    def bytes(self) -> int:
        return 0 if self.rows is None else int(self.rows.data.nbytes + self.rows.indices.nbytes + self.where.nbytes)

    def with_rows(self, numbers: Ints, parts: list[Any]) -> Kept:
        """A new memo that holds these rows too."""
        if not parts:
            return self
        held = 0 if self.rows is None else self.rows.shape[0]
        where = self.where.copy()
        where[numbers] = np.arange(held, held + len(numbers))
        return Kept(where, sparse.vstack([part for part in (self.rows, *parts) if part is not None], format="csr"))

    def taken(self, numbers: Ints, width: int) -> Any:
        """(n, width) the rows of these row numbers of the table, all of them held."""
        return sparse.csr_matrix((0, width), dtype=np.float32) if self.rows is None else self.rows[self.where[numbers]]


_MEMO: OrderedDict[tuple[str, str], Kept] = OrderedDict()  # pure: leaving it out changes times only


def hashed(kinds: str, bits: int) -> Ngrams:
    """N-grams hashed into 2**bits columns; nothing is learnt from any pool."""
    return Ngrams(kinds, 2**bits)


def weighted(pool: Pool, kinds: str, min_count: int, most: int) -> Ngrams:
    """Vocabulary and idf of a pool, read batch by batch: n-grams of at least `min_count` texts, the `most` frequent."""
    frequency: Counter[str] = Counter()
    for batch in pool.batches(AT_ONCE):
        for text in batch.texts():
            frequency.update(set(_grams(text, kinds)))
    common = [(name, count) for name, count in frequency.items() if count >= min_count]
    common.sort(key=lambda item: (-item[1], item[0]))
    names, counts = [name for name, _ in common[:most]], [count for _, count in common[:most]]
    idf = 1 + np.log((1 + len(pool)) / (1 + np.asarray(counts, dtype=np.float64)))
    return Ngrams(kinds, len(names), {name: i for i, name in enumerate(names)}, idf.astype(np.float32))


def _grams(text: str, kinds: str) -> list[str]:
    """The n-grams of a text, as often as they stand there; words and characters are kept apart by a prefix."""
    lowered = text.lower()
    found: list[str] = []
    if kinds != "characters":
        words = WORD.findall(lowered)
        found += ["w" + word for word in words]
        found += [f"w{first} {second}" for first, second in pairwise(words)]
    if kinds != "words":
        for word in lowered.split():
            found += _pieces(word)
    return found


@functools.lru_cache(maxsize=2**16)  # words repeat, so most texts are put together from what is here
def _pieces(word: str) -> tuple[str, ...]:
    """Runs of 3, 4 and 5 characters of a word between two spaces."""
    padded = f" {word} "
    return tuple("c" + padded[i : i + n] for n in (3, 4, 5) for i in range(len(padded) - n + 1))


def _hashed(texts: Sequence[str], kinds: str, width: int) -> Any:
    """(n, width) CSR of signed counts: the low bits of an n-gram's hash are its column, the highest is its sign."""
    codes, ends = _codes(texts, kinds, lambda grams: map(crc32, map(str.encode, grams)))
    return _table((1 - 2 * (codes >> 31)).astype(np.float32), codes & (width - 1), ends, width)


def _codes(texts: Sequence[str], kinds: str, code: Callable[[list[str]], Iterable[int]]) -> tuple[Ints, Ints]:
    """The codes of all n-grams of all texts in a row, and (n+1,) where each text's begin."""
    codes, ends = array("q"), [0]
    for text in texts:
        codes.extend(code(_grams(text, kinds)))
        ends.append(len(codes))
    return np.array(codes, dtype=np.int64), np.array(ends)


def _table(values: Floats32, columns: Ints, starts: Ints, width: int) -> Any:
    table = sparse.csr_matrix((values, columns, starts), shape=(len(starts) - 1, width))
    table.sum_duplicates()
    return table
