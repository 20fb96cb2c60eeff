"""Modular: the sum by hand, what is frozen and what moves when, writing with a cache as reading does, what it refuses."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from tutelage.adapter.full import Full
from tutelage.adapter.k_adapter import KAdapter
from tutelage.adapter.lora import Lora
from tutelage.adapter.modular import Modular
from tutelage.adapter.o_lora import OLora
from tutelage.adapter.prefix import Prefix
from tutelage.adapter.prompt import Prompt
from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.digest import digest
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.core.writing import Turn
from tutelage.kit.privacy import Privacy
from tutelage.kit.second_network import names
from tutelage.learn.gradient import Gradient
from tutelage.student.text.tiny import Tiny
from tutelage.toys import view

POOL = Table.of("sayings", {"text": ["one a", "two b", "three c", "four d"]}).pool()
BEGUN = Tiny(hidden=16, layers=3, heads=2, window=32).begin(POOL, stream(0, "student"))
SAID = np.array(["red", "blue", "green", "grey"], dtype=object)
LESSONS = (Block(Rows(POOL, np.arange(4)), None, Text, {"text": SAID}, "file", np.zeros(4), np.ones(4)),)
IDS = torch.arange(3, 11)[None]
SMALL = {"width": 8, "layers": 2, "heads": 2}
UP = "model.second_network.up.weight"


def taught(student, passes: float = 30, adapter=None, **more):
    how = Gradient(**{"passes": passes, "lr": 1e-2, "batch": 2, "adapter": adapter or Modular(**SMALL), **more})
    return how.learn((Stage(LESSONS),), None, view(POOL, student=student), stream(0, "learn"))


def weights(module) -> dict[str, str]:
    """Bytes of every parameter, by the name that it has in a model that carries nothing."""
    return {
        name.replace(".base_layer.", "."): digest(save({"w": one.detach().contiguous()}))
        for name, one in module.named_parameters()
    }


LAST, INSIDE = taught(BEGUN, 60).student, taught(BEGUN, adapter=Modular(**SMALL, at=1)).student
BOTH = pytest.mark.parametrize("student", [LAST, INSIDE], ids=["behind the last layer", "behind the first"])


@pytest.mark.parametrize(("student", "at"), [(LAST, 3), (INSIDE, 1)])
def test_the_sum_by_hand(student, at: int) -> None:
    """h_at + U s, s of the network alone on the same tokens; the layers above read the sum, the head its normalised end."""
    module, plain = student.module, BEGUN.module
    trunk, second = plain.model.model, module.model.second_network
    with torch.no_grad():
        state = plain.states(type("B", (), {"inputs": {"ids": IDS[None]}}), 0)
        assert second.settings == {**SMALL, "at": at} and second.net.embed_tokens.weight.shape == (259, 8)
        places = torch.arange(IDS.shape[1])[None]
        mask = torch.full((8, 8), -torch.inf).triu(1)[None, None]
        for number, layer in enumerate(trunk.layers, 1):
            turned = trunk.rotary_emb(state, position_ids=places)
            state = layer(state, attention_mask=mask, position_embeddings=turned, position_ids=places)
            if number == at:
                state = state + second.net(input_ids=IDS, use_cache=False).last_hidden_state @ second.up.weight.T
        torch.testing.assert_close(module.logits(IDS), plain.head(trunk.norm(state)), rtol=0, atol=1e-5)
    assert not second.said, "nothing is held when it has answered"


@pytest.mark.parametrize("at", [1, 2, None])
def test_with_zero_projection_it_is_the_base(at: int | None) -> None:
    with torch.no_grad():
        opened = Modular(at=at).open(BEGUN.module, stream(0, "learn"))
        assert torch.equal(opened.module.logits(IDS), BEGUN.module.logits(IDS))
        assert torch.equal(opened.module.model(IDS).logits, BEGUN.module.model(IDS).logits), "in a cache it makes, too"
    assert set(opened.groups[0].names) == set(names(opened.module))
    moved = {name for name in names(opened.module) if bool(opened.module.get_parameter(name).detach().any())}
    assert set(names(opened.module)) - moved == {UP}


@BOTH
def test_frozen_weights_are_the_same_to_the_bit(student) -> None:
    before, after = weights(BEGUN.module), weights(student.module)
    assert {name for name in before if before[name] != after[name]} == set()
    assert set(after) - set(before) == set(student.state.arrays) and student.fingerprint != BEGUN.fingerprint
    assert student.logprob(POOL.texts(), SAID).sum() > BEGUN.logprob(POOL.texts(), SAID).sum() + 1


def test_first_the_projection_moves_then_the_network() -> None:
    """U is 0, so the first slope at the network is 0 and the first step, without decay, moves U alone."""
    begun = weights(Modular(**SMALL).open(BEGUN.module, stream(0, "learn").spawn(4)[2]).module)
    one, two = (weights(taught(BEGUN, passes, batch=4).student.module) for passes in (1, 2))
    assert {name for name in begun if begun[name] != one[name]} == {UP}
    assert {name for name in begun if one[name] != two[name]} == {name for name in begun if "second_network" in name}


def test_how_many_numbers_move_is_told() -> None:
    """259 tokens by 8; two layers of 4 8^2 in attention, 3 8 32 between, 2 8 of norms; the last norm; U 16 by 8."""
    assert taught(BEGUN, 1).facts["moving"] == 259 * 8 + 2 * (4 * 64 + 3 * 8 * 32 + 2 * 8) + 8 + 16 * 8
    assert taught(BEGUN, 1, Lora(r=2)).facts["moving"] == 3 * 2 * 2 * (16 + 16)
    every = sum(one.numel() for one in BEGUN.module.parameters())
    assert taught(BEGUN, 1, Full()).facts["moving"] == every


def test_also_opens_the_layers_above_and_says_what_it_cannot_find() -> None:
    """The paper's division: below the sum frozen, above it trained."""
    above = Modular(**SMALL, at=1, also=("model[.]layers[.][12][.]", "model[.]norm"))
    moved = {name for name in taught(BEGUN, 2, above).student.state.arrays if "second_network" not in name}
    assert moved == {name for name in weights(BEGUN.module) if "layers.1." in name or "layers.2." in name} | {
        "model.model.norm.weight"
    }
    below = taught(BEGUN, 2, Modular(**SMALL, at=1, also=("model[.]layers[.]0[.]mlp[.]up",))).student
    assert "model.model.layers.0.base_layer.mlp.up_proj.weight" in below.state.arrays
    with pytest.raises(Refused, match="no parameter has 'layers.9'"):
        taught(BEGUN, 1, Modular(also=("layers.9",)))


