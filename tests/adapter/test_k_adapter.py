"""K-Adapter: the stack by hand, what is frozen and what goes on, and writing with a cache as reading does."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from tutelage.adapter.k_adapter import KAdapter
from tutelage.adapter.lora import Lora
from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.digest import digest
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.core.writing import Turn
from tutelage.kit.grafts import STACK
from tutelage.kit.side_stack import evenly, rungs
from tutelage.learn.gradient import Gradient
from tutelage.student.text.tiny import Tiny
from tutelage.toys import view

POOL = Table.of("sayings", {"text": ["one a", "two b", "three c", "four d"]}).pool()
BEGUN = Tiny(hidden=16, layers=3, heads=2, window=32).begin(POOL, stream(0, "student"))
SAID = np.array(["red", "blue", "green", "grey"], dtype=object)
LESSONS = (Block(Rows(POOL, np.arange(4)), None, Text, {"text": SAID}, "file", np.zeros(4), np.ones(4)),)
IDS = torch.arange(3, 11)[None]


def taught(student, passes: float = 30, adapter=None, **more):
    how = Gradient(passes=passes, lr=1e-2, batch=2, adapter=adapter or KAdapter(k=2), **more)
    return how.learn((Stage(LESSONS),), None, view(POOL, student=student), stream(0, "learn"))


def weights(module) -> dict[str, str]:
    """Bytes of every parameter, by the name that it has without a stack."""
    return {
        name.replace(".base_layer.", "."): digest(save({"w": one.detach().contiguous()}))
        for name, one in module.named_parameters()
    }


LEARNED = taught(BEGUN).student


def test_the_stack_by_hand() -> None:
    """s = L_2(L_1(h_1) + h_3) of three layers; the output is that of the model with U s added before its last norm."""
    module = LEARNED.module
    seen, trunk = {}, module.model.model
    assert getattr(module.model, STACK) == evenly(3, 2) == (0, 2) and len(trunk.layers) == 5
    for name, layer in (
        ("h_1", trunk.layers[0]),
        ("h_3", trunk.layers[2]),
        ("s_1", trunk.layers[3].layer),
        ("s_2", trunk.layers[4].layer),
    ):
        layer.register_forward_hook(lambda _, __, out, name=name: seen.__setitem__(name, out))
    inputs = {}
    for name, rung in (("s_1", trunk.layers[3]), ("s_2", trunk.layers[4])):
        rung.layer.register_forward_pre_hook(lambda _, args, name=name: inputs.__setitem__(name, args[0]))
    with torch.no_grad():
        found = module.logits(IDS)
        summed = seen["h_3"] + seen["s_2"] @ trunk.layers[4].up.weight.T
        torch.testing.assert_close(found, module.head(trunk.norm(summed)), rtol=0, atol=1e-6)
    assert torch.equal(inputs["s_1"], seen["h_1"]) and torch.equal(inputs["s_2"], seen["s_1"] + seen["h_3"])
    assert not trunk.layers[0].seen, "nothing is held when it has answered"


def test_at_insertion_it_is_the_base() -> None:
    with torch.no_grad():
        opened = KAdapter().open(BEGUN.module, stream(0, "learn"))
        assert torch.equal(opened.module.logits(IDS), BEGUN.module.logits(IDS))
    assert set(opened.groups[0].names) == set(rungs(opened.module))
    assert float(opened.module.get_parameter(opened.groups[0].names[0]).detach().abs().max()) > 0


def test_only_the_stack_moves() -> None:
    before, after = weights(BEGUN.module), weights(LEARNED.module)
    assert {name for name in before if before[name] != after[name]} == set()
    assert set(after) - set(before) == set(LEARNED.state.arrays) and LEARNED.fingerprint != BEGUN.fingerprint
    assert LEARNED.logprob(POOL.texts(), SAID).sum() > BEGUN.logprob(POOL.texts(), SAID).sum() + 1


def test_also_opens_weights_of_the_model_and_says_what_it_cannot_find() -> None:
    moved = taught(BEGUN, 2, KAdapter(k=1, also=("layers[.]2[.]mlp",))).student.state.arrays
    assert {name for name in moved if "layers.2.base_layer." in name} == {
        f"model.model.layers.2.base_layer.mlp.{part}_proj.weight" for part in ("gate", "up", "down")
    }
    with pytest.raises(Refused, match="no parameter has 'layers.9'"):
        taught(BEGUN, 1, KAdapter(also=("layers.9",)))


def test_writing_token_by_token_is_reading_at_once() -> None:
    """The stack's own keys and values stand in the cache, also where prompts of unlike length are padded."""
    prompts = [*POOL.texts(), "then it is four d"]
    written = LEARNED.write(prompts, 1, stream(0, "w"), max_tokens=8, temperature=0.0).texts[:, 0]
    assert (written[:4] == SAID).sum() >= 3, "or there is nothing to compare"
    module, frame = LEARNED.module, LEARNED._frame
    for prompt, text in zip(prompts, written, strict=True):
        ids = frame.ids((Turn("user", prompt),))
        start = len(ids)
        with torch.no_grad():
            while len(ids) < start + 8 and ids[-1] != frame.end:
                ids.append(int(module.logits(torch.tensor([ids]))[0, -1].argmax()))
        assert frame.tokenizer.decode([one for one in ids[start:] if one != frame.end]) == text
    judged = LEARNED.logprob(prompts, ["red"] * 5)
    alone = np.concatenate([LEARNED.logprob([one], ["red"]) for one in prompts])
    np.testing.assert_allclose(judged, alone, atol=1e-5)


def test_it_is_saved_loaded_and_goes_on(tmp_path: Path) -> None:
    """The stack that there is moves on from where it was; one of another height is refused, and so is another adapter."""
    LEARNED.save(tmp_path / "s")
    back = LEARNED.maker.load(tmp_path / "s")
    assert back.fingerprint == LEARNED.fingerprint
    assert (back.logprob(POOL.texts(), SAID) == LEARNED.logprob(POOL.texts(), SAID)).all()
    first = taught(BEGUN, 2)
    now = view(POOL, student=first.student)._replace(memory=first.memory)
    second = Gradient(passes=2, lr=1e-2, batch=2, adapter=KAdapter(k=2)).learn(
        (Stage(LESSONS),), None, now, stream(1, "l")
    )
    assert (
        set(second.student.state.arrays) == set(first.student.state.arrays)
        and second.facts["loss"] < first.facts["loss"]
    )
    with pytest.raises(Refused, match="a stack of 2 layers, asked for are 1"):
        taught(LEARNED, 1, KAdapter(k=1))
    with pytest.raises(Refused, match="carries another adapter already"):
        taught(taught(BEGUN, 1, Lora(r=2)).student, 1)
    with pytest.raises(Refused, match="a stack of 4 layers was asked for beside a model of 3"):
        taught(BEGUN, 1, KAdapter(k=4))
    with pytest.raises(Refused, match="no other library reads"):
        LEARNED.export(tmp_path / "out")


def test_luck_is_that_of_the_run() -> None:
    state = torch.get_rng_state()
    one, two = (KAdapter().open(BEGUN.module, stream(0, "learn")).module for _ in range(2))
    assert weights(one) == weights(two) and torch.equal(torch.get_rng_state(), state)
