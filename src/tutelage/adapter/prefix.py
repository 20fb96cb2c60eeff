"""Prefix tuning: keys and values before every prompt learn in each layer, the model itself stays as it is.

    attention over [K_P; K], [V_P; V] in every layer,   K_P, V_P (length, heads, width) the only weights that move

They start as what the model itself computes for tokens drawn from its vocabulary, or for the words of `start`: from
there training is stable without the network that the paper trains them through. A student that already has a prefix
of this length goes on with it. Its files are peft's own.

Source: Li and Liang (2021), Prefix-tuning, sections 4.2 and 7.4 (starting from the activations of real words).
Neutral limit: as it starts, it is a prompt of these very tokens.

>>> Prefix(length=4).length
4
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.descent import Group, Opened, Prefixes
from tutelage.core.method import method
from tutelage.kit import soft_prompt
from tutelage.kit.soft_prompt import activations, placed, tokens


@method
class Prefix:
    length: Annotated[int, Field(ge=1)] = 16
    start: str = ""  # words whose keys and values it starts from, repeated or cut to the length; empty: drawn tokens

    needs: ClassVar[Kinds] = frozenset({Prefixes})
    adds: ClassVar[bool] = True

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group, the keys and values. Refused when the student has another learned prompt already."""
        if not placed(module, "prefix", self.length):
            values = activations(module.model, tokens(module, self.length, self.start, rng).to(module.model.device))
            module.before = soft_prompt.Prefix(values)
        return Opened(module, (Group(("before.values",)),))
