"""How far one language model is from another, token by token."""

from __future__ import annotations

from typing import Any

import torch

from tutelage.core.descent import Batch
from tutelage.kit.pieces import in_pieces


def divergences(module: Any, other: Any, batch: Batch, temperature: float = 1.0) -> Any:
    """(b,) KL( q || p ) between distributions of the next token, the mean over the tokens of a lesson that carry loss.

    p is that of `module` and q that of `other`, both at the temperature; no slope goes into q. Both have the same
    tokens and say what they read (`spoken`, `token_logits`). A lesson without a token that carries loss is 0.
    """
    states, _, lessons, _ = module.spoken(batch)
    with torch.no_grad():
        then, _, _, _ = other.spoken(batch)

    def of(mine: Any, theirs: Any) -> Any:
        logits = module.token_logits(mine), other.token_logits(theirs)
        p, q = (torch.log_softmax(one / temperature, dim=1) for one in logits)
        return (q.exp() * (q - p)).sum(dim=1)

    each = in_pieces(of, module.head.weight.shape[0], states, then)
    total = torch.zeros(len(batch.weight), device=states.device)
    return total.index_add(0, lessons, each) / torch.bincount(lessons, minlength=len(total)).clamp(min=1)
