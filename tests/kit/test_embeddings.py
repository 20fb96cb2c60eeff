"""The embedding cache: each text once, whatever pool asks, whoever is killed, however many ask at once."""

import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tutelage.core.data import Table
from tutelage.core.errors import ContractBroken
from tutelage.kit.embeddings import CHUNK, embedded, fill, missing

pytestmark = pytest.mark.usefixtures("own_cache")
COUNT = 3 * CHUNK + 10


def table(count: int = COUNT) -> Table:
    return Table.of("many", {"text": [f"text number {i % (count - 5)}" for i in range(count)]})


def obvious(texts: Sequence[str]) -> np.ndarray:
    return np.array([[float(text.split()[-1]), len(text)] for text in texts], dtype=np.float32)


class Counting:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.texts.extend(texts)
        return obvious(texts)


def test_vectors_equal_encoding_directly_and_each_row_is_encoded_once() -> None:
    pool, encode = table().pool(), Counting()
    some = pool.take(np.arange(0, COUNT, 2))
    np.testing.assert_array_equal(embedded(some, "e", encode, 2), obvious(some.texts()))
    assert len(encode.texts) <= len(some)
    np.testing.assert_array_equal(embedded(pool, "e", encode, 2), obvious(pool.texts()))
    assert len(encode.texts) <= COUNT
    before = len(encode.texts)
    shuffled = pool.take(np.random.default_rng(0).permutation(COUNT))
    np.testing.assert_array_equal(embedded(shuffled, "e", encode, 2), obvious(shuffled.texts()))
    assert len(encode.texts) == before


def test_another_encoder_another_side_or_another_table_shares_nothing() -> None:
    pool, encode = table(20).pool(), Counting()
    for embeds_as, side, of in (("e", "", pool), ("f", "", pool), ("e", "query", pool), ("e", "", table(21).pool())):
        assert missing(of, embeds_as, 2, side) == len(of)
        embedded(of, embeds_as, encode, 2, side)
        assert missing(of, embeds_as, 2, side) == 0


def test_an_encoder_that_breaks_its_word_is_named_and_nothing_is_kept() -> None:
    pool = table(20).pool()
    with pytest.raises(ContractBroken, match="declares width 2"):
        embedded(pool, "e", lambda texts: np.zeros((len(texts), 3), np.float32), 2)
    with pytest.raises(ContractBroken, match="not finite"):
        embedded(pool, "e", lambda texts: np.full((len(texts), 2), np.nan, np.float32), 2)
    assert missing(pool, "e", 2) == 20


def test_progress_is_told_after_every_chunk() -> None:
    told: list[tuple[int, int]] = []
    fill(table().pool(), "e", obvious, 2, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (COUNT, COUNT) and len(told) == 4


def slow(texts: Sequence[str]) -> np.ndarray:
    time.sleep(0.15)
    return obvious(texts)


def fill_slowly() -> None:
    embedded(table().pool(), "e", slow, 2)


def test_a_killed_fill_keeps_whole_chunks_and_every_bit_that_is_set_is_right() -> None:
    context = multiprocessing.get_context("fork")
    pool = table().pool()
    child = context.Process(target=fill_slowly)
    child.start()
    until = time.monotonic() + 20
    while missing(pool, "e", 2) == COUNT and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)  # type: ignore[arg-type]
    child.join()
    encode, left = Counting(), missing(pool, "e", 2)
    assert 0 < left < COUNT
    np.testing.assert_array_equal(embedded(pool, "e", encode, 2), obvious(pool.texts()))
    assert len(encode.texts) <= left


def count_into(path: str) -> None:
    encode = Counting()
    embedded(table().pool(), "e", lambda texts: (time.sleep(0.05), encode(texts))[1], 2)
    Path(path).write_text(str(len(encode.texts)))


def test_two_processes_share_one_fill(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=count_into, args=(str(tmp_path / str(i)),)) for i in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    assert sum(int((tmp_path / str(i)).read_text()) for i in range(2)) <= COUNT
