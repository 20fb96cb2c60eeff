"""Settings of private learning, and what they come to for one call of the learner: noise, rate, cost.

    rate q = batch / n,   delta = 1 / (2 n) where it is `auto`,   sigma: the least that keeps the promise

The promise `epsilon` holds for the whole run: `rounds` says how many calls share it, and each gets the noise with which
as many calls as are still to come, all like this one, would just keep it. A call beyond the last is not made. With
`sigma` the noise is given instead, and only a budget of epsilon limits what is spent.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from tutelage.core.errors import Fault, Refused, Spent
from tutelage.core.stages import Memory, Till
from tutelage.kit.accountant import Phase, epsilon, noise


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Privacy:
    """clip: the largest norm of a lesson's own gradient; inf: no clipping, for sigma 0 alone."""

    clip: Annotated[float, Field(gt=0)] = 0.1
    epsilon: Annotated[float, Field(gt=0)] = 8.0  # what all rounds together may cost
    delta: Annotated[float, Field(gt=0, lt=1)] | Literal["auto"] = "auto"  # auto: 1 / (2 n)
    sigma: Annotated[float, Field(ge=0)] | None = None  # noise over clip; None: found from epsilon. 0: no privacy
    accountant: Literal["rdp", "prv"] = "rdp"
    virtual_batch: Annotated[int, Field(ge=1)] = 64  # lessons at once; changes memory and speed only
    rounds: Annotated[int, Field(ge=1)] = 1  # calls of the learner that share epsilon

    @model_validator(mode="after")
    def _bounded(self) -> Privacy:
        if math.isinf(self.clip) and self.sigma != 0:
            raise ValueError("noise is a multiple of clip, so an infinite clip goes with sigma: 0 alone")
        return self


class Bought(NamedTuple):
    """What one call is given. epsilon: of the whole history, this call included. adds: what is charged."""

    sigma: float
    delta: float
    rate: float
    epsilon: float
    adds: float
    history: tuple[Phase, ...]

    @property
    def memory(self) -> dict[str, Any]:
        """What the next call has to know."""
        return {"history": np.array(self.history, dtype=np.float64), "charged": self.epsilon}


def bought(settings: Privacy, lessons: int, rate: float, steps: int, memory: Memory, till: Till) -> Bought:
    """Noise for `steps` steps over so many lessons, paid for beforehand. Spent where the promise or the budget ends."""
    past = tuple(Phase(float(s), float(q), int(k)) for s, q, k in memory.get("history", np.zeros((0, 3))))
    before = float(memory.get("charged", 0.0))
    delta = 1 / (2 * lessons) if settings.delta == "auto" else settings.delta
    sigma = settings.sigma if settings.sigma is not None else _sigma(settings, delta, rate, steps, past, before)
    history = (*past, Phase(sigma, rate, steps))
    total = max(epsilon(history, delta, settings.accountant), before)
    adds = 0.0 if math.isinf(before) else total - before
    till.pay("epsilon", (), (), np.array([adds]))
    return Bought(sigma, delta, rate, total, adds, history)


def _sigma(settings: Privacy, delta: float, rate: float, steps: int, past: tuple[Phase, ...], before: float) -> float:
    """The least noise that keeps the promise. Spent when nothing is left of it, Refused when it never could be kept."""
    left = settings.rounds - len(past)
    if left > 0:
        found = noise(settings.epsilon, delta, rate, steps * left, past, settings.accountant)
        if not math.isinf(found):
            return found
    if not past:
        what = f"no noise keeps {steps} steps at epsilon {settings.epsilon:g} and delta {delta:.2g}"
        raise Refused(Fault("learn.privacy.epsilon", what, "a larger epsilon or delta, or fewer passes"))
    raise Spent("epsilon", before, epsilon([Phase(past[-1].sigma, rate, steps)], delta, settings.accountant), before)
