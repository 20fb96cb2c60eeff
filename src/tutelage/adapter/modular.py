"""Modular: a small network of its own beside the frozen model reads the same tokens; what it says is added.

    h_at  ->  h_at + U g(x),     g: tokens -> (t, width) last states of the small network,     U (d, width) 0 at first

g is a decoder of the model's own kind, `layers` layers of `width` with `heads` heads, drawn by the run's seed and
whole: its table of tokens is its own. It sees nothing of the model, and the model's weights stay what they are, so that
what was known is changed only by what U g adds, behind the last layer or behind layer `at`, counted from 1. `also`
opens more: every parameter of the model in whose name one of these regular expressions is found. `at: 2` with the
layers above it in `also` is nearest to the paper's encoder, frozen under a decoder that is trained. While a reply is
written, keys and values of both networks are kept in one cache. What a module's `states` gives of layer `at` is without
what is added, but for the last layer. A student that already carries such a network goes on with it; one that carries
another adapter or a learned prompt is refused. No other library reads it.

Source: Jang, Ye, Yang, Shin, Han, Kim, Choi and Seo (2022), Towards continual knowledge learning of language models,
section 4 (Modular: T5-small beside the encoder of T5-large, its output projected from 512 to 1024 and added). There the
small network comes pretrained; here it is drawn, since none need exist for a model that was taught from nothing.
Neutral limit: at the first step, U being 0, the student answers as it did.

>>> Modular(width=32, at=2).at
2
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, model_validator

from tutelage.core.data import Kinds, Rng
from tutelage.core.descent import Grafts, Group, Opened
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.kit.grafts import SECOND, drawn, moving
from tutelage.kit.named import readable
from tutelage.kit.second_network import joined, names


@method
class Modular:
    width: Annotated[int, Field(ge=2)] = 64
    layers: Annotated[int, Field(ge=1)] = 2
    heads: Annotated[int, Field(ge=1)] = 2
    at: Annotated[int, Field(ge=1)] | None = None  # behind which layer it is added; None: the last
    also: tuple[Annotated[str, AfterValidator(readable)], ...] = ()

    needs: ClassVar[Kinds] = frozenset({Grafts})
    adds: ClassVar[bool] = True

    @model_validator(mode="after")
    def _shared_out(self) -> Modular:
        if self.width % (2 * self.heads):
            raise ValueError(f"{self.heads} heads do not share a width of {self.width} in even parts: "
                             "a multiple of twice the number of heads")  # fmt: skip
        return self

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group, the small network, U and what `also` names. Refused for a layer that the model does not have."""
        model = module.graft
        held = getattr(model, SECOND, None)
        if held is None:
            if getattr(module, "before", None) is not None:
                what = "a second network reads tokens, and the student has a learned prompt of vectors"
                raise Refused(Fault("learn.adapter", what, "restart: true"))
            joined(model, self.width, self.layers, self.heads, self._at(model))
            mine = names(module)
            drawn(module, mine, [name for name in mine if name.endswith(f"{SECOND}.up.weight")], rng)
        else:
            asked = {"width": self.width, "layers": self.layers, "heads": self.heads, "at": self._at(model)}
            if held.settings != asked:
                what = f"the student carries a second network of {_told(held.settings)}, asked for is {_told(asked)}"
                raise Refused(Fault("learn.adapter", what, "the same settings in every round, or restart: true"))
        return Opened(module, (Group(moving(module, names(module), self.also)),))

    def _at(self, model: Any) -> int:
        return len(getattr(model.get_decoder(), "layers", ())) if self.at is None else self.at


def _told(settings: dict[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())
