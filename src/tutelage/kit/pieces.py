"""Wide tables of a row each, such as logits over a vocabulary, worked through in pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

AT_ONCE = 2**25  # numbers held at a time; where there are more, they are computed again on the way back


def in_pieces(of: Callable[..., Any], width: int, *tables: Any) -> Any:
    """`of(*tables)`, a number a row, where each row needs `width` numbers in between; the tables are of one length."""
    size = max(AT_ONCE // width, 1)
    if len(tables[0]) <= size:
        return of(*tables)
    pieces = zip(*(table.split(size) for table in tables), strict=True)
    return torch.cat([checkpoint(of, *piece, use_reentrant=False) for piece in pieces])
