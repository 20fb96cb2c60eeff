"""Low-rank adaptation: a small product of two matrices beside each chosen layer learns, the layer itself stays.

    W x  ->  W x + (alpha / r) B A x,     A (r, d_in) drawn small at first, B (d_out, r) 0

`targets: auto` are the layers that peft names for this kind of model (queries and values of a Llama); `linear` takes
every linear layer except the head; a list names layers by the last part of their names. A student that already carries
the same low-rank layers goes on with them; one that carries others is refused. `rank_scale: sqrt` divides alpha by the
root of r. Its files are peft's own. `also` opens more: every parameter of the model in whose name one of these regular
expressions is found, such as "layers[.]1[.]" for an upper layer that is trained whole beside the small matrices; peft
has no file for such a student.

Source: Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang and Chen (2022), LoRA, section 4.1; the root of r: Kalajdzievski
(2023); layers from peft. Neutral limit: with alpha 0, and at the first step, the student answers as it did.

>>> Lora(r=4).alpha
16
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import AfterValidator, Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.descent import Grafts, Group, Opened
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.parts import missing_extra
from tutelage.kit.grafts import alone, moving
from tutelage.kit.named import readable

MARK = ".lora_"


@method
class Lora:
    r: Annotated[int, Field(ge=1)] = 8
    alpha: Annotated[int, Field(ge=0)] = 16
    targets: Literal["auto", "linear"] | tuple[str, ...] = "auto"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0  # of what the small matrices read
    rank_scale: Literal["r", "sqrt"] = "r"  # alpha is divided by
    also: tuple[Annotated[str, AfterValidator(readable)], ...] = ()

    needs: ClassVar[Kinds] = frozenset({Grafts})

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group, the small matrices. Refused when the module carries others already, or has no such layer."""
        config, model = configured(self), module.graft
        from peft import inject_adapter_in_model

        held = getattr(model, "peft_config", {})
        if "default" in held:
            same(held["default"], config)
        else:
            alone(model)
            try:
                inject_adapter_in_model(config, model)
            except ValueError as error:
                raise Refused(Fault("learn.adapter.targets", str(error), there(model))) from error
            drawn(module, rng, "default")
        added = [name for name, _ in module.named_parameters() if MARK in name]
        return Opened(module, (Group(moving(module, added, self.also)),))


def configured(how: Lora) -> Any:
    """As peft wants to know it. Missing where peft is not here."""
    try:
        from peft import LoraConfig
    except ModuleNotFoundError as error:
        raise missing_extra("adapter: lora", error.name or "peft") from error
    targets = {"auto": None, "linear": "all-linear"}.get(how.targets, list(how.targets))  # type: ignore[arg-type]
    return LoraConfig(r=how.r, lora_alpha=how.alpha, target_modules=targets, lora_dropout=how.dropout,
                      use_rslora=how.rank_scale == "sqrt", task_type="CAUSAL_LM")  # fmt: skip


def drawn(module: Any, rng: Rng, adapter: str) -> None:
    """A uniform within 1 / sqrt(d_in), as a new linear layer's weights are; by the luck of the run, not torch's own."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if f"{MARK}A.{adapter}." in name:
                width = 1 / np.sqrt(parameter.shape[1])
                parameter.copy_(torch.from_numpy(rng.uniform(-width, width, size=tuple(parameter.shape))))


def same(held: Any, wanted: Any) -> None:
    """Refused when the layers that are there are of another shape than those asked for."""
    parts = ("r", "lora_alpha", "use_rslora")
    there, asked = ([getattr(one, part, None) for part in parts] for one in (held, wanted))
    named = wanted.target_modules
    other = named is not None and not isinstance(named, str) and set(named) != set(held.target_modules)
    if there != asked or other:
        what = f"the student carries low-rank layers of (r, alpha, sqrt) {there}, asked for are {asked}"
        raise Refused(Fault("learn.adapter", what, "the same settings in every round, or restart: true"))


def there(model: Any) -> str:
    """The linear layers that could be named, for a message."""
    names = {name.rpartition(".")[2] for name, one in model.named_modules() if isinstance(one, torch.nn.Linear)}
    return f"linear layers here: {', '.join(sorted(name for name in names if not re.fullmatch(r'[0-9]+', name)))}"
