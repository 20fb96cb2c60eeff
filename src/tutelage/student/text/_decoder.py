"""A loaded decoder: log-probabilities of replies and new tokens, what prompts share being read once.

Prompts are padded at the end, so no token ever sees padding before it, and the positions behind it are masked out of
what follows; a score therefore depends on batch and order only through rounding. Logits are made float32 before the
softmax whatever the weights are, and only where they are needed. Everything is computed where the weights are, which
is what kit.device says.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, DynamicCache
from transformers.utils import logging

from tutelage.core.data import Floats, Ints
from tutelage.core.writing import Memory
from tutelage.kit.device import device, of
from tutelage.kit.pooling import by_length, padded
from tutelage.kit.threads import one_thread
from tutelage.student.text._continued import Read, continued
from tutelage.student.text._heard import Heard, logs, picked, selected

AT_ONCE = 32  # replies behind one prompt that are read together
SEGMENT = 64  # tokens of a reply whose logits are held at a time
Ids = Sequence[int]


class Asked(NamedTuple):
    """A prompt of at least one token and what may follow it."""

    prompt: Ids
    replies: Sequence[Ids]


class Decoder:
    """Weights and tokenizer, perhaps a learned prompt before all and a memory beside it; nothing of it changes."""

    def __init__(self, tokenizer: Any, model: Any, before: Any = None, memory: Memory | None = None) -> None:
        self.tokenizer, self.before, self.memory = tokenizer, before, memory
        self.model = model.eval().requires_grad_(False)
        if of(model).type != "meta":  # a model of shapes alone has nothing that could be somewhere
            self.model.to(device())

    @functools.cached_property
    def ends(self) -> frozenset[int]:
        """The tokens that end a reply."""
        held = [self.tokenizer.eos_token_id, self.model.generation_config.eos_token_id]
        flat = [one for item in held for one in (item if isinstance(item, list) else [item])]
        return frozenset(one for one in flat if one is not None)

    def scores(self, asked: Sequence[Asked], batch: int) -> list[list[Floats]]:
        """For each reply the log-probability of each of its tokens; a reply without tokens has none."""
        found: list[list[Floats]] = [[] for _ in asked]
        prompts = [one.prompt for one in asked]
        with one_thread():
            for rows, read in self._read(prompts, batch):
                for place, row in enumerate(rows.tolist()):
                    found[row] = self._replies(read, place, asked[row].replies)
        return found

    def write(
        self, prompts: Sequence[Ids], luck: Floats, temperature: float, ended: Callable[[Ids], bool], batch: int,
        never: Collection[int] = (),
    ) -> list[list[list[int]]]:  # fmt: skip
        """Tokens of k replies to each prompt, the one that ended a reply included. luck: (n, k, at most so many).

        never: tokens that are not said.
        """
        found: list[list[list[int]]] = [[] for _ in prompts]
        with one_thread():
            for rows, read in self._read(prompts, max(1, batch // max(luck.shape[1], 1))):
                wide = selected(read, np.repeat(np.arange(len(rows)), luck.shape[1]))
                lots = luck[rows].reshape(len(wide.lengths), -1)
                told = continued(self._next, wide, lots, temperature, ended, never)
                for place, row in enumerate(rows.tolist()):
                    found[row] = told[place * luck.shape[1] : (place + 1) * luck.shape[1]]
        return found

    def _read(self, prompts: Sequence[Ids], batch: int) -> Iterator[tuple[Ints, Read]]:
        """Batches of prompts of like length. What all prompts begin with is read once for all of them."""
        shared = _shared(prompts)
        begun = DynamicCache(config=self.model.config) if self.before is None else self._begun()
        held, place = begun.get_seq_length(), self.model.device
        if shared:
            self.forward(torch.tensor([list(prompts[0][:shared])], device=place),
                         torch.ones(1, held + shared, dtype=torch.long, device=place),
                         held + torch.arange(shared, device=place)[None], begun, 1)  # fmt: skip
        for rows in by_length(prompts, batch):
            ids, mask = (torch.from_numpy(part).to(place) for part in padded([prompts[row][shared:] for row in rows]))
            cache = picked(begun, torch.zeros(len(rows), dtype=torch.long, device=place))
            rest = mask.sum(1)
            ends, which = torch.unique(rest - 1, return_inverse=True)
            whole = torch.cat([torch.ones(len(rows), held + shared, dtype=torch.long, device=place), mask], 1)
            seats = held + shared + torch.arange(ids.shape[1], device=place).expand(len(rows), -1)
            heard = self.forward(ids, whole, seats, cache, ends).at(torch.arange(len(rows), device=place), which)
            yield rows, Read(cache, whole, held + shared + rest, logs(heard, self.memory))

    def _replies(self, read: Read, place: int, replies: Sequence[Ids]) -> list[Floats]:
        """Log-probabilities token by token of every reply to the prompt at `place` of a batch."""
        first, here = read.last[place], read.mask.device
        found = [[float(first[reply[0]])] if len(reply) else [] for reply in replies]
        longer = [number for number, reply in enumerate(replies) if len(reply) > 1]
        longer.sort(key=lambda number: len(replies[number]))
        for start in range(0, len(longer), AT_ONCE):
            numbers = longer[start : start + AT_ONCE]
            now = selected(read, np.full(len(numbers), place))
            ids, mask = (torch.from_numpy(part).to(here) for part in padded([replies[number] for number in numbers]))
            for begin in range(0, ids.shape[1] - 1, SEGMENT):
                end = min(begin + SEGMENT, ids.shape[1] - 1)
                now = now._replace(mask=torch.cat([now.mask, mask[:, begin:end]], 1))
                seats = now.lengths[:, None] + torch.arange(begin, end, device=here)
                heard = self.forward(ids[:, begin:end], now.mask, seats, now.cache, 0)
                said = logs(heard, self.memory).gather(2, ids[:, begin + 1 : end + 1, None])[:, :, 0]
                for one, number in enumerate(numbers):
                    count = max(min(len(replies[number]) - 1, end) - begin, 0)
                    found[number] += said[one, :count].tolist()
        return [np.array(one) for one in found]

    def _begun(self) -> Any:
        """A cache that holds the learned prompt."""
        with torch.inference_mode():
            return self.before.cache(self.model)

    def states(self, ids: Ids) -> Any:
        """(1, t, d) of every layer for one text, read alone; layer 0 the embeddings, -1 what the head reads."""
        cache = DynamicCache(config=self.model.config) if self.before is None else self._begun()
        held, place = cache.get_seq_length(), self.model.device
        with one_thread(), torch.inference_mode():
            told = self.model(
                input_ids=torch.tensor([list(ids)], device=place), past_key_values=cache, use_cache=True,
                attention_mask=torch.ones(1, held + len(ids), dtype=torch.long, device=place),
                position_ids=held + torch.arange(len(ids), device=place)[None], logits_to_keep=1,
                output_hidden_states=True,
            )  # fmt: skip
            return told.hidden_states

    def forward(self, ids: Any, mask: Any, seats: Any, cache: Any, keep: Any) -> Heard:
        """What is heard at the positions `keep` (their numbers, or how many from the end, 0: all); the cache grows."""
        with torch.inference_mode():
            told = self.model(
                input_ids=ids, attention_mask=mask, position_ids=seats, past_key_values=cache, use_cache=True,
                logits_to_keep=keep, output_hidden_states=self.memory is not None,
            )  # fmt: skip
            if self.memory is None:
                return Heard(told.logits)
            kept = slice(-keep if keep else None, None) if isinstance(keep, int) else keep
            return Heard(told.logits, told.hidden_states[self.memory.layer][:, kept])

    def _next(self, ids: Any, mask: Any, seats: Any, cache: Any) -> Any:
        """(b, V) log-probabilities of the token behind these; the cache grows."""
        return logs(self.forward(ids, mask, seats, cache, 1).at(slice(None), -1), self.memory)


@functools.lru_cache(maxsize=1)  # one slot a process: a second model takes the place of the first
def decoder(folder: Path, precision: str) -> Decoder:
    """The loaded model, shared by every student of this process that is made of it."""
    kind = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    with quiet():
        given: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(folder, **given)
        return Decoder(
            tokenizer, AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, dtype=kind, **given)
        )


@functools.lru_cache(maxsize=4)
def outlined(folder: Path) -> Decoder:
    """The tokenizer, and a model that has shapes and no numbers: nothing of its weights is read."""
    given: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder, **given), trust_remote_code=False)
    return Decoder(AutoTokenizer.from_pretrained(folder, **given), model)


def _shared(prompts: Sequence[Ids]) -> int:
    """How many tokens all of at least two prompts begin with, each keeping one of its own."""
    if len(prompts) < 2:
        return 0
    low, high = min(map(tuple, prompts)), max(map(tuple, prompts))
    most = min(map(len, prompts)) - 1
    return next((place for place in range(most) if low[place] != high[place]), most)


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bar while a model is loaded."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
