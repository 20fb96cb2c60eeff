"""What may be added to one language model at a time: one kind of layers, and none under a prefix that lacks them."""

from __future__ import annotations

from typing import Any

from tutelage.core.errors import Fault, Refused

ADDED = ("side_stack", "grown_blocks", "lora_row")  # attributes of a model that has such layers, as kit calls them
PREFIX = "prefix"  # as kit.soft_prompt calls keys and values of every layer that there was


def alone(model: Any) -> None:
    """Refused where the model carries layers of an adapter already."""
    if getattr(model, "peft_config", None) or any(getattr(model, name, None) is not None for name in ADDED):
        what = "the student carries another adapter already"
        raise Refused(Fault("learn.adapter", what, "the same adapter in every round, or restart: true"))


def deepened(module: Any) -> None:
    """Refused where no layer may be added that attends: beside other additions, or behind a learned prefix.

    Such a prefix is keys and values of the layers that there were; a new layer would read from none.
    """
    alone(module.graft)
    if getattr(getattr(module, "before", None), "kind", "") == PREFIX:
        what = "the student has a learned prefix, which holds no keys and values for new layers"
        raise Refused(Fault("learn.adapter", what, "the prefix in a later round, or restart: true"))
