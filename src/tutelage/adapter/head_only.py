"""Only the last layer may move; what it reads stays as it was.

    groups = ({parameters of module.head},)

The frozen layers have no optimiser state, and answer as in use: no dropout, no running statistics. Of a language model
whose head is the very table in which its tokens are looked up, that table moves in both places.

Source: linear probing, Alain and Bengio (2016); as a step of its own, Kumar et al. (2022), section 3.
Neutral limit: `full`, for a module that is a head and nothing else.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream
>>> student = build("student", {"use": "vector.mlp", "hidden": [4]}).begin(POOL, stream(0, "student"))
>>> HeadOnly().open(student.module, stream(0, "learn")).groups[0].names
('head.weight', 'head.bias')
"""

from __future__ import annotations

from typing import Any

from tutelage.core.data import Rng
from tutelage.core.descent import Group, Opened
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method


@method
class HeadOnly:
    """No settings."""

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group. ContractBroken for a module without a layer called `head`."""
        head = getattr(module, "head", None)
        held = {id(one) for one in head.parameters()} if head is not None else set()
        names = tuple(name for name, one in module.named_parameters() if id(one) in held)
        if not names:
            raise ContractBroken(f"{type(module).__name__} has no layer called head, so nothing could be learned")
        return Opened(module, (Group(names),))
