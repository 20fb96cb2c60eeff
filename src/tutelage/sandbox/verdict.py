"""Whether a program that a model wrote is right: it is run, and what comes out is compared with the reference's.

    arithmetic    the value of `answer`, worked out by `arithmetic`
    python        what the program prints, run in the `box`; white space at both ends does not count

A program that fails, or has no outcome, is wrong, whatever the reference's outcome is.

>>> right(["answer = 3 + 4", "answer = 8"], ["answer = 7"] * 2, "arithmetic").tolist()
[True, False]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from tutelage.core.data import Bools
from tutelage.core.errors import ContractBroken
from tutelage.sandbox import arithmetic
from tutelage.sandbox.box import Limits, run_all

How: TypeAlias = Literal["arithmetic", "python"]


def outcomes(programs: Sequence[str], how: How, limits: Limits | None = None) -> list[str | None]:
    """What comes out of each, None where nothing does; equal programs are run once."""
    distinct = list(dict.fromkeys(programs))
    if how == "arithmetic":
        found = dict(zip(distinct, map(arithmetic.result, distinct), strict=True))
    else:
        ran = run_all(distinct, limits=limits)
        found = {text: one.out.strip() or None if one.ok else None for text, one in zip(distinct, ran, strict=True)}
    return [found[text] for text in programs]


def right(programs: Sequence[str], references: Sequence[str], how: How, limits: Limits | None = None) -> Bools:
    """(n,) whether program i comes to what reference i comes to. ContractBroken when a reference comes to nothing."""
    truth = outcomes(references, how, limits)
    if None in truth:
        raise ContractBroken(f"a reference has no outcome: {references[truth.index(None)]!r}")
    return np.array([a == b for a, b in zip(outcomes(programs, how, limits), truth, strict=True)], dtype=bool)
