"""The private half of `gradient`: lessons drawn anew for every step, clipped one by one, noise once a step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from tutelage.core.data import Array, Rng
from tutelage.core.descent import Encoded, Opened
from tutelage.core.stages import Learned, View
from tutelage.kit.batching import Plan
from tutelage.kit.descent import as_tensors
from tutelage.kit.privacy import bought
from tutelage.kit.private_descent import Draw, Noise, drawn, privately


def privately_learned(how: Any, opened: Opened, plan: Plan, encoded: Encoded, prepared: Mapping[str, Array],
                      facts: dict[str, float], order: Rng, luck: Rng, view: View) -> Learned:  # fmt: skip
    """Learn as `how`, a Gradient, says, once the epsilon is paid for. The student of the result is its module."""
    n, updates = int(facts["lessons"]), int(facts["updates"])
    over = min(how.batch or n, n)
    deal = bought(how.privacy, n, over / n, updates, view.memory.get("privacy", {}), view.till)
    draws = _draws(how, plan, encoded, prepared, updates, deal.rate, order)
    done, clipped = privately(opened, how.objective, draws, updates, how, Noise(how.privacy.clip, deal.sigma, over),
                              luck, view.memory.get("optimiser"))  # fmt: skip
    told = {"loss": done.loss, "clipped": clipped, "epsilon": deal.epsilon, "delta": deal.delta,
            "sigma": deal.sigma, "rate": deal.rate}  # fmt: skip
    return Learned(done.module, {**facts, **told}, {"optimiser": done.state, "privacy": deal.memory})


def _draws(how: Any, plan: Plan, encoded: Encoded, prepared: Mapping[str, Array], updates: int, rate: float,
           rng: Rng) -> Iterator[Draw]:  # fmt: skip
    """Every step's lessons; the steps that a pass over n lessons takes count for the loss that is reported."""
    whole = as_tensors({name: array for name, array in prepared.items() if name.startswith("all_")})
    last = math.ceil(1 / rate)
    for number in range(updates):
        batches = []
        for rows in drawn(plan, rate, how.privacy.virtual_batch, rng):
            mine = as_tensors({name: array[rows] for name, array in prepared.items() if name not in whole})
            batches.append(encoded.batch(rows)._replace(progress=number / updates, prepared={**whole, **mine}))
        yield Draw(batches, number >= updates - last)
