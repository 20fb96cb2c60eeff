"""Pretrained encoders under a linear head: shared weights, a module with its faces, vectors of texts.

The weights of a model are loaded once a process and never moved. Every module is a copy of the structure alone: its
parameters are its own, and the numbers under them stay where they are, shared, until somebody who wants to move one
copies it (kit.descent does so with what an adapter opens).

Positions and token types are always handed over in full, (b, t): libraries that clip the gradient of each text
need it so. Padding stands at the end and is seen by nobody.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from accelerate.utils import send_to_device
from transformers import AutoConfig, AutoModel
from transformers.utils import logging

from tutelage.core.data import Array, Floats32, Ints, Itself, Lessons
from tutelage.core.descent import Batch
from tutelage.core.errors import ContractBroken, Fault, Refused
from tutelage.kit.blocks import Columns, columns
from tutelage.kit.descent import as_tensors
from tutelage.kit.device import device, of
from tutelage.kit.matrices import multiplied
from tutelage.kit.threads import one_thread
from tutelage.student.text._family import KINDS, shape
from tutelage.student.text._shared import differs, twin
from tutelage.student.text._tokens import Tokens
from tutelage.student.text._top import Top


def sizes(folder: Path) -> tuple[int, ...]:
    """Entries of the matrices that every token is multiplied by, from the inputs up; nothing is loaded."""
    with torch.device("meta"):
        made = AutoModel.from_config(AutoConfig.from_pretrained(folder, local_files_only=True))
    return tuple(size for name, size in multiplied(made).items() if not name.startswith("pooler."))


@functools.lru_cache(maxsize=2)
def base(folder: Path, print_: str) -> Any:
    """The model as it was pretrained, float32. Refused when its files lack a weight. print_: of those files."""
    options = {"add_pooling_layer": False} if KINDS[shape(folder).kind].pooler else {}
    with _quiet():
        made, told = AutoModel.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, local_files_only=True, trust_remote_code=False,
            output_loading_info=True, **options,
        )  # fmt: skip
    if told["missing_keys"]:
        lacking = ", ".join(sorted(told["missing_keys"])[:3])
        raise Refused(Fault("student.model", f"{folder} lacks {len(told['missing_keys'])} weights: {lacking} ..."))
    return made.eval().requires_grad_(False).to(device())


class Classifier(torch.nn.Module):  # type: ignore[misc]
    """scores = V pool(h_1 .. h_t) + v, h the last states of the body."""

    def __init__(self, body: Any, head: Any, pooling: str) -> None:
        super().__init__()
        self.body, self.head, self.pooling = body, head, pooling

    def vectors(self, batch: Batch, side: str = "") -> Any:
        """(b, d) float32: the mean of a text's states, or the first."""
        ids, mask = batch.inputs["ids"], batch.inputs["mask"]
        kind, config = KINDS[self.body.config.model_type], self.body.config
        first = config.pad_token_id + 1 if kind.behind else 0
        seats = torch.arange(first, first + ids.shape[1], device=ids.device).repeat(len(ids), 1)
        types = {"token_type_ids": torch.zeros_like(ids)} if kind.types else {}
        states = self.body(input_ids=ids, attention_mask=mask, position_ids=seats, **types).last_hidden_state.float()
        if self.pooling == "first":
            return states[:, 0]
        shown = mask.to(states.dtype)
        return (states * shown[:, :, None]).sum(1) / shown.sum(1, keepdim=True).clamp(min=1)

    def scores(self, batch: Batch) -> Any:
        """(b, C) float32"""
        return self.head(self.vectors(batch)).float()


class Read(NamedTuple):
    """Implements core.descent.Encoded: texts as tokens."""

    tokens: Tokens
    filler: int
    held: Columns
    weight: Any

    @property
    def lengths(self) -> Ints | None:
        return self.tokens.lengths

    def batch(self, rows: Ints) -> Batch:
        rows = np.asarray(rows, dtype=np.int64)
        kind, given = self.held.of(rows)
        return Batch(
            kind, inputs(self.tokens, rows, self.filler), as_tensors(given), self.weight[torch.from_numpy(rows)]
        )


def read(held: Tokens, filler: int, lessons: Lessons) -> Read:
    """These lessons, one for each of the texts. ContractBroken for bags."""
    if any(block.about.starts is not None for block in lessons):
        raise ContractBroken("a student of texts reads lessons about one row each, not bags")
    given = columns(lessons)
    return Read(held, filler, given, torch.from_numpy(given.weight.astype(np.float32)))


def inputs(held: Tokens, rows: Ints, filler: int) -> dict[str, Any]:
    """What a Classifier reads of these texts: (b, t) ids and mask, t the longest of them."""
    ids, mask = held.batch(rows, filler)
    return {"ids": torch.from_numpy(ids), "mask": torch.from_numpy(mask)}


def classifier(body: Any, moved: Mapping[str, Array], top: Top, pooling: str, dropout: float | None) -> Classifier:
    """A module over the numbers of `body`, those of `moved` in their place; the head's are copies."""
    named = dict(body.named_parameters())
    if not moved.keys() <= named.keys():
        raise ContractBroken(f"the model has no weights called {', '.join(sorted(moved.keys() - named.keys()))}")
    made = twin(body, moved).requires_grad_(True)
    for layer in made.modules():
        if isinstance(layer, torch.nn.Dropout) and dropout is not None:
            layer.p = dropout
    head = torch.nn.Linear(top.weight.shape[1], 1, device="meta")  # no weights are drawn, so no luck is used up
    head.out_features = len(top.weight)
    head.weight, head.bias = (torch.nn.Parameter(torch.from_numpy(part.copy())) for part in top)
    whole = Classifier(made, head, pooling)
    whole.eval()
    head.to(of(made))
    return whole


def differences(body: Any, module: Any) -> dict[str, Array]:
    """The weights of a module's body that are not those of `body`, as float32 arrays of their own."""
    before, now = dict(body.named_parameters()), dict(module.body.named_parameters())
    if before.keys() != now.keys():
        strange = ", ".join(sorted(before.keys() ^ now.keys())[:3])
        raise ContractBroken(f"a student of this model cannot keep a module with other weights: {strange} ...")
    changed = {name: differs(parameter, before[name]) for name, parameter in now.items()}
    return {name: value for name, value in changed.items() if value is not None}


def vectors(module: Any, held: Tokens, filler: int, size: int) -> Floats32:
    """(n, d) what the head reads of each text, in the order given; one thread, no luck."""
    made, place = np.zeros((len(held.lengths), module.head.in_features), dtype=np.float32), of(module)
    with one_thread(), torch.inference_mode():
        for rows in held.by_length(size):
            shown = send_to_device(inputs(held, rows, filler), place)
            made[rows] = module.vectors(Batch(Itself, shown, {}, None)).cpu().numpy()
    return made


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bar and no report of unused weights while a model is loaded."""
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
