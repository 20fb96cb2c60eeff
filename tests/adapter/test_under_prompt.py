"""Two stages of ProMoT bit by bit: what moves in which, length 0, what stands in front, and the way the gradient takes."""

from typing import Any

import numpy as np
import pytest
import torch

from tutelage.adapter.full import Full
from tutelage.adapter.prompt import Prompt
from tutelage.adapter.under_prompt import PROMPT, UnderPrompt
from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.stages import Stage
from tutelage.kit.soft_prompt import body
from tutelage.learn.gradient import Gradient
from tutelage.recall.own_prompt import bare
from tutelage.toys import stream, view

ASKED, SAID = ["bad", "cab dab", "a", "bead"], ["abd", "abc", "a", "bade"]
POOL = Table.of("few", {"text": ASKED}).pool()
MAKER = build("student", {"use": "text.tiny", "hidden": 16, "layers": 2, "heads": 2, "window": 48})
LESSONS = (Block(Rows(POOL, np.arange(4)), None, Text, {"text": np.array(SAID, dtype=object)}, "file", np.zeros(4),
                 np.ones(4)),)  # fmt: skip


@pytest.fixture
def student() -> Any:
    return MAKER.begin(POOL, stream(0, "student"))


def taught(student: Any, adapter: Any, seed: int = 0, **how: Any) -> Any:
    learner = Gradient(adapter=adapter, **{"passes": 3, "batch": 2, "lr": 0.01, **how})
    return learner.learn((Stage(LESSONS),), None, view(pool=POOL, student=student), stream(seed, "learn"))


def weights(student: Any) -> dict[str, Any]:
    return {name: one.detach().clone() for name, one in student.module.named_parameters()}


def test_the_first_stage_moves_the_prompt_alone_and_the_second_all_but_the_prompt(student: Any) -> None:
    """Bit by bit; the optimiser holds nothing of the other part, which weight decay would have moved."""
    first = taught(student, Prompt(length=3), weight_decay=0.1)
    begun, prompted = weights(student), weights(first.student)
    assert set(prompted) - set(begun) == {PROMPT} and set(first.memory["optimiser"]) == {PROMPT}
    assert all(torch.equal(begun[name], prompted[name]) for name in begun)
    second = taught(first.student, UnderPrompt(length=3), weight_decay=0.1)
    tuned = weights(second.student)
    assert torch.equal(tuned[PROMPT], prompted[PROMPT]) and PROMPT not in second.memory["optimiser"]
    assert set(second.memory["optimiser"]) == set(begun)
    assert not any(torch.equal(tuned[name], begun[name]) for name in begun)


@pytest.mark.parametrize("passes", [0.5, 1, 4])
def test_length_0_is_plain_fine_tuning_step_for_step(student: Any, passes: float) -> None:
    plain, none = (taught(student, adapter, passes=passes) for adapter in (Full(), UnderPrompt(length=0)))
    assert plain.student.fingerprint == none.student.fingerprint and plain.facts == none.facts


def test_a_prompt_of_real_tokens_is_that_text_in_front(student: Any) -> None:
    """Logits of the sequence behind the vectors against those of the whole sequence of tokens."""
    module = Prompt(length=4, start="abcd").open(student.module, stream(0, "learn")).module
    ids = torch.tensor([student._frame.encode("bead cab")])
    front = torch.tensor([student._frame.encode("abcd")])
    assert front.shape[1] == 4
    with torch.no_grad():
        behind, whole = module.logits(ids), student.module.logits(torch.cat([front, ids], 1))
    assert behind.numpy() == pytest.approx(whole[:, 4:].numpy(), abs=1e-5)


def test_without_its_prompt_it_is_the_tuned_weights_alone(student: Any) -> None:
    """Exactly: the same forward pass as a model that never had a prompt and was given these weights."""
    tuned = taught(taught(student, Prompt(length=3)).student, UnderPrompt(length=3)).student
    module = student.module
    for name, value in weights(tuned).items():
        if name != PROMPT:
            module.get_parameter(name).data = value
    other, without = student.with_module(module), bare(tuned)
    assert without.fingerprint == other.fingerprint != tuned.fingerprint
    ids = torch.tensor([student._frame.encode("bead")])
    with torch.no_grad():
        assert torch.equal(without.module.logits(ids), other.module.logits(ids))
        assert not torch.equal(tuned.module.logits(ids), other.module.logits(ids))
    assert (without.rate(ASKED, SAID) == other.rate(ASKED, SAID)).all()
    assert (tuned.rate(ASKED, SAID) != other.rate(ASKED, SAID)).all(), "nothing was changed where it is"


def test_the_gradient_of_the_second_stage_has_the_prompt_as_a_constant(student: Any) -> None:
    """Against autograd through [P; E(x)] in one sequence, P detached."""
    module = Prompt(length=3).open(student.module, stream(0, "learn")).module
    opened = UnderPrompt(length=3).open(module, stream(0, "learn"))
    names = opened.groups[0].names
    for name, one in module.named_parameters():
        one.requires_grad_(name in names)
    ids = torch.tensor([student._frame.encode("bead cab")])
    module.logits(ids).log_softmax(-1)[0, :-1].gather(1, ids[0, 1:, None]).sum().backward()
    ours = {name: module.get_parameter(name).grad.clone() for name in names}
    assert module.before.values.grad is None
    module.zero_grad()
    inputs = torch.cat([module.before.values.detach()[None], module.model.get_input_embeddings()(ids)], 1)
    states = body(module.model)(inputs_embeds=inputs, use_cache=False).last_hidden_state
    logits = module.model.get_output_embeddings()(states)[:, 3:]
    logits.log_softmax(-1)[0, :-1].gather(1, ids[0, 1:, None]).sum().backward()
    for name in names:
        assert module.get_parameter(name).grad.numpy() == pytest.approx(ours[name].numpy(), abs=1e-4)


def test_both_ablations(student: Any) -> None:
    """Together: the prompt has a group of its own and moves. Random: it stands there from the start and does not."""
    joint = UnderPrompt(length=3, moves=True, prompt_scale=5.0).open(student.module, stream(0, "learn"))
    assert [group.names == (PROMPT,) for group in joint.groups] == [False, True] and joint.groups[1].lr_scale == 5.0
    drawn = Prompt(length=3).open(student.module, stream(0, "learn")).module.before.values
    assert torch.equal(joint.module.before.values, drawn), "it starts as a learned one does"
    both, fixed = (taught(student, UnderPrompt(length=3, moves=moves)).student for moves in (True, False))
    begun = weights(taught(student, UnderPrompt(length=3), passes=1, lr=1e-9).student)[PROMPT]
    assert torch.equal(weights(fixed)[PROMPT], begun) and not torch.equal(weights(both)[PROMPT], begun)


def test_another_prompt_is_refused(student: Any) -> None:
    first = taught(student, Prompt(length=3)).student
    for length in (0, 4):
        with pytest.raises(Refused, match="learned prompt of 3 places"):
            taught(first, UnderPrompt(length=length))
