"""Which weights of a module take part in products, hence in its FLOP."""

from __future__ import annotations

from typing import Any

import torch


def multiplied(module: Any) -> dict[str, int]:
    """Entries of each matrix by name; a table of embeddings counts only where another layer multiplies by it too, and
    what is `read`, such as vectors in place of words, is no matrix.

    >>> from torch.nn import Embedding, Linear, Sequential
    >>> multiplied(Sequential(Embedding(100, 8, device="meta"), Linear(8, 3, device="meta")))
    {'1.weight': 24}
    """
    layers = (layer for layer in module.modules() if not isinstance(layer, torch.nn.Embedding))
    several = (layer for layer in layers if not isinstance(getattr(layer, "read", None), bool))
    used = {id(one) for layer in several for one in layer.parameters(recurse=False)}
    return {name: one.numel() for name, one in module.named_parameters() if one.ndim >= 2 and id(one) in used}