@BOTH
def test_writing_token_by_token_is_reading_at_once(student) -> None:
    """Keys and values of both networks stand in one cache, also where prompts of unlike length are padded."""
    prompts = [*POOL.texts(), "then it is four d"]
    written = student.write(prompts, 1, stream(0, "w"), max_tokens=8, temperature=0.0).texts[:, 0]
    assert (written[:4] == SAID).sum() >= 3, "or there is nothing to compare"
    module, frame = student.module, student._frame
    for prompt, text in zip(prompts, written, strict=True):
        ids = frame.ids((Turn("user", prompt),))
        start = len(ids)
        with torch.no_grad():
            while len(ids) < start + 8 and ids[-1] != frame.end:
                ids.append(int(module.logits(torch.tensor([ids]))[0, -1].argmax()))
        assert frame.tokenizer.decode([one for one in ids[start:] if one != frame.end]) == text


@BOTH
def test_a_batch_of_one_is_a_padded_batch(student) -> None:
    """Prompts that share a beginning and are of unlike length, judged together and alone, and read by the module."""
    prompts = [*POOL.texts(), "then it is four d"]
    judged = student.logprob(prompts, ["red", "grey", "blue", "green", "re"])
    alone = np.concatenate(
        [
            student.logprob([one], [said])
            for one, said in zip(prompts, ["red", "grey", "blue", "green", "re"], strict=True)
        ]
    )
    np.testing.assert_allclose(judged, alone, atol=1e-5)
    encoded, module = student.encode(LESSONS), student.module
    with torch.no_grad():
        whole = module.token_logprobs(encoded.batch(np.arange(4))).logprobs.sum(2)[:, 0]
        each = torch.cat(
            [module.token_logprobs(encoded.batch(np.array([row]))).logprobs.sum(2)[:, 0] for row in range(4)]
        )
    torch.testing.assert_close(whole, each, rtol=0, atol=1e-5)


