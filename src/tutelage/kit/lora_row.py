"""Low-rank layers of several episodes beside one another in one model: all of them answer, the last one learns.

    W x  ->  W x + sum_t s B_t A_t x,     t = 1 .. T

They are peft's own layers, each an adapter called `episode_t`, all of one shape and all active.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

from peft import inject_adapter_in_model
from peft.tuners.lora.layer import LoraLayer

from tutelage.kit.grafts import ROW

NAME = re.compile(r"episode_(\d+)$")


def placed(model: Any) -> int:
    """How many there are."""
    return len(getattr(model, "peft_config", {})) if getattr(model, ROW, None) is not None else 0


def grown(model: Any, config: Any, opened: int, count: int) -> None:
    """Add low-rank layers until there are `count`, and note that it was opened so often. ValueError for no such layer.

    Each config is a copy, since peft writes into what it is given.
    """
    for number in range(placed(model) + 1, count + 1):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Already found a `peft_config`", UserWarning)  # which is what is meant
            inject_adapter_in_model(type(config).from_peft_type(**config.to_dict()), model, f"episode_{number}")
    setattr(model, ROW, opened)  # how often it was opened to learn
    for layer in layers(model):
        layer.set_adapter([f"episode_{number + 1}" for number in range(count)])
    model.requires_grad_(False)


def layers(model: Any) -> list[Any]:
    """The layers that carry small matrices, in the model's order."""
    return [layer for layer in model.modules() if isinstance(layer, LoraLayer)]


def overlap(model: Any) -> Any:
    """|A_t A_T'|^2 (Frobenius) over layers and t < T: 0 where the last rows are orthogonal to every earlier one."""
    total: Any = 0.0
    last = f"episode_{placed(model)}"
    for layer in layers(model):
        mine = layer.lora_A[last].weight
        for name, earlier in layer.lora_A.items():
            if name != last:
                total = total + (earlier.weight.detach() @ mine.T).pow(2).sum()
    return total
