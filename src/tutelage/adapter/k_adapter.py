"""K-Adapter: a small stack of new layers beside the frozen model reads chosen layers of it and adds to its last one.

    s_0 = 0,   s_j = L_j(s_(j-1) + h_(r_j)),  j = 1 .. k,     h_n  ->  h_n + U s_k,   U (d, d) 0 at first

The k layers L_j are of the model's own kind, attention included, as wide as it is, and read k of its n layers at equal
distances, the last one among them. Nothing inside the model is touched, so that what it computes stays what it was.
`also` opens more: every parameter of the model in whose name one of these regular expressions is found. A student that
already carries such a stack goes on with it; one that carries another adapter is refused. No other library reads it.

Source: Wang, Tang, Duan, Wei, Huang, Ji, Cao, Jiang and Zhou (2021), K-Adapter, section 3.1, with the output added, as
in Jang et al. (2022); there an adapter's layers stand between two projections, here they have the model's width.
Neutral limit: at the first step, U being 0, the student answers as it did.

>>> KAdapter(k=3).k
3
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.descent import Grafts, Group, Opened
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.kit.grafts import STACK, deepened, drawn, moving
from tutelage.kit.named import readable
from tutelage.kit.side_stack import evenly, raised, rungs
from tutelage.kit.soft_prompt import body


@method
class KAdapter:
    k: Annotated[int, Field(ge=1)] = 2  # layers of the stack
    also: tuple[Annotated[str, AfterValidator(readable)], ...] = ()

    needs: ClassVar[Kinds] = frozenset({Grafts})
    adds: ClassVar[bool] = True

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group, the stack and what `also` names. Refused for more layers than the model has."""
        held = getattr(module.graft, STACK, None)
        if held is None:
            layers = len(getattr(body(module.graft), "layers", ()))
            if not 0 < self.k <= layers:
                what = f"a stack of {self.k} layers was asked for beside a model of {layers}"
                raise Refused(Fault("learn.adapter.k", what, f"k: 1 to {layers}"))
            deepened(module)
            raised(module.graft, evenly(layers, self.k))
            mine = rungs(module)
            drawn(module, mine, [name for name in mine if name.endswith(".up.weight") and ".layer." not in name], rng)
        elif len(held) != self.k:
            what = f"the student carries a stack of {len(held)} layers, asked for are {self.k}"
            raise Refused(Fault("learn.adapter.k", what, "the same settings in every round, or restart: true"))
        return Opened(module, (Group(moving(module, rungs(module), self.also)),))
