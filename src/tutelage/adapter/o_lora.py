"""Orthogonal low-rank adaptation: each episode learns small matrices of its own, at right angles to all earlier ones.

    W x  ->  W x + (alpha / r) sum_(t <= T) B_t A_t x,    A_t (r, d_in) drawn small at first, B_t (d_out, r) 0
    loss + penalty * sum over layers and t < T of |A_t A_T'|^2

In episode T only A_T and B_T move; those of earlier episodes answer as they were left. The penalty keeps the directions
that the new matrices read, the rows of A_T, out of the subspaces that earlier episodes read, so that what was learned
there is disturbed less. A call of the learner is an episode, and with `rounds: k` k calls are one: material that comes
as one episode for each of k passes. The student carries all of them; it grows by r rows a layer with each.

Source: Wang, Chen, Ge, Xia, Bao, Zheng, Zhang, Gui and Huang (2023), Orthogonal subspace learning for language model
continual learning, section 3; the penalty as in their equation 6, squares, where the released code sums magnitudes.
Layers from peft. Neutral limit: in the first episode it is `lora`; with penalty 0 it is one plain adapter for each
episode, all added up; at the first step of any episode the student answers as it did.

>>> OLora(r=4).penalty
0.5
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tutelage.adapter.lora import Lora, configured, drawn, same, there
from tutelage.core.data import Kinds, Rng
from tutelage.core.descent import Grafts, Group, Opened
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.kit.grafts import ROW, alone


@method
class OLora:
    r: Annotated[int, Field(ge=1)] = 8
    alpha: Annotated[int, Field(ge=0)] = 16
    targets: Literal["auto", "linear"] | tuple[str, ...] = "auto"
    penalty: Annotated[float, Field(ge=0)] = 0.5
    rounds: Annotated[int, Field(ge=1)] = 1  # calls of the learner that are one episode

    needs: ClassVar[Kinds] = frozenset({Grafts})
    grows: ClassVar[bool] = True

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group, the matrices of this episode. Refused when the module carries others, or has no such layer."""
        config = configured(Lora(r=self.r, alpha=self.alpha, targets=self.targets))
        from tutelage.kit.lora_row import grown, placed

        model = module.graft
        held = getattr(model, "peft_config", {})
        if held and not placed(model):
            what = "the student carries low-rank layers that belong to no episode"
            raise Refused(Fault("learn.adapter", what, "o_lora from the first round on, or restart: true"))
        if held:
            same(next(iter(held.values())), config)
        else:
            alone(model)
        opened = int(getattr(model, ROW, 0))
        fresh = opened % self.rounds == 0
        count = opened // self.rounds + 1
        if placed(model) + fresh != count:
            what = (
                f"the student was opened {opened} times for {placed(model)} episodes, which are not {self.rounds} each"
            )
            raise Refused(Fault("learn.adapter.rounds", what, "the same settings in every round, or restart: true"))
        try:
            grown(model, config, opened + 1, count)
        except ValueError as error:
            raise Refused(Fault("learn.adapter.targets", str(error), there(model))) from error
        name = f"episode_{count}"
        if fresh:
            drawn(module, rng, name)
        names = tuple(one for one, _ in module.named_parameters() if f".{name}." in one)
        penalty = functools.partial(_penalty, self.penalty) if self.penalty and count > 1 else None
        return Opened(module, (Group(names),), penalty)


def _penalty(strength: float, module: Any) -> Any:
    from tutelage.kit.lora_row import overlap

    return strength * overlap(module.graft)
