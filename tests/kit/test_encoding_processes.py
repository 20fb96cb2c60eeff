"""Encoding in several processes: the same bits as in one, and a sentence when a process fails or dies."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tutelage.assets.fetch import asset
from tutelage.core.data import Table
from tutelage.core.errors import Missing, TutelageError
from tutelage.core.method import settings
from tutelage.kit.cache import cache_folder
from tutelage.kit.embeddings import CHUNK, embedded
from tutelage.kit.encoding_processes import EncodingProcess, can_be_rebuilt, encode_chunks
from tutelage.student.text.encoder.onnx import Onnx


@pytest.fixture
def cache_with_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache that sees the assets fetched for this user."""
    try:
        for name in Onnx.assets:
            asset(name)
    except Missing as missing:
        pytest.skip(str(missing))
    (tmp_path / "assets").symlink_to(cache_folder("assets"))
    monkeypatch.setenv("TUTELAGE_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.slow
def test_two_processes_give_the_bits_of_one(cache_with_assets: Path) -> None:
    """2 chunks and 10 texts, unequal in length, some texts twice; accents and line breaks go over the pipe."""
    texts = [f"message {i % 400} " + "very " * (i % 7) + "\u00e9\n\t" for i in range(2 * CHUNK + 10)]
    pool = Table.of("many", {"text": texts}).pool()
    encoder = Onnx(max_tokens=16)
    told: list[tuple[int, int]] = []
    found = embedded(pool, encoder.fingerprint, encoder.encode, encoder.width, processes=2, encoder=encoder,
                     progress=lambda done, total: told.append((done, total)))  # fmt: skip
    np.testing.assert_array_equal(found, encoder.encode(texts))
    assert [done for done, _ in told] == sorted(done for done, _ in told) and told[-1] == (len(texts), len(texts))


def test_only_our_own_encoders_are_built_again_elsewhere() -> None:
    class Theirs:
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            return np.ones((len(texts), 2), dtype=np.float32)

    assert can_be_rebuilt(Onnx()) and not can_be_rebuilt(Theirs())


def test_an_encoder_that_is_not_told_stays_in_this_process(own_cache: Path) -> None:
    seen: list[int] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        seen.append(len(texts))
        return np.ones((len(texts), 2), dtype=np.float32)

    embedded(Table.of("t", {"text": ["a", "b"]}).pool(), "e", encode, 2, processes=4)
    assert seen == [2]


@pytest.mark.slow
def test_a_failure_in_a_process_is_told_in_its_words(own_cache: Path) -> None:
    """No asset is in this cache, so the other process cannot build its encoder."""

    def chunks() -> Iterator[list[str]]:
        yield ["a"]

    with pytest.raises(TutelageError, match="(?s)Missing: the asset 'minilm-onnx' is not on this machine"):
        list(encode_chunks(Onnx(), chunks(), 2))


@pytest.mark.slow
def test_a_process_that_dies_is_noticed() -> None:
    with EncodingProcess(settings(Onnx())) as one:
        one.process.kill()
        one.process.wait()
        with pytest.raises(TutelageError, match=r"ended early \(exit code -9\)"):
            one.encode(["a"])
