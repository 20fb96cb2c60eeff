"""text.causal against one plain forward pass a reply; prompts, windows, labels; the real model at the end."""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.core.data import Table
from tutelage.core.errors import Missing, Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.writing import Turn
from tutelage.kit.context import with_context
from tutelage.student.text.causal import Causal

TEXTS = ["my card was lost", "pay the rent", "what is the rate of exchange today?", "rent"]
POOL = Table.of("mail", {"text": TEXTS}, ("card", "rent", "rate")).pool()
SHOTS = [("a card", "card"), ("the rent is late", "rent")]
FAST = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def student(folder: Path, pool: Any = POOL, **given: Any) -> Any:
    return Causal(model=str(folder), **given).begin(pool, stream(0, "student"))


@functools.cache
def loaded(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def plainly(folder: Path, prompt: str, reply: str) -> list[float]:
    """The obvious way: the whole text once, without a cache, without padding; one number a token of the reply."""
    import torch

    model, tokenizer = loaded(folder)
    front, back = (tokenizer.encode(text, add_special_tokens=False) for text in (prompt, reply))
    with torch.no_grad():
        logs = model(torch.tensor([front + back])).logits[0].float().log_softmax(-1)
    return [float(logs[len(front) + place - 1, token]) for place, token in enumerate(back)]


def test_by_hand_label_probabilities(tiny_decoder: Path) -> None:
    """Prompt "pay the rent" in plain text, labels " card", " rent", " rate", five tokens (bytes) each.

    mean: s_c = (sum of the five log-probabilities) / 5; sum: without the division; first: the byte " " is the same for
    all three, so `first` is refused. p = exp(s_c) / sum exp(s).
    """
    each = [plainly(tiny_decoder, "pay the rent", f" {name}") for name in POOL.labels]
    assert [len(one) for one in each] == [5, 5, 5]
    for score, scores in (("mean", [sum(one) / 5 for one in each]), ("sum", [sum(one) for one in each])):
        wanted = np.exp(scores) / np.exp(scores).sum()
        ours = student(tiny_decoder, template="none", score=score).probs(POOL.take([1]))[0]
        np.testing.assert_allclose(ours, wanted, atol=1e-5)
    with pytest.raises(Refused, match=r"'card' and 'rent' are the same answer[\s\S]*score: mean"):
        student(tiny_decoder, template="none", score="first").probs(POOL)


def test_the_first_token_alone(tiny_decoder: Path) -> None:
    words = {"card": "a", "rent": "be", "rate": "cat"}
    told = student(tiny_decoder, score="first", verbalisers=words).probs(POOL.take([1]))[0]
    scores = [plainly(tiny_decoder, "<user>pay the rent</s><assistant>", word[0])[0] for word in words.values()]
    np.testing.assert_allclose(told, np.exp(scores) / np.exp(scores).sum(), atol=1e-5)


def test_examples_instruction_and_pattern_stand_in_the_prompt_as_announced(tiny_decoder: Path) -> None:
    asked = with_context(POOL.take([1]), [[SHOTS]])
    ours = {"instruction": "Sort.", "pattern": "Mail: {x}", "verbalisers": {"card": "bank card"}}
    chat = (
        "<system>Sort.</s><user>Mail: a card</s><assistant>bank card</s><user>Mail: the rent is late</s>"
        "<assistant>rent</s><user>Mail: pay the rent</s><assistant>"
    )
    flat = "Sort.\n\nMail: a card bank card\n\nMail: the rent is late rent\n\nMail: pay the rent"
    for template, prompt, space in (("auto", chat, ""), ("none", flat, " ")):
        words = [f"{space}{word}" for word in ("bank card", "rent", "rate")]
        scores = [float(np.mean(plainly(tiny_decoder, prompt, word))) for word in words]
        told = student(tiny_decoder, template=template, **ours).probs(asked)[0]
        np.testing.assert_allclose(told, np.exp(scores) / np.exp(scores).sum(), atol=1e-5)


@FAST
@given(prompts=st.lists(st.text(max_size=30), min_size=1, max_size=6), replies=st.lists(st.text(max_size=12), min_size=1, max_size=4), batch=st.integers(1, 5))  # fmt: skip
def test_log_probabilities_are_those_of_one_plain_pass(tiny_decoder: Path, prompts, replies, batch) -> None:
    """Whatever is asked together: equal prompts, shared beginnings, replies of no token, padded batches."""
    judge = student(tiny_decoder, batch=batch)
    pairs = [(prompt, reply) for prompt in [*prompts, prompts[0]] for reply in replies]
    ours = judge.logprob([prompt for prompt, _ in pairs], [reply for _, reply in pairs])
    wanted = [sum(plainly(tiny_decoder, f"<user>{prompt}</s><assistant>", reply)) for prompt, reply in pairs]
    np.testing.assert_allclose(ours, wanted, atol=1e-4)


def test_a_long_reply_is_scored_piece_by_piece(tiny_decoder: Path) -> None:
    """150 tokens: three pieces of at most 64 through the cache."""
    reply = "and so on, " * 13
    ours = student(tiny_decoder).logprob(["go", "go"], [reply, "and"])
    wanted = [sum(plainly(tiny_decoder, "<user>go</s><assistant>", one)) for one in (reply, "and")]
    np.testing.assert_allclose(ours, wanted, atol=2e-4)


def test_scores_do_not_depend_on_batch_or_order(tiny_decoder: Path) -> None:
    """1e-4 is promised; what rounding does here is far less. Sentences with a common beginning share what they read."""
    texts = [f"the same long beginning, then {tail}" for tail in ("", "a", "something longer", "b", "end", "b")]
    pool = Table.of("shared", {"text": [*TEXTS, *texts]}, POOL.labels).pool()
    many = student(tiny_decoder, batch=8).probs(pool)
    alone = np.concatenate([student(tiny_decoder, batch=1).probs(pool.take([row])) for row in range(len(pool))])
    order = np.arange(len(pool))[::-1]
    assert np.abs(many - alone).max() < 1e-5
    assert np.abs(student(tiny_decoder, batch=3).probs(pool.take(order)) - many[order]).max() < 1e-5


def test_bf16_weights_are_close(tiny_decoder: Path) -> None:
    """Rounded weights (8 bits of mantissa) change these probabilities by a few hundredths, and change them."""
    full, half = (student(tiny_decoder, precision=precision).probs(POOL) for precision in ("fp32", "bf16"))
    assert 0 < np.abs(full - half).max() < 0.1 and half.dtype == np.float32


def test_neutral_limits(tiny_decoder: Path) -> None:
    """One label has probability 1; calibrated on the text itself all labels are alike."""
    one = student(tiny_decoder, POOL.__class__(POOL.table, POOL.numbers, ("card",)))
    assert (one.probs(POOL) == 1).all()
    same = Table.of("same", {"text": ["N/A"] * 2}, POOL.labels).pool()
    np.testing.assert_allclose(student(tiny_decoder, calibrate="N/A").probs(same), 1 / 3, atol=1e-6)


def test_calibration_divides_by_what_the_prompt_alone_makes_likely(tiny_decoder: Path) -> None:
    free = Table.of("free", {"text": ["N/A"]}, POOL.labels).pool()
    plain = student(tiny_decoder)
    ratio = plain.probs(POOL) / plain.probs(free)
    calibrated = student(tiny_decoder, calibrate="N/A").probs(POOL)
    np.testing.assert_allclose(calibrated, ratio / ratio.sum(1, keepdims=True), atol=1e-5)


def test_several_alternatives_are_averaged(tiny_decoder: Path) -> None:
    model, row = student(tiny_decoder), POOL.take([0])
    both = model.probs(with_context(row, [[SHOTS[:1], SHOTS[1:]]]))
    each = [model.probs(with_context(row, [[one]])) for one in (SHOTS[:1], SHOTS[1:])]
    np.testing.assert_allclose(both, (each[0] + each[1]) / 2, atol=1e-6)


def test_what_does_not_fit_is_dropped_from_the_far_end_and_counted(tiny_decoder: Path) -> None:
    """<user>pay the rent</s><assistant> is 6 + 12 + 1 + 11 = 30 bytes and one token for </s>, as measured below.

    The window leaves room for it, the label of 4 tokens and the nearer of two examples: one is dropped, and the answer
    is that of the nearer alone. A text that fills the window is cut at its end, token by token.
    """
    bare = student(tiny_decoder)
    sizes = bare.lengths([q for q, _ in SHOTS], [a for _, a in SHOTS])
    assert sizes.tolist() == [len("<user>a card</s><assistant>card</s>") - 6, len("<user>the rent is late</s><assistant>rent</s>") - 6]  # fmt: skip
    alone = len("<user>pay the rent</s><assistant>") - 3
    tight = student(tiny_decoder, window=int(alone + 4 + sizes[1]))
    both, near = (with_context(POOL.take([1]), [[shots]]) for shots in (SHOTS, SHOTS[1:]))
    assert [one.tolist() for one in tight.shortened(both)] == [[1], [0]]
    assert (tight.probs(both) == tight.probs(near)).all()
    assert [one.tolist() for one in bare.shortened(both)] == [[0], [0]]
    long = Table.of("long", {"text": ["x" * 300]}, POOL.labels).pool()
    short = bare.shortened(long)
    frame = len("<user></s><assistant>") - 3
    assert short.cut.tolist() == [300 + frame + 4 - 256] and np.isfinite(bare.probs(long)).all()
    with pytest.raises(Refused, match="window of 8 tokens is too small"):
        student(tiny_decoder, window=8).probs(POOL)


def test_a_conversation_loses_its_oldest_exchange_first(tiny_decoder: Path) -> None:
    turns = (Turn("system", "Be brief."), Turn("user", "one"), Turn("assistant", "1"), Turn("user", "two"),
             Turn("assistant", "2"), Turn("user", "three"))  # fmt: skip
    frame = student(tiny_decoder)._frame
    whole, short = frame.prompt(turns, 3), frame._replace(window=len(frame.ids(turns))).prompt(turns, 3)
    assert whole.dropped == 0 and whole.ids == frame.ids(turns)
    assert short.dropped == 1 and short.ids == frame.ids([turns[0], *turns[3:]])


def test_a_text_begins_as_the_tokenizer_begins_texts(tiny_decoder: Path, tmp_path: Path) -> None:
    """With a tokenizer that adds <s> plain prompts begin with it, once; where nothing is said it is what stands there."""
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoTokenizer

    model, tokenizer = loaded(tiny_decoder)[0], AutoTokenizer.from_pretrained(tiny_decoder)
    bare = student(tiny_decoder, template="none")._frame
    assert bare.ids([Turn("user", "go")])[0] != 0 and bare.ids([Turn("user", "")]) == [0]
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing("<s> $A", special_tokens=[("<s>", 0)])
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    begins = student(tmp_path, template="none")
    assert begins._frame.ids([Turn("user", "go")])[:1] == [0] and 0 not in begins._frame.ids([Turn("user", "go")])[1:]
    assert begins._frame.reply("card", [Turn("user", "go")]) == bare.reply("card", [Turn("user", "go")])
    wanted = sum(plainly(tiny_decoder, "<s>go", "on"))
    np.testing.assert_allclose(begins.logprob(["go"], ["on"]), wanted, atol=1e-5)


def greedy(folder: Path, prompt: str, count: int) -> str:
    """The likeliest byte each time, every step from the start."""
    import torch

    model, tokenizer = loaded(folder)
    ids = tokenizer.encode(prompt, add_special_tokens=False)
    for _ in range(count):
        with torch.no_grad():
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
    return str(tokenizer.decode(ids[-count:]))


def test_writing_at_temperature_0_takes_the_likeliest_token_each_time(tiny_decoder: Path) -> None:
    model = student(tiny_decoder, batch=3)
    told = model.write(["go", "a longer prompt", "x"], 2, stream(0, "w"), max_tokens=7, temperature=0)
    for prompt, row in zip(["go", "a longer prompt", "x"], told.texts, strict=True):
        assert row[0] == row[1] == greedy(tiny_decoder, f"<user>{prompt}</s><assistant>", 7).partition("</s>")[0]
    assert told.tokens_in.tolist() == [len(f"<user>{p}</s><assistant>") - 3 for p in ("go", "a longer prompt", "x")]
    assert (told.tokens_out <= 7).all()


def test_sampling_follows_the_models_distribution(tiny_decoder: Path) -> None:
    """The first token of 4,000 draws: each letter's share within 5 standard errors of its probability."""
    model = student(tiny_decoder, batch=4000)
    told = model.write(["go"], 4000, stream(0, "w"), max_tokens=1, temperature=0.5).texts[0]
    net, tokenizer = loaded(tiny_decoder)
    import torch

    ids = tokenizer.encode("<user>go</s><assistant>", add_special_tokens=False)
    with torch.no_grad():
        probs = (net(torch.tensor([ids])).logits[0, -1].double() / 0.5).softmax(-1)
    letters = [token for token in probs.topk(100).indices.tolist() if tokenizer.decode([token]).isascii()]
    for token in letters[:5]:  # a byte of a longer letter has no text of its own
        share, p = float(np.mean(told == tokenizer.decode([token]))), float(probs[token])
        assert abs(share - p) < 5 * np.sqrt(p * (1 - p) / 4000)


def test_the_luck_of_a_reply_is_its_own(tiny_decoder: Path) -> None:
    """The same rng gives the same replies however they are batched."""
    one, two = (student(tiny_decoder, batch=size).write(["go", "on", "further"], 3, stream(4, "w"), max_tokens=6) for size in (1, 9))  # fmt: skip
    assert (one.texts == two.texts).all() and len(set(one.texts.ravel().tolist())) > 5


def test_writing_stops_at_a_stop_text_and_leaves_it_out(tiny_decoder: Path) -> None:
    model = student(tiny_decoder)
    whole = model.write(["go"], 1, stream(0, "w"), max_tokens=9, temperature=0).texts[0, 0]
    part = model.write(["go"], 1, stream(0, "w"), max_tokens=9, temperature=0, stop=(whole[3],))
    assert part.texts[0, 0] == whole[: whole.index(whole[3])] and part.tokens_out[0, 0] == whole.index(whole[3]) + 1


def test_the_weights_are_loaded_once_a_process(tiny_decoder: Path) -> None:
    from tutelage.student.text._decoder import decoder

    decoder.cache_clear()
    one, two = student(tiny_decoder), student(tiny_decoder, template="none")
    one.probs(POOL), two.probs(POOL)
    assert decoder.cache_info().misses == 1 and one._decoder is two._decoder


def test_fingerprints_follow_settings_labels_and_weights(tiny_decoder: Path, tmp_path: Path) -> None:
    import shutil

    base = student(tiny_decoder)
    copy = shutil.copytree(tiny_decoder, tmp_path / "copy")
    changed = dataclasses.replace(base, source=student(copy).source)
    assert changed.fingerprint == base.fingerprint  # the same bytes elsewhere
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    others = [dataclasses.replace(base, source=student(copy).source), base.among(("card", "rent")), student(tiny_decoder, calibrate="")]  # fmt: skip
    assert len({one.fingerprint for one in [base, *others]}) == 4


def test_wrong_models_and_labels_are_refused_in_words(tiny_decoder: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="did you mean 'smollm2-135m-instruct'"):
        Causal(model="smollm2-135m").begin(POOL, stream(0, "student"))
    with pytest.raises(Missing, match="hf download nobody/nothing-of-this-name"):
        Causal(model="nobody/nothing-of-this-name").begin(POOL, stream(0, "student"))
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(Refused, match="pickled weights never are"):
        student(tmp_path)
    with pytest.raises(Refused, match=r"no label 'cart'[\s\S]*did you mean 'card'"):
        student(tiny_decoder, verbalisers={"cart": "x"})
    with pytest.raises(Refused, match="pattern"):
        build("student", {"use": "text.causal", "pattern": "no place for the text"})


def test_an_asset_that_is_not_here_names_the_command(own_cache: Path) -> None:
    with pytest.raises(Missing, match="tutelage fetch smollm2-135m-instruct"):
        Causal().begin(POOL, stream(0, "student"))


@pytest.mark.slow
def test_the_real_model_speaks_english_and_knows_good_from_bad() -> None:
    """SmolLM2-135M-Instruct, 4-bit weights: a greedy continuation, a true reply above a false one, two reviews."""
    texts = ["I loved this film, wonderful acting.", "A terrible waste of time."]
    pool = Table.of("films", {"text": texts}, ("negative", "positive")).pool()
    try:
        model = Causal(pattern="Review: {x}\nSentiment:", template="none").begin(pool, stream(0, "student"))
    except Missing as missing:
        pytest.skip(str(missing))
    said = model.write(["The capital of France is"], 1, stream(0, "w"), max_tokens=4, temperature=0)
    assert "Paris" in said.texts[0, 0] and said.tokens_in.tolist() == [5]
    true, false = model.logprob(["The capital of France is"] * 2, [" Paris", " Berlin"])
    assert -2.5 < true < 0 and true > false + 1
    assert model.probs(pool).argmax(1).tolist() == [1, 0]
