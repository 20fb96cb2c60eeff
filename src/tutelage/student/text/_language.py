"""A language model as a module that learns: its faces, what it shares with the base, and its state as arrays.

A student is a base that all of a process share and a small state: whatever differs from the base or was added to it.
The module that is handed out is a copy in structure alone. Its parameters share the base's memory until somebody who
moves one takes a copy of it (kit.descent does), so a low-rank adapter costs its own size and no more.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from tutelage.core.descent import Batch, Said
from tutelage.core.errors import ContractBroken
from tutelage.kit.ghost_layers import of_lessons, rows_of
from tutelage.kit.grafts import BLOCKS, ROW, SECOND, STACK
from tutelage.kit.grown_blocks import grown
from tutelage.kit.pieces import in_pieces
from tutelage.kit.second_network import joined
from tutelage.kit.side_stack import raised
from tutelage.kit.soft_prompt import body, repeated, restored
from tutelage.student.text._shared import differs, twin
from tutelage.student.text._speaker import State

BEFORE = "before."  # parameters of what stands before every prompt
ADDED: Mapping[str, Callable[..., None]] = {STACK: raised, BLOCKS: grown, SECOND: lambda to, how: joined(to, **how)}
SCALES = ("logit_scale", "logits_scaling", "final_logit_softcapping")  # multiplied by, divided by, bent at
NEAR = 1e-3  # between the logits of the model and those of its head: rounding, far below any scaling


class Language(torch.nn.Module):  # type: ignore[misc]
    """Faces of a causal language model. `collapse`: how a label's tokens become one score, "mean", "sum" or "first"."""

    def __init__(self, model: Any, tokens: Callable[[str], Sequence[int]], collapse: str, before: Any = None) -> None:
        super().__init__()
        self.model, self.tokens, self.collapse, self.before = model, tokens, collapse, before

    @property
    def graft(self) -> Any:
        """Where peft puts its layers."""
        return self.model

    @property
    def head(self) -> Any:
        return self.model.get_output_embeddings()

    def token_logprobs(self, batch: Batch) -> Said:
        """float32; prompts and padding are masked out, and only what is said reaches the head."""
        b, r, t = batch.inputs["ids"].shape
        states, ids, _, places = self.spoken(batch)
        told = torch.zeros(b * r, t - 1, device=ids.device, dtype=torch.float32)
        told = told.masked_scatter(places, self._logprobs(states, ids))
        return Said(told.reshape(b, r, t - 1), places.reshape(b, r, t - 1))

    def scores(self, batch: Batch) -> Any:
        """(b, C) of the labels' words behind the question."""
        told = self.token_logprobs(batch)
        total = told.logprobs.sum(2)
        return total if self.collapse == "sum" else total / told.mask.sum(2).clamp(min=1)

    def states(self, batch: Batch, layer: int) -> Any:
        """(b, t, d) of the first reply and the prompt before it."""
        return self._read(batch.inputs["ids"][:, 0], True).hidden_states[layer]

    def logits(self, ids: Any) -> Any:
        """(b, t, V) float32 of whole sequences, for comparisons; training asks `token_logprobs`."""
        return self.token_logits(self._read(ids).last_hidden_state)

    def token_logits(self, states: Any) -> Any:
        """(n, V) float32 of the next token behind these states (n, d)."""
        return finished(self.model.config, self.head(states)).float()

    def spoken(self, batch: Batch) -> tuple[Any, Any, Any, Any]:
        """States (n, d) before each token that carries loss, those tokens and their lessons (n,), and where they stand,
        (b r, t - 1) bool. A reply that a lesson has not is not read.
        """
        ids, said = batch.inputs["ids"], batch.inputs["said"]
        b, r, t = ids.shape
        rows, places = ids.reshape(b * r, t), said.reshape(b * r, t)[:, 1:]
        owners = torch.arange(b, device=ids.device).repeat_interleave(r)
        lessons = owners[places.nonzero()[:, 0]]
        there = places.any(1) if r > 1 else slice(None)
        with rows_of(owners[there] if r > 1 else None):
            read = self._read(rows[there]).last_hidden_state
        states = of_lessons(read[:, :-1][places[there]], lessons)
        return states, rows[:, 1:][places], lessons, places

    def _read(self, ids: Any, layers: bool = False) -> Any:
        """Padding stands behind what is read, where nothing that counts can see it, so no mask is needed."""
        if self.before is None:
            return body(self.model)(input_ids=ids, use_cache=False, output_hidden_states=layers)
        cache = repeated(self.before.cache(self.model), len(ids))
        places = self.before.length + torch.arange(ids.shape[1], device=ids.device).expand(len(ids), -1)
        return body(self.model)(input_ids=ids, position_ids=places, past_key_values=cache, use_cache=True,
                                output_hidden_states=layers)  # fmt: skip

    def _logprobs(self, states: Any, ids: Any) -> Any:
        return in_pieces(self._of, self.head.weight.shape[0], states, ids)

    def _of(self, states: Any, ids: Any) -> Any:
        """Natural logs, summed up in float32 whatever the weights are."""
        logits = self.token_logits(states)
        return logits.gather(1, ids[:, None])[:, 0] - logits.logsumexp(1)


