"""A long call of learning, kept on disk now and then, so that a killed one goes on where it was and ends alike.

Kept are the opened parameters and whatever buffers persist, the moments of the optimiser, how many turns are done, the
losses so far, and every state of luck; the walk itself is gone through again, without the lessons being read. A call
that ends within EVERY seconds keeps nothing. A file is whole or absent, holds no code, and says what call it belongs
to: another student, other lessons, settings or luck, and it is not used.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tutelage.core.data import Array, Bools, Rng
from tutelage.core.stages import Memory
from tutelage.kit.sharded import whole

EVERY = 60.0  # seconds between two copies at least
SHARE = 0.05  # of the time, at most, goes into copies: a large model is kept less often


class Kept(NamedTuple):
    """A call after `done` turns. seen (2,): losses and weights. looks: lessons found alive, where some are skipped."""

    done: int
    seen: Any
    weights: Mapping[str, Any]
    moments: Memory
    torchs: Mapping[str, Any]
    numpys: Mapping[str, Any]
    looks: Bools


class Keeper:
    """Where one call of learning is kept. key: of all that it depends on, asked for only when it matters."""

    def __init__(self, path: Path, key: Callable[[], str]) -> None:
        self.path, self.key = path, key
        self.looks: list[Array] = []  # answers of the objective that have been used, in their order
        self._next = time.monotonic() + EVERY

    def found(self) -> Kept | None:
        """What an earlier life of this call has kept."""
        if not self.path.is_file():
            return None
        with safe_open(self.path, framework="pt") as file:
            told = json.loads(file.metadata()["told"])
            if told["key"] != self.key():
                return None
            parts: dict[str, dict[str, Any]] = {}
            for name in file.keys():  # noqa: SIM118  a file of safetensors is no mapping
                kind, _, rest = name.partition("/")
                parts.setdefault(kind, {})[rest] = file.get_tensor(name)
        moments: dict[str, dict[str, Any]] = {}
        for name, value in parts.get("moment", {}).items():
            key, _, parameter = name.partition("/")
            moments.setdefault(parameter, {})[key] = value.numpy()
        counted = parts["count"]
        looks = counted["looks"].numpy().astype(bool)
        weights = parts.get("weight", {})
        return Kept(told["done"], counted["seen"], weights, moments, parts["luck"], told["luck"], looks)

    def due(self) -> bool:
        return time.monotonic() >= self._next

    def keep(self, kept: Kept) -> None:
        """Written beside the file, then put in its place: a kill leaves the old one or the new one."""
        start = time.monotonic()
        flat = {f"weight/{name}": value.contiguous() for name, value in kept.weights.items()}
        for parameter, held in kept.moments.items():
            flat |= {f"moment/{key}/{parameter}": torch.from_numpy(np.asarray(one)) for key, one in held.items()}
        flat |= {f"luck/{name}": value.contiguous() for name, value in kept.torchs.items()}
        flat |= {"count/seen": kept.seen, "count/looks": torch.from_numpy(kept.looks.astype(np.uint8))}
        told = {"key": self.key(), "done": kept.done, "luck": kept.numpys}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        save_file(flat, temporary, metadata={"told": json.dumps(told)})
        temporary.replace(self.path)
        now = time.monotonic()
        self._next = now + max(EVERY, (now - start) / SHARE)


def weights_of(module: Any, named: Mapping[str, Any]) -> dict[str, Any]:
    """Copies of the opened parameters and of the buffers that belong to the module's state, in memory of the CPU."""
    plain = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    held = {name: value for name, value in module.state_dict().items() if name not in plain}
    return {name: whole(one.detach()).cpu().clone() for name, one in {**named, **held}.items()}


def put_back(module: Any, named: Mapping[str, Any], weights: Mapping[str, Any]) -> None:
    """The same into a module that was opened alike; memory that others share is left as it is."""
    for name, value in weights.items():
        if name in named:
            named[name].data = value.to(named[name])
        else:
            owner, _, last = name.rpartition(".")
            layer = module.get_submodule(owner)
            layer.register_buffer(last, value.to(layer.get_buffer(last)))


def luck_of(rng: Rng) -> dict[str, Any]:
    """Where a generator of numpy stands, in plain numbers."""
    return {"state": rng.bit_generator.state, "children": _seed(rng).n_children_spawned}


def luck_back(rng: Rng, told: Mapping[str, Any]) -> None:
    """Put a generator, made alike, where the other one stood."""
    rng.bit_generator.state = told["state"]
    missing = told["children"] - _seed(rng).n_children_spawned
    if missing > 0:
        _seed(rng).spawn(missing)


def _seed(rng: Rng) -> Any:
    return rng.bit_generator.seed_seq


def answered(looks: Bools, ask: Callable[[Any], Bools], told: list[Array]) -> Callable[[Any], Bools]:
    """`ask`, whose first answers are those that were kept; every answer is added to `told`."""
    at = 0

    def one(rows: Any) -> Bools:
        nonlocal at
        if at < len(looks):
            found = looks[at : at + len(rows)]
            at += len(rows)
        else:
            found = ask(rows)
        told.append(found)
        return found

    return one
