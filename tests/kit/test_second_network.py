"""A second network beside decoders of several kinds: 0 changes nothing, and step by step is at once."""

import copy

import pytest
import torch
import transformers

from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.kit.grafts import drawn
from tutelage.kit.second_network import Second, joined, names

SIZE = {"vocab_size": 40, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 32, "pad_token_id": 3}  # fmt: skip
WINDOW = {
    "sliding_window": 4,
    "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    "head_dim": 4,
}
KINDS = {
    "llama": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZE)),
    "qwen2": lambda: transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**SIZE)),
    "mistral": lambda: transformers.MistralForCausalLM(transformers.MistralConfig(**SIZE, sliding_window=4)),
    "gemma3": lambda: transformers.Gemma3ForCausalLM(transformers.Gemma3TextConfig(**SIZE, **WINDOW)),
}
IDS = torch.tensor([[5, 9, 11, 4, 7, 30, 31, 2], [8, 8, 3, 1, 0, 12, 14, 15]])


@pytest.fixture(params=[(kind, at) for kind in KINDS for at in (1, 3)], ids=str)
def pair(request: pytest.FixtureRequest):
    """A model with random weights, and the same one with a second network that says something."""
    kind, at = request.param
    with torch.random.fork_rng():
        torch.manual_seed(0)
        plain = KINDS[kind]().eval()
    model = copy.deepcopy(plain)
    joined(model, 8, 2, 2, at)
    return plain, model


def test_zero_is_the_model_and_step_by_step_is_at_once(pair) -> None:
    plain, model = pair
    with torch.no_grad():
        assert torch.equal(model(IDS, use_cache=False).logits, plain(IDS, use_cache=False).logits)
        drawn(model, names(model), (), stream(0, "drawn"))
        whole = model(IDS, use_cache=False).logits
        assert not torch.allclose(whole, plain(IDS, use_cache=False).logits, atol=1e-3), "or it says nothing"
        read = model(IDS[:, :5], use_cache=True)
        steps = [read.logits]
        for place in range(5, IDS.shape[1]):
            steps.append(model(IDS[:, place : place + 1], past_key_values=read.past_key_values, use_cache=True).logits)
    torch.testing.assert_close(torch.cat(steps, 1), whole, rtol=0, atol=1e-5)


def test_a_copy_is_whole(pair) -> None:
    """What a copy of the model reads goes through its own second network, not that of the first."""
    _, model = pair
    other = copy.deepcopy(model)
    drawn(other, names(other), (), stream(0, "drawn"))
    with torch.no_grad():
        assert not torch.equal(other(IDS).logits, model(IDS).logits)
    assert len([part for part in other.modules() if isinstance(part, Second)]) == 1


def test_models_without_a_row_of_layers_are_refused() -> None:
    gpt = transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=40, n_embd=16, n_layer=2, n_head=2))
    with pytest.raises(Refused, match="GPT2LMHeadModel has no row of layers for a second network"):
        joined(gpt, 8, 1, 2, 1)


def test_vectors_in_place_of_words_are_refused(pair) -> None:
    _, model = pair
    with pytest.raises(Refused, match="reads tokens, and vectors stand in their place"):
        model(inputs_embeds=torch.zeros(1, 2, 16))