def finished(config: Any, logits: Any) -> Any:
    """What some models do to the logits of their head: scale them, or bend large ones back."""
    told = config.get_text_config()
    scale, over, cap = (getattr(told, name, None) for name in SCALES)
    logits = logits * scale if scale else logits
    logits = logits / over if over else logits
    return torch.tanh(logits / cap) * cap if cap else logits


def opened(base: Any, state: State, collapse: str = "mean") -> Language:
    """The base, a Decoder, with this state, as a module of its own over the memory of what nobody changed."""
    model = twin(base.model)
    told = json.loads(state.graft) if state.graft else {}
    added = next((key for key in ADDED if key in told), None)
    if added is not None:
        ADDED[added](model, told[added])
        model.requires_grad_(False)
    elif ROW in told:
        from tutelage.kit import lora_row

        lora_row.grown(model, _config(told["config"]), told[ROW], told["count"])
    elif told:
        from peft import inject_adapter_in_model

        model = inject_adapter_in_model(_config(told), model)
        model.requires_grad_(False)
    place = base.model.device
    learned = {name.removeprefix(BEFORE): torch.from_numpy(array.copy()).to(place)
               for name, array in state.arrays.items() if name.startswith(BEFORE)}  # fmt: skip
    before = restored(state.before, learned) if state.before else None
    tokens = functools.partial(base.tokenizer.encode, add_special_tokens=False)
    made = Language(model, tokens, collapse, before)
    for name, array in state.arrays.items():
        parameter = made.get_parameter(name)
        parameter.data = torch.from_numpy(array.copy()).to(parameter)
    made.eval()
    return made


def state_of(module: Language, base: Any) -> State:
    """What of this module differs from the base, and what was added to it."""
    plain = dict(base.named_parameters())
    kept = {}
    for name, parameter in module.named_parameters():
        value = differs(parameter, plain.get(name.removeprefix("model.").replace(".base_layer.", ".")))
        if value is not None:
            kept[name] = value
    configs = getattr(module.model, "peft_config", {})
    opened = getattr(module.model, ROW, None)
    added = {key: getattr(held, "settings", held) for key in ADDED
             if (held := getattr(module.model, key, None)) is not None}  # fmt: skip
    before = module.before.told if module.before is not None else ""
    if len(configs) > 1 and opened is None:
        raise ContractBroken(f"one graft at a time can be kept, not {', '.join(configs)}")
    if added:
        return State(kept, json.dumps(added, sort_keys=True), before)
    if opened is not None:
        told = {ROW: opened, "count": len(configs), "config": _plain(next(iter(configs.values())).to_dict())}
        return State(kept, json.dumps(told, sort_keys=True), before)
    graft = next((json.dumps(_plain(one.to_dict()), sort_keys=True) for one in configs.values()), "")
    return State(kept, graft, before)


def _config(told: Mapping[str, Any]) -> Any:
    """Settings as peft has them."""
    from peft import PeftConfig

    how: Any = PeftConfig
    return how.from_peft_type(**told)


@functools.lru_cache(maxsize=8)
def checked(model: Any) -> None:
    """ContractBroken unless its head is seen to give the model's own logits."""
    ids = torch.tensor([[1, 2]], device=model.device)  # token 0 is padding to some, and then read as nothing
    with torch.no_grad():
        whole = model(input_ids=ids, use_cache=False).logits
        states = body(model)(input_ids=ids, use_cache=False).last_hidden_state
        mine = finished(model.config, model.get_output_embeddings()(states))
    if float((whole - mine).abs().max()) > NEAR * max(float(whole.abs().max()), 1.0):
        raise ContractBroken(f"{type(model).__name__} does more to its logits than scale them; it cannot be trained")


def _plain(value: Any) -> Any:
    """Settings as JSON has them: sets become sorted lists, enumerations their values."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset | list | tuple):
        items = [_plain(item) for item in value]
        return sorted(items, key=str) if isinstance(value, set | frozenset) else items
    return getattr(value, "value", value)
