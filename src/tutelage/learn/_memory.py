"""The linear memory of a decoder: the matrix that ends a layer's feed-forward part, what it reads, what it writes.

A key is what the matrix reads at a token, (d,), a value what it gives there, (o,). Keys and values are float64 arrays;
a value is looked for in the model's own precision.

Longer than 200 lines: what is read at a token stands beside what is written there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from accelerate.utils import send_to_device

from tutelage.core.data import Floats, Ints
from tutelage.core.descent import Batch, Encoded
from tutelage.core.errors import Fault, Refused
from tutelage.kit.device import of
from tutelage.kit.matrices import multiplied
from tutelage.kit.soft_prompt import body

AT_ONCE = 32  # texts that are read at a time


class Memory(NamedTuple):
    """layer: its number from 0. matrix: torch's Linear, (o, d), perhaps with a bias."""

    layer: int
    matrix: Any
    name: str  # of its weight in the model

    @property
    def bias(self) -> Floats:
        """(o,)"""
        bias = self.matrix.bias
        return np.zeros(self.matrix.out_features) if bias is None else _array(bias)

    @property
    def weight(self) -> Floats:
        """(o, d), a copy."""
        return _array(self.matrix.weight)

    def put(self, weight: Floats) -> None:
        """Other numbers in place of the parameter's; its memory may be shared and stays as it is."""
        self.matrix.weight.data = torch.from_numpy(weight).to(self.matrix.weight)


class Spot(NamedTuple):
    """Texts as they are read, and in each the token at which the memory is looked at. batch: of Text lessons."""

    batch: Batch
    places: Ints  # (n,)
    lengths: Ints  # (n,) tokens that are read of each, padding not among them

    @property
    def positions(self) -> int:
        """How many tokens are read in one look at all of them."""
        return int(self.lengths.sum())


class Search(NamedTuple):
    """How a value is looked for: settings of `rank_one_edit`."""

    steps: int
    lr: float
    kl: float
    decay: float
    norm: float
    enough: float


class Found(NamedTuple):
    """value (o,). loss: nats a token of the new object, mean over the contexts, at that value.

    steps: updates made; there was one more look at the texts than that.
    """

    value: Floats
    loss: float
    steps: int


def memory(model: Any, layer: int | None, last: bool = False) -> Memory:
    """Of the layer of this number, None: the middle, of an even number the lower one of the two.

    Refused for a model without a row of layers, a layer that there is not, the last one unless `last`, as nothing
    behind it carries what it writes to other tokens, and a layer without one plain matrix from its inner width to the
    model's.
    """
    row = getattr(body(model), "layers", None)
    if not isinstance(row, torch.nn.ModuleList):
        raise Refused(Fault("learn", f"{type(model).__name__} has no row of layers to edit", "a text.causal student"))
    at = (len(row) - 1) // 2 if layer is None else layer
    most = len(row) - 1 if last else len(row) - 2
    if at > most:
        why = "" if at >= len(row) else ", and what the last one writes at the subject reaches no other token"
        what = f"layer {at} of {len(row)}, which are counted from 0{why}"
        raise Refused(Fault("learn.layer", what, f"a layer from 0 to {most}" if most >= 0 else "learn.at=prompt"))
    wide, inner = (getattr(model.config.get_text_config(), key, None) for key in ("hidden_size", "intermediate_size"))
    fits = [(name, one) for name, one in row[at].named_modules() if type(one) is torch.nn.Linear
            and (one.out_features, one.in_features) == (wide, inner)]  # fmt: skip
    if len(fits) != 1:
        what = f"layer {at} of {type(model).__name__} has {len(fits)} plain matrices from {inner} numbers to {wide}"
        raise Refused(Fault("learn", what, "a dense decoder, without an adapter on its feed-forward parts"))
    name, matrix = fits[0]
    whole = next(key for key, one in model.named_modules() if one is matrix)
    return Memory(at, matrix, f"{whole}.weight")


class Size(NamedTuple):
    """Entries of matrices that a token meets: in all, and those up to the memory's layer, where no slope goes."""

    every: float
    below: float
    inner: int  # d


def size(model: Any, found: Memory) -> Size:
    """Of a model, which may be one of shapes alone."""
    every = float(sum(multiplied(model).values()))
    row = body(model).layers[: found.layer + 1]
    return Size(every, float(sum(sum(multiplied(one).values()) for one in row)), int(found.matrix.in_features))


