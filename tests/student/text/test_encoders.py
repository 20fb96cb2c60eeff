"""Sentence encoders: meaning, independence of the batch, and equality with the obvious way of doing it."""

import numpy as np
import pytest

from tutelage.assets.fetch import asset
from tutelage.core.errors import Missing
from tutelage.core.parts import build, names

TEXTS = ["How old are you?", "What is your age?", "My card has been stolen", "", "word " * 300]


@pytest.fixture(params=names("student.text.encoder"))
def encoder(request: pytest.FixtureRequest):
    made = build("student.text.encoder", request.param)
    try:
        made.encode(["warm"])
    except Missing as missing:
        pytest.skip(f"{request.param}: {missing}")
    return made


def test_a_paraphrase_is_nearer_than_another_subject(encoder) -> None:
    a, b, c = encoder.encode(TEXTS[:3])
    assert a @ b > 0.5 > 0.3 > a @ c


def test_a_vector_depends_on_its_text_alone(encoder) -> None:
    """1e-5 is what is promised; padding beside a long text may change the last digits only."""
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert together.shape == (len(TEXTS), encoder.width) and together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1])[::-1], together, atol=1e-5)


def test_length_one_unless_it_is_switched_off(encoder) -> None:
    np.testing.assert_allclose(np.linalg.norm(encoder.encode(TEXTS), axis=1), 1, atol=1e-5)
    loose = type(encoder)(normalize=False).encode(TEXTS[:2])
    np.testing.assert_allclose(
        loose / np.linalg.norm(loose, axis=1, keepdims=True), encoder.encode(TEXTS[:2]), atol=1e-5
    )


def test_the_fingerprint_changes_with_what_changes_vectors_and_with_nothing_else(encoder) -> None:
    kind = type(encoder)
    assert kind(max_tokens=64).fingerprint != encoder.fingerprint == kind(batch=3).fingerprint


def test_onnx_equals_a_slow_obvious_mean_over_tokens() -> None:
    """One text at a time, no padding, summed in float64."""
    import onnxruntime
    from tokenizers import Tokenizer

    try:
        graph = onnxruntime.InferenceSession(
            str(asset("minilm-onnx") / "model.onnx"), providers=["CPUExecutionProvider"]
        )
        tokens = Tokenizer.from_file(str(asset("minilm-tokenizer") / "tokenizer.json"))
    except Missing as missing:
        pytest.skip(str(missing))
    tokens.no_padding()
    found = build("student.text.encoder", "onnx").encode(TEXTS[:3])
    for text, vector in zip(TEXTS[:3], found, strict=True):
        ids = np.array([tokens.encode(text).ids])
        states = graph.run(["onnx::Shape_422"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
        mean = states[0].astype(np.float64).mean(axis=0)
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)
