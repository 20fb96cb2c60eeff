"""The head moves at the learner's rate, all that stands before it at a small share of it.

    rate(w) = lr * head     for the parameters of module.head
            = lr * trunk    for every other one;  trunk 0: frozen

A pretrained trunk is good already and few steps of a small rate adapt it without washing out what came before; the head
starts from nothing and needs the whole rate. Weight decay acts through the rate, so it is slowed alike.

Source: Zhang, Wang, Kang, Chen and Wei (2023), SLCA, the slow learner: 0.01 for the head, a hundredth of it for the
backbone.
Neutral limit: trunk 1 and head 1 is `full`; trunk 0 is `head_only`.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream
>>> student = build("student", {"use": "vector.mlp", "hidden": [4]}).begin(POOL, stream(0, "student"))
>>> [(group.lr_scale, group.names) for group in SlowBackbone().open(student.module, stream(0, "learn")).groups]
[(1.0, ('head.weight', 'head.bias')), (0.01, ('body.0.weight', 'body.0.bias'))]
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tutelage.core.data import Rng
from tutelage.core.descent import Group, Opened
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method


@method
class SlowBackbone:
    trunk: Annotated[float, Field(ge=0)] = 0.01  # share of the learner's rate
    head: Annotated[float, Field(gt=0)] = 1.0

    def open(self, module: Any, rng: Rng) -> Opened:
        """The head, then the trunk unless it is frozen. ContractBroken for a module without a layer called `head`."""
        names = [name for name, _ in module.named_parameters()]
        head = tuple(name for name in names if name.startswith("head."))
        if not head:
            raise ContractBroken(f"{type(module).__name__} has no layer called head, so nothing would be slower")
        trunk = tuple(name for name in names if name not in head)
        groups = (Group(head, self.head), Group(trunk, self.trunk))
        return Opened(module, tuple(group for group in groups if group.names and group.lr_scale > 0))
