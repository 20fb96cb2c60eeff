"""The half of a step that is not the gradient's: an optimiser's step scaled, and a pull to an anchor beside it.

    w <- w - rate * share * step(g),    then  w <- w - rate * pull * (w - w*)

The pull goes through no moments, as decoupled weight decay does not. A single pull multiplies the distance to the
anchor by 1 - rate * pull: beyond a product of 2 it grows, which is refused before the first update.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from tutelage.core.descent import Steers
from tutelage.core.errors import Fault, Refused
from tutelage.kit.optimiser import How, pace
from tutelage.kit.weights import corner

MOST = 2.0


class Steering:
    """What a penalty that steers does to one descent. rates: of the optimiser's groups."""

    def __init__(self, by: Steers, named: Mapping[str, Any], optimiser: Any, how: How) -> None:
        if how.optimiser != "adamw":
            what = f"this retention scales the steps of adamw, which learns here by {how.optimiser}"
            raise Refused(Fault("learn.optimiser", what, "--set learn.optimiser=adamw"))
        self.by, self.optimiser = by, optimiser
        self.held = {name: torch.from_numpy(array) for name, array in by.anchor.items() if name in named}
        self.groups = [[(name, one) for one in group["params"] for name, other in named.items() if other is one]
                       for group in optimiser.param_groups]  # fmt: skip

    def checked(self, how: How, updates: int) -> None:
        """Refused where a pull of the call would overshoot by more than it is away."""
        done = self.steps
        rate = max(group["lr"] for group in self.optimiser.param_groups)
        largest = max((rate * pace(at, updates, how.schedule, how.warm_up) * self.by.shares(done + at + 1)[1]
                       for at in range(updates)), default=0.0)  # fmt: skip
        if largest > MOST:
            what = (
                f"rate times pull comes to {largest:g}: beyond {MOST:g} the weights move away from where they are held"
            )
            raise Refused(Fault("retain.gamma", what, f"a product below {MOST:g}, by gamma, learn.lr or learn.warm_up"))

    @property
    def steps(self) -> int:
        """Updates that the optimiser has done in its life, earlier calls included."""
        return max((int(held["step"]) for held in self.optimiser.state.values() if "step" in held), default=0)

    def step(self) -> None:
        """One update at the groups' present rates."""
        share, pull = self.by.shares(self.steps + 1)
        rates = [group["lr"] for group in self.optimiser.param_groups]
        for group in self.optimiser.param_groups:
            group["lr"] *= share
        self.optimiser.step()
        with torch.no_grad():
            for group, rate, several in zip(self.optimiser.param_groups, rates, self.groups, strict=True):
                group["lr"] = rate
                for name, one in several:
                    if name in self.held and pull:
                        at = self.held[name].to(one)
                        part = one[corner(at)]
                        part.sub_(rate * pull * (part - at))
