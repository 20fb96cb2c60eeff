"""Groups of weights by pattern, each with a stiffness that slows its steps; an infinite one stays as it is.

    rate(w) = lr / (1 + b)     b of the first of `groups` whose pattern is found in the parameter's name
            = lr               where none is;  b inf: frozen, without optimiser state

This is stiffness as a rate. Held by a penalty (`retain: consolidation`) a weight takes its first step whole and is
pulled back from then on; here every step is shorter and nothing pulls back. Both are one at b = 0 and at b = inf.

Source: Ling and Bohn (2021), consolidation as a rate of each weight; groups of rates as in Zhang et al. (2023), SLCA.
Neutral limit: without groups it is `full`; b 99 for all but the head is `slow_backbone`; b inf for it is `head_only`.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream
>>> student = build("student", {"use": "vector.mlp", "hidden": [4]}).begin(POOL, stream(0, "student"))
>>> made = Stiffness(groups=({"names": "^head", "b": 0}, {"names": ".", "b": 99}))
>>> [(group.lr_scale, group.names) for group in made.open(student.module, stream(0, "learn")).groups]
[(0.01, ('body.0.weight', 'body.0.bias')), (1.0, ('head.weight', 'head.bias'))]
"""

from __future__ import annotations

from typing import Any

from tutelage.core.data import Rng
from tutelage.core.descent import Opened
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.kit.stiffness import Held, slowed


@method
class Stiffness:
    groups: tuple[Held, ...] = ()  # {names: a regular expression, b: 0 to inf}; the first that fits counts

    def open(self, module: Any, rng: Rng) -> Opened:
        """A group for each b, all in the module's order. Refused where nothing is left that may move."""
        groups = slowed(self.groups, [name for name, _ in module.named_parameters()])
        if not groups:
            what = "every weight has b = inf, so nothing can be learned"
            raise Refused(Fault("learn.adapter.groups", what, "a group with a finite b, or learn: {use: nothing}"))
        return Opened(module, groups)
