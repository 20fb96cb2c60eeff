"""Embeddings are computed once per table and kept in the user's cache; every pool over that table reads its rows.

One folder for each (what embedding depends on, table, side): `vectors.f32` holds a row of float32 for every row of
the table, `filled.bits` one bit for each row that has been computed. A bit is written after its vector is on the
disk, so a process that is killed loses at most the chunk it was computing. One process fills at a time (an OS file
lock, released by the system when its holder dies); the others wait and then find the rows there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow.compute as pc

from tutelage.core.data import Floats32, Ints, Pool, gather
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken
from tutelage.kit.cache import alone, cache_folder
from tutelage.kit.encoding_processes import can_be_rebuilt, encode_chunks
from tutelage.kit.vector_file import VectorFile

Encode: TypeAlias = Callable[[Sequence[str]], Floats32]
Progress: TypeAlias = Callable[[int, int], None]  # texts done, texts in all

CHUNK = 256  # texts between two writes: under a second of work for a small encoder
SURVEY = 65_536  # texts whose lengths are looked up at once
WORTH = 2_000  # missing texts from which further processes repay their start of about a second
MOST = 8  # processes that are started without being asked for


def embedded(
    pool: Pool,
    embeds_as: str,
    encode: Encode,
    width: int,
    side: str = "",
    processes: int | None = None,
    *,
    encoder: Any = None,
    progress: Progress | None = None,
) -> Floats32:
    """(n, width) the vectors of the pool's texts; what is in the cache is read, the rest is computed and kept.

    `encode` turns texts into (b, width) float32. `processes`: None takes one a core when `encoder`, the part that
    `encode` belongs to, is given and more than 2,000 texts are missing; 1 stays in this process. `progress` is told
    after every chunk. ContractBroken when `encode` returns another shape or a number that is not finite.
    """
    fill(pool, embeds_as, encode, width, side, processes, encoder=encoder, progress=progress)
    return _store(pool, embeds_as, side, width).read(pool.numbers)


def fill(
    pool: Pool,
    embeds_as: str,
    encode: Encode,
    width: int,
    side: str = "",
    processes: int | None = None,
    *,
    encoder: Any = None,
    progress: Progress | None = None,
) -> int:
    """Compute and keep what `embedded` would have to, returning how many texts that were; holds one chunk at a time."""
    store = _store(pool, embeds_as, side, width)
    if store.filled(pool.numbers).all():
        return 0
    with alone(store.folder / "lock"):
        store.prepare(_about(pool, embeds_as, side))
        wanted = np.unique(pool.numbers[~store.filled(pool.numbers)])
        several = _processes(len(wanted), encoder, processes)
        _fill(store, pool, wanted, encode, encoder, several, progress)
    return len(wanted)


def missing(pool: Pool, embeds_as: str, width: int, side: str = "") -> int:
    """How many rows of the pool are not in the cache yet; computes nothing."""
    store = _store(pool, embeds_as, side, width)
    return int((~store.filled(np.unique(pool.numbers))).sum())


def _fill(
    store: VectorFile, pool: Pool, numbers: Ints, encode: Encode, encoder: Any, processes: int, tell: Progress | None
) -> None:
    chunks = _chunks(pool, numbers)
    backs: dict[int, Ints] = {}  # chunk -> which of its distinct texts each row has; only of chunks under way

    def texts() -> Iterator[list[str]]:
        for place, chunk in enumerate(chunks):
            distinct, backs[place] = _distinct(Pool(pool.table, chunk, pool.labels).texts())
            yield distinct

    here = ((place, encode(some)) for place, some in enumerate(texts()))
    done = 0
    for place, vectors in encode_chunks(encoder, texts(), processes) if processes > 1 else here:
        back = backs.pop(place)
        store.write(chunks[place], _checked(vectors, int(back.max()) + 1, store.width)[back])
        done += len(back)
        if tell is not None:
            tell(done, len(numbers))


def _chunks(pool: Pool, numbers: Ints) -> list[Ints]:
    """The rows in chunks of texts about equally long, so that an encoder pads little; each chunk ascending.

    Short and long chunks alternate as evenly as a golden-ratio stride makes them, so that progress is steady.
    """
    sizes = [
        pc.binary_length(gather(pool.table.columns.column("text"), numbers[start : start + SURVEY])).to_numpy()
        for start in range(0, len(numbers), SURVEY)
    ]
    order = np.argsort(np.concatenate(sizes), kind="stable") if sizes else np.zeros(0, dtype=np.int64)
    chunks = [np.sort(numbers[order[start : start + CHUNK]]) for start in range(0, len(order), CHUNK)]
    turns = np.argsort(np.arange(len(chunks)) * 0.6180339887498949 % 1.0, kind="stable")
    return [chunks[turn] for turn in turns]


def _processes(count: int, encoder: Any, asked: int | None) -> int:
    """How many processes shall encode: 1 is this one."""
    if encoder is None or not can_be_rebuilt(encoder):
        return 1
    if asked is not None:
        return min(asked, -(-count // CHUNK))
    return min(len(os.sched_getaffinity(0)), MOST) if count > WORTH else 1


def _distinct(texts: Sequence[str]) -> tuple[list[str], Ints]:
    """The different texts of a chunk, and which of them each row has."""
    seen: dict[str, int] = {}
    back = np.array([seen.setdefault(text, len(seen)) for text in texts], dtype=np.int64)
    return list(seen), back


def _checked(vectors: Floats32, count: int, width: int) -> Floats32:
    vectors = np.asarray(vectors)
    if vectors.shape != (count, width):
        raise ContractBroken(f"an encoder returned {vectors.shape} for {count} texts, it declares width {width}")
    if not np.isfinite(vectors).all():
        raise ContractBroken("an encoder returned numbers that are not finite")
    return vectors.astype("<f4", copy=False)


def _about(pool: Pool, embeds_as: str, side: str) -> dict[str, Any]:
    """For people who look into the cache."""
    return {"embeds_as": embeds_as, "side": side, "table": pool.table.name, "fingerprint": pool.table.fingerprint}


def _store(pool: Pool, embeds_as: str, side: str, width: int) -> VectorFile:
    folder = cache_folder("embeddings") / digest(embeds_as, pool.table.fingerprint, side, width)
    return VectorFile(folder, pool.table.columns.num_rows, width)
