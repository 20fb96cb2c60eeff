"""A student that writes letters, in torch, and lessons for it: for docstrings and tests, never for results.

    p(letter | before, prompt) = softmax( W tanh(E[before] + mean of E over the prompt's letters) )

A reply ends with "." unless its lesson says that it is not whole. Other characters are not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch

from tutelage.core.data import Block, Ints, Itself, Lessons, Preference, Replies, Rng, Rows, Supervision, Table, Text
from tutelage.core.descent import Batch, Encoded, Said
from tutelage.core.digest import digest
from tutelage.kit.blocks import Columns, columns
from tutelage.kit.descent import as_tensors

LETTERS = ".abcdefgh "  # the first one ends a reply
WIDTH = 3


class Letters(torch.nn.Module):  # type: ignore[misc]
    """Faces `token_logprobs` and `states`; in training it may drop units out."""

    def __init__(self, weights: Mapping[str, Any], dropout: float = 0.0) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(len(LETTERS), WIDTH)
        self.drop = torch.nn.Dropout(dropout)
        self.head = torch.nn.Linear(WIDTH, len(LETTERS), bias=False)
        self.load_state_dict({name: torch.as_tensor(value).clone() for name, value in weights.items()})

    def token_logprobs(self, batch: Batch) -> Said:
        """(b, r, t) of the letters and the end of every reply."""
        inputs = batch.inputs
        logs = torch.log_softmax(self.head(self._hidden(batch)), dim=-1)
        told = logs.gather(3, inputs["said"][..., None])[..., 0]
        return Said(torch.where(inputs["mask"], told, 0.0), inputs["mask"])

    def states(self, batch: Batch, layer: int) -> Any:
        """(b, t, 3) of the first reply; layer 0 the embeddings, any other one what the head reads."""
        return self.embed(batch.inputs["before"][:, 0]) if layer == 0 else self._hidden(batch)[:, 0]

    def _hidden(self, batch: Batch) -> Any:
        prompt = batch.inputs["prompt"].to(self.embed.weight.dtype) @ self.embed.weight
        return self.drop(torch.tanh(self.embed(batch.inputs["before"]) + prompt[:, None, None]))


class Says:
    """A face alone: these log-probabilities, b lessons of r replies of any length, none for a reply that is absent."""

    def __init__(self, logprobs: Sequence[Sequence[Sequence[float]]]) -> None:
        r, t = max(len(some) for some in logprobs), max(len(reply) for some in logprobs for reply in some)
        told, mask = np.zeros((len(logprobs), r, t)), np.zeros((len(logprobs), r, t), dtype=bool)
        for i, some in enumerate(logprobs):
            for j, reply in enumerate(some):
                told[i, j, : len(reply)], mask[i, j, : len(reply)] = reply, True
        self.said = Said(torch.from_numpy(told).requires_grad_(), torch.from_numpy(mask))

    def token_logprobs(self, batch: Batch) -> Said:
        """What it was made of."""
        return self.said


class Read(NamedTuple):
    """Implements core.descent.Encoded."""

    prompts: tuple[str, ...]
    replies: tuple[tuple[str | None, ...], ...]  # letters with the end where it is taught
    held: Columns

    @property
    def lengths(self) -> Ints | None:
        longest = [max(len(reply or "") for reply in some) for some in self.replies]
        return np.array([len(prompt) for prompt in self.prompts], dtype=np.int64) + np.array(longest, dtype=np.int64)

    def batch(self, rows: Ints) -> Batch:
        kind, given = self.held.of(rows)
        prompts, replies = [self.prompts[row] for row in rows], [self.replies[row] for row in rows]
        r = max(len(some) for some in replies)
        t = max((len(reply or "") for some in replies for reply in some), default=0)
        before, said = np.zeros((2, len(rows), r, t), dtype=np.int64)
        mask = np.zeros((len(rows), r, t), dtype=bool)
        for i, some in enumerate(replies):
            for j, reply in enumerate(some):
                codes = [LETTERS.index(letter) for letter in reply or ""]
                said[i, j, : len(codes)], mask[i, j, : len(codes)] = codes, True
                before[i, j, 1 : len(codes)] = codes[:-1]
        inputs = as_tensors({"before": before, "said": said, "mask": mask, "prompt": _shares(prompts)})
        weight = torch.from_numpy(self.held.weight[rows].astype(np.float32))
        return Batch(kind, inputs, as_tensors(given), weight)


@dataclass(frozen=True, eq=False)
class Writer:
    """Implements CanDescend, and nothing more that a loop would ask."""

    weights: Mapping[str, Any]  # the module's state
    dropout: float = 0.0

    @property
    def fingerprint(self) -> str:
        return digest({name: np.asarray(value) for name, value in self.weights.items()}, self.dropout)

    @property
    def module(self) -> Any:
        return Letters(self.weights, self.dropout)

    def with_module(self, module: Any) -> Writer:
        state = {name: value.detach().cpu().clone() for name, value in module.state_dict().items()}
        return replace(self, weights=state)

    def encode(self, lessons: Lessons) -> Encoded:
        prompts = [text for block in lessons for text in block.about.examples().texts()]
        replies = [some for block in lessons for some in _replies(block)]
        return Read(tuple(prompts), tuple(replies), columns(lessons))


def writer(rng: Rng, dropout: float = 0.0) -> Writer:
    """A student with weights drawn from a normal distribution."""
    shape = (len(LETTERS), WIDTH)
    drawn = {name: rng.normal(size=shape).astype(np.float32) for name in ("embed.weight", "head.weight")}
    return Writer({name: torch.from_numpy(value) for name, value in drawn.items()}, dropout)


def texts(given: Sequence[tuple[str, str]]) -> Lessons:
    """Lessons of (prompt, text)."""
    return _block(Text, [row[0] for row in given], {"text": _objects([row[1] for row in given])})


def preferences(given: Sequence[tuple[str, str, str]]) -> Lessons:
    """Lessons of (prompt, chosen, rejected)."""
    pairs = {"chosen": _objects([row[1] for row in given]), "rejected": _objects([row[2] for row in given])}
    return _block(Preference, [row[0] for row in given], pairs)


def replies(given: Sequence[tuple[str, Sequence[str | None], Sequence[float]]], ends: Any = None) -> Lessons:
    """Lessons of (prompt, k replies, k rewards); ends (n, k) bool: whether a reply is whole."""
    held = {"texts": np.array([list(row[1]) for row in given], dtype=object),
            "rewards": np.array([list(row[2]) for row in given], dtype=np.float32)}  # fmt: skip
    held |= {} if ends is None else {"ends": np.asarray(ends, dtype=bool)}
    return _block(Replies, [row[0] for row in given], held)


def _block(kind: type[Supervision], prompts: list[str], given: Mapping[str, Any]) -> Lessons:
    about = Rows(Table.of("letters", {"text": prompts}).pool(), np.arange(len(prompts)))
    return (Block(about, None, kind, given, "toy", np.zeros(len(prompts)), np.ones(len(prompts))),)


def _replies(block: Block) -> list[tuple[str | None, ...]]:
    end = LETTERS[0]
    if block.kind is Preference:
        pairs = zip(block.given["chosen"], block.given["rejected"], strict=True)
        return [(chosen + end, rejected + end) for chosen, rejected in pairs]
    if block.kind is Replies:
        whole = block.given.get("ends", np.ones(block.given["texts"].shape, dtype=bool))
        each = zip(block.given["texts"], whole, strict=True)
        return [tuple(None if text is None else text + end * bool(closed) for text, closed in zip(*row, strict=True))
                for row in each]  # fmt: skip
    told = block.about.examples().texts() if block.kind is Itself else block.given["text"]
    return [(text + end,) for text in told]


def _shares(prompts: Sequence[str]) -> Any:
    """(b, letters) how often each letter stands in each prompt, rows sum to 1 or are 0."""
    counts = np.array([[prompt.count(letter) for letter in LETTERS] for prompt in prompts], dtype=np.float32)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _objects(values: Sequence[Any]) -> Any:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
