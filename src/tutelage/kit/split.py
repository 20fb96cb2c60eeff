"""Split rows so that nothing stands on both sides: neither a group nor a text that is the same but for spelling.

Two rows belong together when they share a group or a normalised text (Unicode NFKC, case folded, white space
collapsed), and so does everything that such pairs connect. A component goes to one side as a whole. Which side is
decided by a hash of its content, hence neither by the seed nor by the order of the rows nor by the ids.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tutelage.core.data import Array, Bools, Ints, Pool

CHUNK = 16_384


def normalised(text: str) -> str:
    """The form under which two texts count as the same.

    >>> normalised("  Where is   my CARD? ")
    'where is my card?'
    """
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def keys_of_texts(texts: Iterable[str]) -> Array:
    """(n,) uint64: equal for texts that count as the same."""
    return _keys(normalised(text).encode("utf-8", "surrogatepass") for text in texts)


def content_keys(pool: Pool) -> Array:
    """(n,) uint64: equal for rows whose payload counts as the same; read batch by batch."""
    if "text" in pool.holds:
        parts = [keys_of_texts(batch.texts()) for batch in pool.batches(CHUNK)]
    else:
        parts = [_keys(row.tobytes() for row in batch.vectors()) for batch in pool.batches(CHUNK)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)


def _keys(contents: Iterable[bytes]) -> Array:
    joined = b"".join(hashlib.blake2b(content, digest_size=8).digest() for content in contents)
    return np.frombuffer(joined, dtype="<u8").astype(np.uint64)


def group_codes(column: pa.Array) -> Ints:
    """(n,) int64 codes of a group column; -1 for an empty cell, which is a group of its own."""
    coded = pc.dictionary_encode(column, null_encoding="encode")
    names = coded.dictionary.to_pylist()
    table = np.array([at if name else -1 for at, name in enumerate(names)], dtype=np.int64)
    return np.asarray(table[coded.indices.to_numpy(zero_copy_only=False)]) if names else np.zeros(0, dtype=np.int64)


def components(keys: Array, groups: Ints | None = None) -> Ints:
    """(n,) int64: which component each row belongs to; rows that share a key or a group (-1: none) share one.

    >>> components(np.array([5, 6, 5, 7]), np.array([-1, 0, -1, 0])).tolist()
    [0, 1, 0, 1]
    """
    _, texts = np.unique(keys, return_inverse=True)
    if groups is None:
        return np.asarray(texts, dtype=np.int64)
    held = np.flatnonzero(groups >= 0)
    size = int(texts.max(initial=-1)) + 1
    total = size + int(groups.max(initial=-1)) + 1
    edges = coo_array((np.ones(len(held), dtype=np.int8), (texts[held], size + groups[held])), shape=(total, total))
    _, parts = connected_components(edges, directed=False)
    return np.asarray(parts[:size][texts], dtype=np.int64)


def hold_out(keys: Array, parts: Ints, codes: Ints, share: float) -> Bools:
    """(n,) whether a row's component is held out, so that about `share` of the rows with a code >= 0 are.

    Components are tried in the order of their smallest key; one that would pass the share is left where it is. At
    least one row stays on each side where there are two components. A class that would be held out whole gives its
    component with the largest key back: nobody can learn a class without an example.
    """
    count = int(parts.max(initial=-1)) + 1
    first = np.full(count, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(first, parts, keys)
    sizes = np.bincount(parts[codes >= 0], minlength=count)
    total = int(sizes.sum())
    target = min(max(round(share * total), 1), total - 1) if total else 0
    order = np.argsort(first, kind="stable")
    order = order[sizes[order] > 0]
    taken = np.zeros(count, dtype=bool)
    taken[_fill(order, sizes, target)] = True
    if not taken.any() and len(order) > 1:
        taken[order[np.argmin(sizes[order])]] = True  # every component is larger than the share: the smallest
    for code in range(int(codes.max(initial=-1)) + 1):
        mine = np.unique(parts[codes == code])
        if len(mine) and taken[mine].all():
            taken[mine[np.argmax(first[mine])]] = False
    return np.asarray(taken[parts])


def _fill(order: Ints, sizes: Ints, room: int) -> Ints:
    """The components, in this order, that fit into `room`, each being skipped that does not."""
    picked = []
    while room > 0 and len(order):
        order = order[sizes[order] <= room]
        fits = int(np.searchsorted(np.cumsum(sizes[order]), room, side="right"))
        picked.append(order[:fits])
        room -= int(sizes[order[:fits]].sum())
        order = order[fits + 1 :]
    return np.concatenate(picked) if picked else order[:0]
