"""What the student says about its lessons before it learns from them: the reference of preference learning.

Its own module reads its own encoding, in use rather than in training (no dropout), so that the first update starts
from pi = pi_ref, up to the rounding of other batches. The pass forward is charged: 2 FLOP a weight and position.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from accelerate.utils import send_to_device

from tutelage.core.data import Array, Block, Ints, Lessons
from tutelage.core.descent import CanDescend, Encoded, Said
from tutelage.core.stages import View, able
from tutelage.kit.device import device
from tutelage.kit.replies import counts, packed, totals
from tutelage.kit.threads import one_thread

AT_ONCE = 16  # lessons of like length read together


class Before(NamedTuple):
    """n lessons through all their blocks, r the most replies of any; 0 where there is no reply.

    totals: (n, r) float32, log-probability of each reply, in nats. counts: (n, r) int64, its tokens.
    """

    totals: Array
    counts: Ints


def reference(lessons: Lessons, view: View, encoded: Encoded | None = None) -> Before:
    """Whole replies under the student as it stands. encoded: these lessons, where the student has read them already."""
    told = _said(lessons, view, encoded)
    parts = [(rows, totals(said).float().numpy(), counts(said).numpy()) for rows, said in told]
    rows = [part[0] for part in parts]
    return Before(_laid(rows, [part[1] for part in parts]), _laid(rows, [part[2] for part in parts]))


def token_reference(lessons: Lessons, view: View) -> Array:
    """(n, r, t) float32: the same token by token, those of a reply at the front of its row, then 0."""
    parts = [(rows, packed(said).logprobs.float().numpy()) for rows, said in _said(lessons, view)]
    return _laid([part[0] for part in parts], [part[1] for part in parts])


def mismatched(lessons: Lessons) -> Lessons:
    """The same prompts, each with the replies that were given to another one: half a block further on.

    In a block that is sorted by topic, the next lesson would often do as a match; half a block away it seldom does. The
    lesson of a block of one keeps its own replies.
    """
    return tuple(_turned(block) for block in lessons)


def _turned(block: Block) -> Block:
    by = block.size // 2
    return block._replace(given={name: np.roll(column, -by, axis=0) for name, column in block.given.items()})


def _said(lessons: Lessons, view: View, read: Encoded | None = None) -> Iterator[tuple[Ints, Said]]:
    """Every lesson once, in batches of one kind; on the device where learning happens, and back."""
    student = able(view.student, CanDescend)
    encoded, module = read or student.encode(lessons), student.module.eval()
    size = sum(one.numel() for one in module.parameters() if one.ndim >= 2)
    number = sum(block.size for block in lessons)
    positions = float(number if encoded.lengths is None else encoded.lengths.sum())
    view.till.pay("flop", (), (), np.array([2.0 * size * positions]))
    place = device()
    module = module.to(place)
    for rows in _batches(lessons, encoded):
        with torch.no_grad(), one_thread():
            told = module.token_logprobs(send_to_device(encoded.batch(rows), place))
        yield rows, Said(told.logprobs.cpu(), told.mask.cpu())


def _batches(lessons: Lessons, encoded: Encoded) -> Iterator[Ints]:
    kinds = list(dict.fromkeys(block.kind for block in lessons))
    kind_of = np.repeat([kinds.index(block.kind) for block in lessons], [block.size for block in lessons])
    for kind in range(len(kinds)):
        rows = np.flatnonzero(kind_of == kind)
        if encoded.lengths is not None:
            rows = rows[np.argsort(encoded.lengths[rows], kind="stable")]
        for start in range(0, len(rows), AT_ONCE):
            yield rows[start : start + AT_ONCE]


def _laid(rows: list[Ints], parts: list[Array]) -> Array:
    """One array over all lessons, as wide as the widest part."""
    if not parts:
        return np.zeros((0, 0), dtype=np.float32)
    shape = np.max([part.shape[1:] for part in parts], axis=0)
    made = np.zeros((sum(len(part) for part in parts), *shape), dtype=parts[0].dtype)
    for at, part in zip(rows, parts, strict=True):
        inside: tuple[Any, ...] = (at, *(slice(width) for width in part.shape[1:]))
        made[inside] = part
    return made
