"""Private learning of a small transformer: low-rank adapters that do learn, tied heads, frozen bases, one truth.

The fault these tests stand against, seen in other libraries: after private training with low-rank adapters one factor
has never moved, since its gradient was never clipped and added, or the optimiser held other parameters than were clipped.
"""

from typing import Any

import numpy as np
import pytest
import torch

from tutelage.core.data import Label
from tutelage.core.descent import Batch, Group, Opened
from tutelage.core.rng import stream
from tutelage.kit.ghost import squares
from tutelage.kit.private_descent import Draw, Noise, privately
from tutelage.kit.watched import watched
from tutelage.learn.gradient import Gradient

B, T, V = 6, 9, 40
NONE = Noise(clip=0.5, sigma=0.0, over=float(B))


def llama(tied: bool = True) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(vocab_size=V, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
                         num_key_value_heads=1, max_position_embeddings=32, tie_word_embeddings=tied)  # fmt: skip
    return _drawn(LlamaForCausalLM(config))


def gpt2() -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    return _drawn(GPT2LMHeadModel(GPT2Config(vocab_size=V, n_embd=16, n_layer=2, n_head=2, n_positions=32)))


def _drawn(model: Any) -> Any:
    rng = np.random.default_rng(3)
    with torch.no_grad():
        for one in model.parameters():
            if one.ndim > 1:
                one.copy_(torch.from_numpy(rng.normal(size=one.shape, scale=0.2).astype(np.float32)))
    return model


class Speaks(torch.nn.Module):
    """Log-probability of every next token but the padding, per lesson."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def losses(self, batch: Batch) -> Any:
        ids = batch.inputs
        logits = self.model(input_ids=ids, attention_mask=(ids > 0).long(), use_cache=False).logits[:, :-1]
        told = torch.log_softmax(logits, 2).gather(2, ids[:, 1:, None])[..., 0]
        return -(told * (ids[:, 1:] > 0)).sum(1) / (ids[:, 1:] > 0).sum(1)


class Own:
    accepts, needs, couples = frozenset(), frozenset(), False

    def losses(self, module: Any, batch: Batch, rng: Any) -> Any:
        return module.losses(batch)


def batch(seed: int = 0) -> Batch:
    ids = torch.from_numpy(np.random.default_rng(seed).integers(1, V, (B, T)))
    ids[1, 5:], ids[3, 7:] = 0, 0
    return Batch(Label, ids, {}, torch.ones(B))


def grafted(rank: int = 4) -> Speaks:
    from peft import LoraConfig, inject_adapter_in_model

    with torch.random.fork_rng():
        torch.set_rng_state(torch.Generator().manual_seed(0).get_state())
        return Speaks(
            inject_adapter_in_model(LoraConfig(r=rank, target_modules=["q_proj", "v_proj", "down_proj"]), llama())
        )


def opened(module: Any, keep: str = "") -> Opened:
    return Opened(module, (Group(tuple(name for name, _ in module.named_parameters() if keep in name)),))


def one_at_a_time(module: Any, one: Batch, clip: float) -> dict[str, torch.Tensor]:
    """The obvious private gradient: a batch of one lesson, a backward pass, a norm, a factor."""
    names = {name: p for name, p in module.named_parameters() if p.requires_grad}
    total = {name: torch.zeros_like(p) for name, p in names.items()}
    for i in range(len(one.weight)):
        loss = module.losses(one._replace(inputs=one.inputs[i : i + 1], weight=one.weight[i : i + 1]))[0]
        found = torch.autograd.grad(loss, list(names.values()))
        length = torch.cat([g.flatten() for g in found]).norm()
        for name, g in zip(names, found, strict=True):
            total[name] += g * min(1.0, clip / float(length))
    return total


def step(module: Any, draws: list[Draw], noise: Noise = NONE, keep: str = "", **how: Any) -> Any:
    before = {name: one.detach().clone() for name, one in module.named_parameters()}
    settings = Gradient(**{"optimiser": "sgd", "lr": 1.0, **how})
    done = privately(opened(module, keep), Own(), draws, len(draws), settings, noise, stream(0, "learn"))
    after = dict(done.done.module.named_parameters())
    return done, {name: after[name].detach() - old for name, old in before.items()}


@pytest.mark.parametrize("maker", [llama, lambda: llama(False), gpt2], ids=["llama tied", "llama", "gpt2 tied"])
def test_a_step_is_the_one_of_one_lesson_at_a_time(maker: Any) -> None:
    """Every parameter of a whole transformer, to 1e-5 of its size; the tied weight's cross term is in the norm."""
    module = Speaks(maker()).eval()
    right = one_at_a_time(module, batch(), 0.5)
    for p in module.modules():
        p.p = 0.0 if isinstance(p, torch.nn.Dropout) else getattr(p, "p", None)
    _, moved = step(module, [Draw([batch()], True)])
    wrong = [name for name, g in right.items() if (moved[name] + g / B).norm() > 1e-5 * (g / B).norm() + 1e-7]
    assert not wrong and len(right) == len(moved)


def test_low_rank_factors_are_clipped_and_both_move() -> None:
    """B starts at 0, so the first step moves B alone, as it must; from the second on A moves too. The base never does."""
    module = grafted()
    for name, p in module.named_parameters():
        p.requires_grad_("lora_" in name)
    right = one_at_a_time(module, batch(), 0.5)
    _, first = step(module, [Draw([batch()], True)], keep="lora_")
    for name, g in right.items():
        assert (first[name] + g / B).norm() <= 1e-5 * (g / B).norm() + 1e-7, name
    assert all(bool(move.any()) == ("lora_B" in name) for name, move in first.items())
    done, second = step(module, [Draw([batch(1)], True)], keep="lora_")
    assert all(bool(move.any()) == ("lora_" in name) for name, move in second.items())
    assert done.clipped == 1.0


def test_private_adapters_learn_the_lesson() -> None:
    """The loss falls by half with noise, and what the optimiser holds is what was clipped, and no more."""
    module = grafted(8)
    before = float(module.losses(batch()).mean().detach())
    noise = Noise(clip=0.1, sigma=0.3, over=float(B))
    done, _ = step(module, [Draw([batch()], True)] * 150, noise, "lora_", optimiser="adamw", lr=0.02)
    assert float(done.done.module.losses(batch()).mean().detach()) < before / 2
    assert set(done.done.state) == {name for name, _ in module.named_parameters() if "lora_" in name}


def test_the_norm_of_a_tied_weight_has_its_cross_term() -> None:
    """Without it the norm would be off: 2 <g_in, g_out> is far from 0 here."""
    module = Speaks(llama())
    names = {"model.model.embed_tokens.weight": module.model.get_input_embeddings().weight}
    for name, p in module.named_parameters():
        p.requires_grad_(name in names)
    with watched(module, names, B) as seen:
        kept = seen.checked(module.losses(batch()), names)[next(iter(names))]
    apart = squares(kept._replace(outer=None)) + squares(kept._replace(picked=None)) if kept.whole is None else None
    each = [torch.autograd.grad(module.losses(batch())[i], list(names.values()))[0].square().sum() for i in range(B)]
    torch.testing.assert_close(squares(kept), torch.stack(each), rtol=1e-4, atol=1e-6)
    assert apart is not None and ((apart - squares(kept)).abs() / squares(kept)).max() > 0.01