@BOTH
def test_it_is_saved_loaded_and_goes_on(student, tmp_path: Path) -> None:
    student.save(tmp_path / "s")
    back = student.maker.load(tmp_path / "s")
    assert back.fingerprint == student.fingerprint and weights(back.module) == weights(student.module)
    assert (back.logprob(POOL.texts(), SAID) == student.logprob(POOL.texts(), SAID)).all()
    how = Modular(**SMALL, at=student.module.model.second_network.settings["at"])
    first = taught(BEGUN, 2, how)
    now = view(POOL, student=first.student)._replace(memory=first.memory)
    second = Gradient(passes=2, lr=1e-2, batch=2, adapter=how).learn((Stage(LESSONS),), None, now, stream(1, "l"))
    assert set(second.student.state.arrays) == set(first.student.state.arrays)
    assert second.facts["loss"] < first.facts["loss"]


@pytest.mark.parametrize("other", [Lora(r=2), OLora(r=2), KAdapter(k=1), Prompt(length=2), Prefix(length=2)])
def test_one_adapter_at_a_time(other) -> None:
    """Whichever came first."""
    with pytest.raises(Refused, match="carries a second network|carries another adapter already"):
        taught(LAST, 1, other)
    with pytest.raises(Refused, match="carries another adapter already|has a learned prompt"):
        taught(taught(BEGUN, 1, other).student, 1)


def test_what_is_refused(tmp_path: Path) -> None:
    for other in (Modular(**{**SMALL, "layers": 1}), Modular(**SMALL, at=2)):
        with pytest.raises(Refused, match="a second network of width 8, layers 2, heads 2, at 3, asked for is width 8"):
            taught(LAST, 1, other)
    assert taught(LAST, 1, Modular(**SMALL, at=3)).facts["updates"] == 2, "the last layer, said otherwise"
    with pytest.raises(Refused, match="behind layer 4 of 3"):
        taught(BEGUN, 1, Modular(at=4))
    with pytest.raises(ValueError, match="3 heads do not share a width of 8"):
        Modular(width=8, heads=3)
    with pytest.raises(Refused, match="no other library reads a second network"):
        LAST.export(tmp_path / "out")


@BOTH
def test_layers_computed_again_and_private_steps_without_noise_learn_the_same(student) -> None:
    how = Modular(**SMALL, at=student.module.model.second_network.settings["at"])
    plain = taught(BEGUN, 3, how, batch=0, optimiser="sgd", lr=0.1).student.state.arrays
    again = taught(BEGUN, 3, how, batch=0, optimiser="sgd", lr=0.1, recompute=True).student.state.arrays
    none = Privacy(sigma=0.0, clip=np.inf)
    apart = taught(BEGUN, 3, how, batch=0, optimiser="sgd", lr=0.1, privacy=none).student.state.arrays
    assert plain.keys() == again.keys() == apart.keys()
    for name, value in plain.items():
        np.testing.assert_allclose(again[name], value, atol=1e-7, err_msg=name)
        np.testing.assert_allclose(apart[name], value, atol=1e-6, err_msg=name)


def test_luck_is_that_of_the_run() -> None:
    state = torch.get_rng_state()
    one, two = (Modular().open(BEGUN.module, stream(0, "learn")).module for _ in range(2))
    other = Modular().open(BEGUN.module, stream(1, "learn")).module
    assert weights(one) == weights(two) != weights(other) and torch.equal(torch.get_rng_state(), state)
