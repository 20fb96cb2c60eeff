"""Block expansion: copies of some layers, silent at first, are put behind them; the copies learn, the model stays.

    h  ->  C_j(L_j(h)),    C_j a copy of layer L_j whose attention and feed-forward part end in 0, so that C_j(h) = h

The n layers are cut into `blocks` groups of equal length, as far as that goes, and the last layer of each gets a copy
behind it. Every parameter of the copies may move, normalisations included, and nothing else does. The student is then
a deeper model of the same kind: it costs (n + blocks) / n of the time to answer, and is exported as a plain one. A
student that carries the same copies goes on with them; one with others, or with another adapter, is refused.

Source: Wu, Gan, Ge, Lu, Wang, Feng, Shan and Luo (2024), LLaMA Pro: progressive LLaMA with block expansion, section 3,
with one copy for each group, as in all their models.
Neutral limit: at the first step, the copies being silent, the student answers as it did, bit for bit.

>>> BlockExpansion(blocks=4).blocks
4
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.descent import Grafts, Group, Opened
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.kit.grafts import BLOCKS, deepened
from tutelage.kit.grown_blocks import answers, copies, grown
from tutelage.kit.side_stack import evenly
from tutelage.kit.soft_prompt import body


@method
class BlockExpansion:
    blocks: Annotated[int, Field(ge=1)] = 2  # copies, one behind each group of layers

    needs: ClassVar[Kinds] = frozenset({Grafts})
    adds: ClassVar[bool] = True

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group, the copies. Refused for more of them than the model has layers, and where they are not silent."""
        held = getattr(module.graft, BLOCKS, None)
        if held is None:
            layers = len(getattr(body(module.graft), "layers", ()))
            if not 0 < self.blocks <= layers:
                what = f"{self.blocks} copies were asked for in a model of {layers} layers"
                raise Refused(Fault("learn.adapter.blocks", what, f"blocks: 1 to {layers}"))
            deepened(module)
            before = answers(module.graft)
            grown(module.graft, evenly(layers, self.blocks))
            if before is not None and not torch.equal(before, answers(module.graft)):
                what = f"{type(module.graft).__name__} does more between layers than add, so no copy of one is silent"
                raise Refused(Fault("learn.adapter", what, "another adapter"))
        elif len(held) != self.blocks:
            what = f"the student carries {len(held)} copies of layers, asked for are {self.blocks}"
            raise Refused(Fault("learn.adapter.blocks", what, "the same settings in every round, or restart: true"))
        return Opened(module, (Group(copies(module)),))
