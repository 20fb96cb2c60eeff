"""What class lessons say, as distributions over the classes that a module scores; tensors."""

from __future__ import annotations

from typing import Any

import torch

from tutelage.core.data import Label
from tutelage.core.descent import Batch
from tutelage.core.errors import ContractBroken


def distribution(batch: Batch, scores: Any) -> Any:
    """(b, C) of Label and Soft lessons; classes that a Soft lesson does not name have 0.

    ContractBroken for a class that the module does not know.
    """
    made = torch.zeros_like(scores)
    classes = scores.shape[1]
    if batch.kind is Label:
        codes = batch.given["label"]
        if len(codes) and int(codes.max()) >= classes:
            raise ContractBroken(f"a lesson has label {int(codes.max())}, the module knows {classes} classes")
        return made.scatter_(1, codes[:, None], 1.0)
    probs = batch.given["probs"]
    if probs.shape[1] > classes and bool(probs[:, classes:].any()):
        raise ContractBroken(f"a lesson is about {probs.shape[1]} classes, the module knows {classes}")
    width = min(probs.shape[1], classes)
    made[:, :width] = probs[:, :width]
    return made
