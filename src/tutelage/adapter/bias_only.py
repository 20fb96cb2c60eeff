"""Only the biases may move, and the last layer whole: very few weights, spread over every layer.

    groups = ({every parameter called bias} and {parameters of module.head},)

The shifts of layer normalisations are biases too. A model without biases (most decoders since Llama) has nothing here.

Source: Ben Zaken, Goldberg and Ravfogel (2022), BitFit: all bias terms, with the layer of the task.
Neutral limit: `head_only`, for a module whose only bias is its head's.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream
>>> student = build("student", {"use": "vector.mlp", "hidden": [4]}).begin(POOL, stream(0, "student"))
>>> BiasOnly().open(student.module, stream(0, "learn")).groups[0].names
('body.0.bias', 'head.weight', 'head.bias')
"""

from __future__ import annotations

from typing import Any

from tutelage.core.data import Rng
from tutelage.core.descent import Group, Opened
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method


@method
class BiasOnly:
    """No settings."""

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group. ContractBroken for a module without biases."""
        names = [name for name, _ in module.named_parameters()]
        biases = {name for name in names if name.rpartition(".")[2] == "bias"}
        if not biases:
            raise ContractBroken(f"{type(module).__name__} has no biases, so nothing could be learned")
        return Opened(module, (Group(tuple(name for name in names if name in biases or name.startswith("head."))),))
