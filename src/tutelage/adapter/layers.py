"""Only the last layers may move, those nearest to the answer; or those whose names patterns pick.

    last: k    the k last blocks of the module's stack of numbered blocks, and all that stands behind it: a closing
               normalisation, the head
    also       and every parameter in whose name one of these regular expressions is found: "embeddings", "query"

The stack is the largest row of parts named 0, 1, 2, ... (encoder.layer, model.layers). `last: 0` opens what stands
behind it alone; `last: null` leaves all to `also`.

Source: Lee, Tang and Lin (2019), What would Elsa do?: the number of final layers that are fine-tuned.
Neutral limit: `also: ["."]` is `full`; `last: 0` is `head_only` where nothing but the head stands behind the stack.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import POOL, stream
>>> student = build("student", {"use": "vector.mlp", "hidden": [4, 3]}).begin(POOL, stream(0, "student"))
>>> Layers(last=1).open(student.module, stream(0, "learn")).groups[0].names
('body.1.weight', 'body.1.bias', 'head.weight', 'head.bias')
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from tutelage.core.data import Rng
from tutelage.core.descent import Group, Opened
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.kit.named import found, readable

NUMBERED = re.compile(r"(.+?)\.(\d+)\.")  # stack and number of a block, from the first number in a name


@method
class Layers:
    last: Annotated[int, Field(ge=0)] | None = 1
    also: tuple[Annotated[str, AfterValidator(readable)], ...] = ()

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group, in the module's own order. Refused for more blocks than there are, or where nothing is found."""
        sizes = {name: one.numel() for name, one in module.named_parameters()}
        names = list(sizes)
        opened = set() if self.last is None else set(names[_start(sizes, self.last) :])
        opened |= found(names, self.also)
        if not opened:
            what = "nothing may move, so nothing can be learned"
            raise Refused(Fault("learn.adapter", what, "--set learn.adapter.last=1"))
        return Opened(module, (Group(tuple(name for name in names if name in opened)),))


def _start(sizes: Mapping[str, int], last: int) -> int:
    """Where the `last` blocks of the largest stack begin among all parameters; with 0, what stands behind it."""
    blocks = [NUMBERED.match(name) for name in sizes]
    total = Counter[str]()
    for block, size in zip(blocks, sizes.values(), strict=True):
        if block is not None:
            total[block[1]] += size
    stack = total.most_common(1)[0][0] if total else ""
    places = [(int(block[2]), at) for at, block in enumerate(blocks) if block is not None and block[1] == stack]
    count = len({number for number, _ in places})
    if last > count:
        what = f"the module has {count} numbered blocks, the last {last} were asked for"
        raise Refused(Fault("learn.adapter.last", what, f"--set learn.adapter.last={count}"))
    if last == 0:
        return max((at for _, at in places), default=-1) + 1
    first = sorted({number for number, _ in places})[-last]
    return min(at for number, at in places if number == first)
