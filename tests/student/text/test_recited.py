"""What a language model has kept of a text: its loss alone is the lesson's, and it goes on exactly as long as the text."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.assess.cued_recall import CuedRecall
from tutelage.assess.recognition import Recognition
from tutelage.core.data import Block, Itself, Rows, Table
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.writing import CanRecite
from tutelage.student.text.causal import Causal
from tutelage.toys import own_truth, till

TEXTS = ["a", "abc abc", "the rain in spain", "b" * 30, "é ü", "abc abc"]


def student(folder: Path, **given: Any) -> Any:
    return Causal(model=str(folder), **given).begin(Table.of("few", {"text": TEXTS}).pool(), stream(0, "student"))


def plain(folder: Path, ids: list[int]) -> Any:
    """(t, V) logits of one plain pass of transformers over one sequence."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.no_grad():
        return AutoModelForCausalLM.from_pretrained(folder)(torch.tensor([ids])).logits[0]


def test_the_loss_of_a_text_alone_is_the_loss_of_the_lesson(tiny_decoder: Path) -> None:
    """Against the module's own loss of an Itself lesson, all texts in one padded batch, and against one at a time."""
    import torch

    made = student(tiny_decoder)
    pool = Table.of("few", {"text": TEXTS}).pool()
    size = len(TEXTS)
    block = Block(Rows(pool, np.arange(size)), None, Itself, {}, "itself", np.zeros(size), np.ones(size))
    batch = made.encode((block,)).batch(np.arange(size))
    with torch.no_grad():
        said = made.module.token_logprobs(batch)
    told = made.read_alone(TEXTS)
    assert told.logprob == pytest.approx(said.logprobs.sum((1, 2)).numpy(), abs=1e-4)
    assert told.tokens.tolist() == said.mask.sum((1, 2)).tolist() == [len(text.encode()) + 1 for text in TEXTS]
    alone = [made.read_alone([text]) for text in TEXTS]
    assert told.logprob == pytest.approx([float(one.logprob[0]) for one in alone], abs=1e-5)
    assert isinstance(made, CanRecite)


def test_by_hand_one_text(tiny_decoder: Path) -> None:
    """log p of "ab" and its end behind the token that begins a text, from transformers' own logits."""
    made = student(tiny_decoder)
    ids = made._frame.whole("ab")
    logs = plain(tiny_decoder, ids).log_softmax(-1)
    wanted = sum(float(logs[place, ids[place + 1]]) for place in range(len(ids) - 1))
    assert made.read_alone(["ab"]).logprob[0] == pytest.approx(wanted, abs=1e-4)


def test_it_says_the_likeliest_token_each_time_but_never_the_end(tiny_decoder: Path) -> None:
    """Against a loop that reads everything again for each token; each text is gone on with as if it were alone."""
    made = student(tiny_decoder)
    told = made.recite(TEXTS)
    start, end = made._frame.tokenizer.bos_token_id, made._frame.tokenizer.eos_token_id
    for row, text in enumerate(TEXTS):
        ids = made._frame.encode(text)
        so_far = [start, *ids[: len(ids) // 2]]
        for _ in range(len(ids) - len(ids) // 2):
            logits = plain(tiny_decoder, so_far)[-1]
            logits[end] = -np.inf
            so_far.append(int(logits.argmax()))
        here = slice(told.starts[row], told.starts[row + 1])
        assert told.said_ids[here].tolist() == so_far[1 + len(ids) // 2 :]
        assert told.rest_ids[here].tolist() == ids[len(ids) // 2 :]
        assert told.cue[row] + told.rest[row] == text or not text.isascii()
    assert end not in told.said_ids


def test_the_end_is_not_said_even_where_it_is_likeliest(tiny_decoder: Path) -> None:
    """A head turned towards the end would stop at once: it goes on all the same, and with what is next likeliest."""
    import torch

    made = student(tiny_decoder)
    module = made.module
    end = made._frame.tokenizer.eos_token_id
    with torch.no_grad():
        weight = module.head.weight.clone()
        weight[end] = 50 * module.states(made.encode(own_truth(["a"]).truth).batch(np.array([0])), -1)[0, -1]
        module.head.weight = torch.nn.Parameter(weight)
    turned = made.with_module(module)
    assert turned.write(["a"], 1, stream(0, "write"), temperature=0.0, max_tokens=5).tokens_out.max() <= 5
    told = turned.recite(["abcdefgh"])
    assert len(told.said_ids) == 4 and end not in told.said_ids


def test_a_text_longer_than_the_window_is_cut_as_its_lesson_is(tiny_decoder: Path) -> None:
    made = student(tiny_decoder, window=10)
    assert made.read_alone(["a" * 50]).tokens.tolist() == [9] and len(made.recite(["a" * 50]).rest_ids) == 5


def test_a_text_without_a_token_is_refused(tiny_decoder: Path) -> None:
    with pytest.raises(ContractBroken, match="cannot be recited"):
        student(tiny_decoder).recite(["a", ""])
    assert student(tiny_decoder).read_alone([""]).tokens.tolist() == [1]  # its end alone


def test_an_unstudied_model_is_at_chance_on_exchangeable_texts(tiny_decoder: Path) -> None:
    """200 pairs of letters drawn alike: within four standard errors of one half; it brings back next to nothing."""
    rng = stream(3, "letters")
    several = ["".join(rng.choice(list("abcdefgh "), 20)) for _ in range(400)]
    exam = own_truth(several[:200], new=several[200:])
    made = student(tiny_decoder, batch=64)
    found = Recognition().assess(made, exam, till(), stream(0, "assess"))[0]
    assert abs(found.value - 0.5) < 4 * 0.5 / np.sqrt(200)
    assert CuedRecall().assess(made, exam, till(), stream(0, "assess"))[-1].value == 0.0
