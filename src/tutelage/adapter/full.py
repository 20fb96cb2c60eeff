"""Every weight may move, all at the same rate.

    groups = ({all parameters of the module},)

Source: none needed; this is training and full fine-tuning as usual.
Neutral limit: it is one: an adapter that opens everything at scale 1 must equal it.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream
>>> student = build("student", {"use": "vector.mlp", "hidden": [4]}).begin(POOL, stream(0, "student"))
>>> Full().open(student.module, stream(0, "learn")).groups[0].names
('body.0.weight', 'body.0.bias', 'head.weight', 'head.bias')
"""

from __future__ import annotations

from typing import Any

from tutelage.core.data import Rng
from tutelage.core.descent import Group, Opened
from tutelage.core.method import method


@method
class Full:
    """No settings."""

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group, the module as it is."""
        return Opened(module, (Group(tuple(name for name, _ in module.named_parameters())),))
