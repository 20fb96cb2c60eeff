"""What each way of retaining costs beside plain learning: passes that it declares, and time that it takes.

    OMP_NUM_THREADS=1 python benchmarks/retain.py [--small]

A network of two hidden layers of 1,024 units on vectors of 384 numbers in 50 classes, 2,000 new lessons after 2,000 old
ones, 5 passes in batches of 32, one thread (--small: 64 units, 200 lessons). Process time of learning the second
episode, the penalty made beforehand included, over that of `nothing` on the same lessons; settling is told beside it.
`replay` learns more lessons: its declared share is that of the lessons it adds. A line is within its limit where time
over plain is at most 1.5 times 1 + extra_passes; one that takes more than 1.5 has to declare passes. What a student has
to write for is measured on a decoder of four layers of 128 (--small: two of 32) and sentences of six words.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from common import line

from tutelage.core.data import Block, Itself, Rows, Table, labelled
from tutelage.core.parts import build, names
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.core.writing import CanCompose
from tutelage.learn.gradient import Gradient
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import view

CLASSES = 50
TIMES = 3


def episodes(count: int, small: bool) -> Any:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, CLASSES, 2 * count)
    points = rng.normal(size=(CLASSES, 384))[codes] + rng.normal(size=(2 * count, 384))
    pool = Table.of("points", {"vector": points.astype(np.float32)}, [str(one) for one in range(CLASSES)]).pool()
    student = Mlp(hidden=(64,) if small else (1024, 1024)).begin(pool, stream(0, "student"))
    halves = np.split(np.arange(2 * count), 2)
    return student, [(labelled(Rows(pool, rows), codes[rows], "oracle"),) for rows in halves]


def texts(count: int, small: bool) -> Any:
    """The same for a student that writes: sentences that are their own truth."""
    words = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("an", "el", "ir", "os", "um")]
    told = [" ".join(row) for row in np.array(words)[np.random.default_rng(0).integers(0, len(words), (2 * count, 6))]]
    pool = Table.of("sentences", {"text": told}).pool()
    width, layers = (32, 2) if small else (128, 4)
    student = Tiny(hidden=width, layers=layers, heads=2, window=64, vocabulary=400).begin(pool, stream(0, "student"))
    free = np.zeros(count)
    return student, [(Block(Rows(pool, rows), None, Itself, {}, "itself", free, np.ones(count)),)
                     for rows in np.split(np.arange(2 * count), 2)]  # fmt: skip


def second(part: Any, student: Any, old: Any, new: Any, how: Gradient) -> tuple[float, float, int]:
    """Seconds of learning the second episode and of settling it, and how many lessons it learned."""
    now = view(student=student, lessons=old)
    memory = part.settle(student, old, now, stream(0, "retain")).memory
    now = now._replace(memory=memory, round=1)
    start = time.process_time()
    lessons = (*new, *part.rehearse(new, now, stream(1, "retain.rehearse")))
    now = now._replace(lessons=(*old, *new))
    learned = how.learn((Stage(lessons),), part.penalty(now), now, stream(1, "learn")).student
    taken = time.process_time() - start
    start = time.process_time()
    part.settle(student, new, now._replace(student=learned), stream(1, "retain"))
    return taken, time.process_time() - start, sum(block.size for block in lessons)


def main(small: bool) -> None:
    print(f"load {os.getloadavg()}", file=sys.stderr)
    plain = [name for name in names("retain") if name != "nothing" and not writes(name)]
    measured(plain, episodes, 2000, Gradient(passes=2 if small else 5), small)
    measured([name for name in names("retain") if writes(name)], texts, 500, Gradient(passes=5, batch=16), small)


def writes(name: str) -> bool:
    """Whether the student has to."""
    return CanCompose in build("retain", name).needs


def measured(several: list[str], material: Any, count: int, how: Gradient, small: bool) -> None:
    """A line for each of these on two episodes of this material."""
    count //= 10 if small else 1
    student, (old, new) = material(count, small)
    student = how.learn((Stage(old),), None, view(student=student), stream(0, "learn")).student
    plain = min(second(build("retain", "nothing"), student, old, new, how)[0] for _ in range(TIMES))
    for name in several:
        part = build("retain", name)
        told = [second(part, student, old, new, how) for _ in range(TIMES)]
        took, settled = (min(one[at] for one in told) for at in (0, 1))
        declared = 1 + getattr(part, "extra_passes", 0.0) + (told[0][2] - count) / count
        said = f"{took / plain:.2f} times plain, {declared:.2f} declared, settled in {settled:.2f} s"
        print(f"{name}: {said}", file=sys.stderr)
        if took / plain > 1.5 and declared == 1:
            print(f"{name}: costs more than half of plain learning again and declares nothing", file=sys.stderr)
        print(json.dumps(line(f"retain/{'small' if small else 'full'}/{name}", took, plain, 1 / (1.5 * declared))))


if __name__ == "__main__":
    main("--small" in sys.argv)
