"""What stands before every prompt as learned numbers: vectors in place of words, or the keys and values themselves.

All are given to a decoder as a cache that is already filled, n places long, so that everything else reads on from
there: `prompt` runs its n vectors through the model once, however many prompts follow; a row of prompts, one for each
episode, does the same with all of its vectors; `prefix` is that cache. `told` is what has to be kept of each beside its
parameters to make it again (`restored`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import DynamicCache

from tutelage.core.data import Rng
from tutelage.core.errors import Fault, Refused
from tutelage.kit.grafts import SECOND


class SoftPrompt(torch.nn.Module):  # type: ignore[misc]
    """n vectors of the width of the embeddings, read as if they were words (Lester, Al-Rfou and Constant 2021)."""

    kind, read = "prompt", True

    def __init__(self, values: Any) -> None:
        super().__init__()
        self.values = torch.nn.Parameter(values)  # (n, d)

    @property
    def told(self) -> str:
        return self.kind

    @property
    def length(self) -> int:
        return len(self.values)

    def cache(self, model: Any) -> DynamicCache:
        """Filled for a batch of one."""
        return read(model, self.values)


class PromptRow(torch.nn.Module):  # type: ignore[misc]
    """Prompts of T episodes, P_T first and P_1 right before the text (Razdaibiedina and others 2023).

    opened: how often it was opened to learn. Its parameters are `episode_1` to `episode_T`, (n, d) each.
    """

    kind, read = "prompt row", True

    def __init__(self, opened: int, prompts: Sequence[Any]) -> None:
        super().__init__()
        self.opened, self.count = opened, len(prompts)
        for number, values in enumerate(prompts, 1):
            self.register_parameter(f"episode_{number}", torch.nn.Parameter(values))

    @property
    def told(self) -> str:
        return f"{self.kind} {self.opened}"

    @property
    def prompts(self) -> list[Any]:
        """Of the episodes in turn, the first one's first."""
        return [self.get_parameter(f"episode_{number + 1}") for number in range(self.count)]

    def first(self, count: int) -> PromptRow:
        """The prompts of the first so many episodes, `opened` as often as if all of them had been as many calls."""
        return PromptRow(self.opened // self.count * count, [one.detach() for one in self.prompts[:count]])

    @property
    def values(self) -> Any:
        """All vectors in the order in which they are read."""
        return torch.cat(self.prompts[::-1])

    @property
    def length(self) -> int:
        return sum(map(len, self.prompts))

    def cache(self, model: Any) -> DynamicCache:
        """Filled for a batch of one."""
        return read(model, self.values)


class Prefix(torch.nn.Module):  # type: ignore[misc]
    """Keys and values of n places in every layer (Li and Liang 2021), without their reparametrisation."""

    kind = "prefix"
    read = False  # keys and values stand there as they are

    def __init__(self, values: Any) -> None:
        super().__init__()
        self.values = torch.nn.Parameter(values)  # (n, layers, 2, heads, width): key, then value

    @property
    def told(self) -> str:
        return self.kind

    @property
    def length(self) -> int:
        return len(self.values)

    def cache(self, model: Any) -> DynamicCache:
        """Filled for a batch of one."""
        made = DynamicCache(config=model.config)
        for layer, pair in enumerate(self.values.to(model.dtype).permute(1, 2, 3, 0, 4)):
            made.update(pair[0][None], pair[1][None], layer)
        return made


BEFORE = {"prompt": SoftPrompt, "prefix": Prefix}


def restored(told: str, arrays: Mapping[str, Any]) -> Any:
    """What told this of itself, with these tensors, by the names of its parameters."""
    row = re.fullmatch(rf"{PromptRow.kind} (\d+)", told)
    if row is None:
        return BEFORE[told](arrays["values"])
    return PromptRow(int(row[1]), [arrays[f"episode_{number + 1}"] for number in range(len(arrays))])


def body(model: Any) -> Any:
    """The decoder under the head of a causal language model."""
    return model.get_decoder()


def read(model: Any, vectors: Any) -> DynamicCache:
    """The cache of a batch of one behind these vectors (n, d), read as if they were words."""
    made = DynamicCache(config=model.config)
    places = torch.arange(len(vectors), device=vectors.device)[None]
    body(model)(inputs_embeds=vectors[None].to(model.dtype), position_ids=places, past_key_values=made,
                use_cache=True)  # fmt: skip
    return made


def repeated(cache: DynamicCache, times: int) -> DynamicCache:
    """The cache of a batch of one for a batch of `times`; nothing is copied before a layer grows."""
    for layer in cache.layers:
        layer.keys, layer.values = (one.expand(times, -1, -1, -1) for one in (layer.keys, layer.values))
    return cache


def activations(model: Any, ids: Any) -> Any:
    """(n, layers, 2, heads, width) keys and values that the model has after reading these n tokens."""
    cache = DynamicCache(config=model.config)
    with torch.no_grad():
        body(model)(input_ids=ids[None], past_key_values=cache, use_cache=True)
    pairs = [torch.stack([layer.keys[0], layer.values[0]]) for layer in cache.layers]
    return torch.stack(pairs).permute(3, 0, 1, 2, 4).float().clone()


def placed(module: Any, kind: str, length: int) -> bool:
    """Whether the module has such a learned prompt already. Refused when it has another one, or a second network."""
    if module.before is None:
        unread(module)
        return False
    if (module.before.kind, module.before.length) != (kind, length):
        what = f"the student has a learned {module.before.kind} of {module.before.length} places"
        raise Refused(Fault("learn.adapter", what, "the same settings in every round, or restart: true"))
    return True


def unread(module: Any) -> None:
    """Refused where a second network stands beside the model: it would not read what is put before every prompt."""
    if getattr(module.model, SECOND, None) is not None:
        what = "the student carries a second network, which reads tokens and no vectors in their place"
        raise Refused(Fault("learn.adapter", what, "restart: true"))


def prompted(module: Any, length: int, start: str, rng: Rng) -> None:
    """Put a prompt in front that starts as the embeddings of these tokens, unless one of this length is there."""
    if placed(module, "prompt", length):
        return
    module.before = SoftPrompt(begun(module, length, start, rng))


def begun(module: Any, length: int, start: str, rng: Rng) -> Any:
    """(length, d) the embeddings of the tokens that a prompt starts from."""
    embedding = module.model.get_input_embeddings()
    with torch.no_grad():
        return embedding(tokens(module, length, start, rng).to(embedding.weight.device)).float().clone()


def tokens(module: Any, length: int, start: str, rng: Rng) -> Any:
    """(length,) tokens to start from: those of `start` over and over, or different ones drawn from the vocabulary."""
    if not start:
        size = module.model.get_input_embeddings().weight.shape[0]
        return torch.from_numpy(rng.choice(size, size=length, replace=length > size))
    ids = module.tokens(start)
    return torch.tensor([ids[place % len(ids)] for place in range(length)])