def second_moment(model: Any, where: Memory, encoded: Encoded) -> Floats:
    """(d, d) mean of k k^T over every token of these texts, summed up in float64."""
    lengths = np.asarray(encoded.lengths, dtype=np.int64)
    made, count = np.zeros((where.matrix.in_features,) * 2), 0
    order = np.argsort(lengths, kind="stable")
    for rows in np.split(order, range(AT_ONCE, len(order), AT_ONCE)):
        ids = encoded.batch(rows).inputs["ids"][:, 0]
        there = torch.arange(ids.shape[1]) < torch.from_numpy(lengths[rows])[:, None]
        keys = _array(_read(model, where, ids)[there.to(of(model))])
        made += keys.T @ keys
        count += len(keys)
    return made / max(count, 1)


def key(model: Any, where: Memory, spot: Spot) -> Floats:
    """(d,) mean of what the memory reads at the spot of every text."""
    ids = spot.batch.inputs["ids"][:, 0]
    made = [_array(_read(model, where, ids[rows])[torch.arange(len(rows)), torch.from_numpy(spot.places[rows])])
            for rows in np.split(np.arange(len(ids)), range(AT_ONCE, len(ids), AT_ONCE))]  # fmt: skip
    return np.asarray(np.concatenate(made).mean(axis=0))


def value(module: Any, where: Memory, start: Floats, asked: Spot, essence: Spot, how: Search) -> Found:
    """The value that makes the model say the lessons' objects, from `start` (o,) on, by Adam on

        mean nats a token of the object, over the texts of `asked`
        + kl D(next token behind the prompt of `essence`, with the value || without) + decay |z - start| / |start|^2

    with z put in place of what the memory gives at every spot. |z - start| stays within norm |start|. It ends after so
    many steps, or as soon as the whole is below `enough`, with a last look at what the value found is worth. Without a
    `kl` the essence is not read.
    """
    place = of(module)
    base = torch.from_numpy(start).to(place, torch.float32)
    asked, essence = (one._replace(batch=send_to_device(one.batch, place)) for one in (asked, essence))
    with torch.no_grad():
        before = _next(module, essence) if how.kl else None
    shift = torch.zeros_like(base, requires_grad=True)
    optimiser, most = torch.optim.Adam([shift], lr=how.lr), how.norm * float(base.norm())
    for step in range(how.steps + 1):
        with _writing(where, asked.places, lambda: base + shift):
            said = module.token_logprobs(asked.batch)
        each = -said.logprobs.sum((1, 2)) / said.mask.sum((1, 2)).clamp(min=1)
        loss, total = float(each.mean().detach()), each.mean()
        if how.kl:
            with _writing(where, essence.places, lambda: base + shift):
                now = _next(module, essence)
            total = total + how.kl * (now.exp() * (now - before)).sum()
        if how.decay:
            total = total + how.decay * shift.norm() / base.norm().square().clamp(min=torch.finfo(base.dtype).tiny)
        if step == how.steps or float(total.detach()) < how.enough:
            break
        (shift.grad,) = torch.autograd.grad(total, shift)
        optimiser.step()
        with torch.no_grad():
            shift.mul_((most / shift.norm().clamp(min=torch.finfo(base.dtype).tiny)).clamp(max=1.0))
    return Found(_array(base + shift), loss, step)


def _next(module: Any, spot: Spot) -> Any:
    """(V,) natural logs of the next token behind one prompt."""
    prompt = spot.batch.inputs["ids"][0, :, : int(spot.lengths[0])]
    return module.model(input_ids=prompt, use_cache=False, logits_to_keep=1).logits[0, -1].float().log_softmax(0)


def _read(model: Any, where: Memory, ids: Any) -> Any:
    """(b, t, d) what the memory reads."""
    seen: list[Any] = []
    hook = where.matrix.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        with torch.no_grad():
            body(model)(input_ids=ids.to(of(model)), use_cache=False)
    finally:
        hook.remove()
    return seen[0]


@contextmanager
def _writing(where: Memory, places: Ints, what: Callable[[], Any]) -> Iterator[None]:
    """While this lasts, the memory gives `what()` (o,) at one place of each row."""
    at = torch.from_numpy(places)

    def hook(_: Any, given: Any, out: Any) -> Any:
        marked = torch.zeros(out.shape[:2], dtype=torch.bool, device=out.device)
        marked[torch.arange(len(at)), at] = True
        return torch.where(marked[:, :, None], what().to(out.dtype), out)

    handle = where.matrix.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def _array(tensor: Any) -> Floats:
    made: Floats = tensor.detach().double().cpu().numpy().copy()
    return made
