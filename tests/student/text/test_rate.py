"""What text.causal says a lesson would cost it: the loss of one plain pass, the end of the reply included."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.core.data import Table
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.writing import CanRate, Turn
from tutelage.student.text.causal import Causal

POOL = Table.of("mail", {"text": ["pay the rent"]}).pool()
FAST = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def student(folder: Path, **given: Any) -> Any:
    return Causal(model=str(folder), **given).begin(POOL, stream(0, "student"))


def trainers(folder: Path, prompt: str, reply: str) -> float:
    """The loss that a trainer reports for the pair: cross-entropy over the reply's tokens, prompt masked out by -100."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    front = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}], tokenize=True, add_generation_prompt=True
    )
    front = front if isinstance(front, list) else front["input_ids"]
    back = [*tokenizer.encode(reply, add_special_tokens=False), tokenizer.eos_token_id]
    with torch.no_grad():
        return float(model(torch.tensor([front + back]), labels=torch.tensor([[-100] * len(front) + back])).loss)


@FAST
@given(st.lists(st.tuples(st.text("ab c", max_size=9), st.text("abc ", max_size=12)), min_size=1, max_size=4),
       st.sampled_from([1, 3]))  # fmt: skip
def test_minus_the_mean_is_the_loss_that_a_trainer_reports(tiny_decoder: Path, pairs: Any, batch: int) -> None:
    prompts, replies = zip(*pairs, strict=True)
    judge = student(tiny_decoder, batch=batch)
    ours = -judge.rate(prompts, replies) / judge.tokens(prompts, replies).reply
    assert ours == pytest.approx([trainers(tiny_decoder, *pair) for pair in pairs], abs=1e-5)


def test_by_hand_tokens(tiny_decoder: Path) -> None:
    """One token a byte: the reply "abc" has 3 and its end; "<user>hi</s><assistant>" has 6 + 2 + 1 + 11."""
    told = student(tiny_decoder).tokens(["hi"], ["abc"])
    assert [column.tolist() for column in told] == [[20], [4], [0]]
    assert isinstance(student(tiny_decoder), CanRate)


def test_a_sum_only_falls_as_the_reply_goes_on(tiny_decoder: Path) -> None:
    """Log-probabilities are not positive; the mean need not fall, the sum of the same tokens does."""
    judge = student(tiny_decoder)
    sums = [float(judge.logprob(["go on"], ["abcabc"[:size]])[0]) for size in range(1, 7)]
    assert all(later <= earlier for earlier, later in zip(sums, sums[1:], strict=False))
    assert judge.rate(["go on"], ["abc"])[0] < judge.logprob(["go on"], ["abc"])[0]


def test_what_does_not_fit_is_cut_or_nan(tiny_decoder: Path) -> None:
    """Window 40: the frame takes 18 tokens and "abc" with its end 4, so 18 of 30 letters stay; 40 letters do not fit."""
    judge = student(tiny_decoder, window=40)
    prompts, replies = ["x" * 30, "x" * 30, "hi"], ["abc", "y" * 40, "abc"]
    told = judge.tokens(prompts, replies)
    assert (
        told.cut.tolist() == [12, 48, 0] and told.reply.tolist() == [4, 41, 4] and told.prompt.tolist() == [36, 0, 20]
    )
    assert np.isnan(judge.rate(prompts, replies)).tolist() == [False, True, False]
    with pytest.raises(Refused, match="without a turn"):
        judge.rate([()], ["y" * 40])


def test_turns_and_an_empty_prompt(tiny_decoder: Path) -> None:
    judge = student(tiny_decoder)
    one, two = judge.rate(["hi", (Turn("user", "hi"),)], ["abc", "abc"])
    assert one == pytest.approx(two) and judge.rate([""], ["abc"])[0] != pytest.approx(one)
