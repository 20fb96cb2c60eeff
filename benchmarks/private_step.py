"""A private step beside a plain step, and beside opacus in its default and its ghost mode: equal gradients first.

    OMP_NUM_THREADS=1 python benchmarks/private_step.py [--small]

A sentence encoder of MiniLM's shape (6 layers, 384 wide; --small: 2 layers, 64 wide) under a head of 6 classes, random
weights, 32 lessons of 64 tokens, all weights open, SGD, noise added, one thread. Process time
of one step, the best of five after one to warm up. The clipped mean gradients of the three private forms are compared
before anything is timed. plain/ours is the share of a private step that a plain one takes, its limit 1 / 1.35.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from common import agree, line, missing

from tutelage.core.data import Label
from tutelage.core.descent import Batch
from tutelage.kit.private_descent import Noise, _clipped, _noised

B, T, CLASSES, CLIP, SIGMA = 32, 64, 6, 0.1, 1.0
TIMES = 5


class Reads(torch.nn.Module):
    """Positions and types are given row by row, as opacus needs them; no pooler, which nothing would reach."""

    def __init__(self, small: bool) -> None:
        from transformers import BertConfig, BertModel

        super().__init__()
        width, layers = (64, 2) if small else (384, 6)
        config = BertConfig(vocab_size=2000 if small else 30522, hidden_size=width, num_hidden_layers=layers,
                            num_attention_heads=width // 32, intermediate_size=4 * width, hidden_dropout_prob=0.0,
                            attention_probs_dropout_prob=0.0)  # fmt: skip
        self.trunk, self.head = BertModel(config, add_pooling_layer=False), torch.nn.Linear(width, CLASSES)

    def forward(self, ids: Any) -> Any:
        places = torch.arange(ids.shape[1]).repeat(len(ids), 1)
        told = self.trunk(input_ids=ids, position_ids=places, token_type_ids=torch.zeros_like(ids))
        return self.head(told.last_hidden_state.mean(1))


class Entropy:
    accepts, needs, couples = frozenset(), frozenset(), False

    def losses(self, module: Any, batch: Batch, rng: Any) -> Any:
        return torch.nn.functional.cross_entropy(module(batch.inputs), batch.given["label"], reduction="none")


def fresh(small: bool) -> Any:
    with torch.random.fork_rng():
        torch.set_rng_state(torch.Generator().manual_seed(0).get_state())
        return Reads(small).train()


def best(step: Callable[[], Any]) -> float:
    times = []
    for _ in range(TIMES + 1):
        start = time.process_time()
        step()
        times.append(time.process_time() - start)
    return min(times[1:])


def plain(module: Any, batch: Batch) -> Callable[[], None]:
    optimiser = torch.optim.SGD(module.parameters(), lr=0.0)

    def step() -> None:
        Entropy().losses(module, batch, None).mean().backward()
        optimiser.step()
        optimiser.zero_grad()

    return step


def ours(module: Any, batch: Batch, sigma: float) -> Callable[[], dict[str, Any]]:
    optimiser, named = torch.optim.SGD(module.parameters(), lr=0.0), dict(module.named_parameters())
    source, noise = torch.Generator().manual_seed(0), Noise(CLIP, sigma, B)

    def step() -> dict[str, Any]:
        sums: dict[str, Any] = {}
        _clipped(module, Entropy(), batch, named, CLIP, None, None, sums)
        for name, parameter in named.items():
            parameter.grad = _noised(sums.get(name), parameter, noise, source)
        optimiser.step()
        made = {name: parameter.grad for name, parameter in named.items()}
        optimiser.zero_grad()
        return made

    return step


def opacus(module: Any, batch: Batch, sigma: float, mode: str) -> Callable[[], dict[str, Any]]:
    from opacus import PrivacyEngine

    data = torch.utils.data.TensorDataset(batch.inputs, batch.given["label"])
    loader = torch.utils.data.DataLoader(data, batch_size=B)
    made = PrivacyEngine().make_private(
        module=module, optimizer=torch.optim.SGD(module.parameters(), lr=0.0), data_loader=loader, poisson_sampling=False,
        noise_multiplier=sigma, max_grad_norm=CLIP, grad_sample_mode=mode, criterion=torch.nn.CrossEntropyLoss(),
    )  # fmt: skip
    wrapped, optimiser = made[0], made[1]
    criterion = made[2] if mode == "ghost" else torch.nn.CrossEntropyLoss()

    def step() -> dict[str, Any]:
        criterion(wrapped(batch.inputs), batch.given["label"]).backward()
        optimiser.step()
        told = {name.removeprefix("_module."): parameter.grad.clone() for name, parameter in wrapped.named_parameters()}
        optimiser.zero_grad()
        return told

    return step


def equal(name: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Beside each parameter's size; one that vanishes, as the bias of keys does, beside a share of the whole."""
    whole = sum(float(each.square().sum()) for each in other.values()) ** 0.5
    apart = {
        key: float((one[key] - each).norm() / max(float(each.norm()), 1e-3 * whole)) for key, each in other.items()
    }
    worst = max(apart, key=lambda key: apart[key])
    agree(name, apart[worst] < 1e-3, f"{worst} differs by {apart[worst]:.1e}")
    print(f"{name}: clipped gradients differ by at most {apart[worst]:.1e}", file=sys.stderr)


def main(small: bool) -> None:
    torch.set_num_threads(1)
    print(f"load {os.getloadavg()}", file=sys.stderr)
    rng = np.random.default_rng(0)
    ids = torch.from_numpy(rng.integers(1, 2000, (B, T)))
    batch = Batch(Label, ids, {"label": torch.from_numpy(rng.integers(0, CLASSES, B))}, torch.ones(B))
    size = "small" if small else "minilm"
    mine = ours(fresh(small), batch, 0.0)()
    if not missing("private_step", "opacus", "opacus"):
        for mode in ("hooks", "ghost"):
            equal(mode, mine, opacus(fresh(small), batch, 0.0, mode)())
    took = best(ours(fresh(small), batch, SIGMA))
    print(json.dumps(line(f"private_step/{size}/plain", took, best(plain(fresh(small), batch)), 1 / 1.35)))
    if not missing("private_step", "opacus", "opacus"):
        for mode, limit in (("hooks", 1.7), ("ghost", 1.25)):
            peer = best(opacus(fresh(small), batch, SIGMA, mode))
            print(json.dumps(line(f"private_step/{size}/opacus-{mode}", took, peer, limit)), flush=True)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")  # opacus warns of hooks and of its random numbers at every start
    main("--small" in sys.argv)
