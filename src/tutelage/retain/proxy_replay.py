"""Learn, beside what is new, other material that stands for what the student could do before.

    rehearse = as many rows of the parts named as make up `share` of all lessons learned, equally many of each part

Whoever fine-tunes a model that others pretrained has none of the lessons it came from: general text stands in for its
pretraining, questions with good answers for its instruction tuning. A row with a `reply` is learned as that reply to
its prompt, any other as a text that is its own truth. Rows are drawn anew each round, none twice before every one came
once; batches are shuffled by the learner, so a share of the lessons is, on average, that share of each batch. `parts`
are names of the course's other material (data: {use: new_material} brings it); none named are all there are.

Source: rehearsal, Robins (1995), Catastrophic forgetting, rehearsal and pseudorehearsal; a few percent of general text
beside a new domain: Ibrahim et al. (2024), Simple and scalable strategies to continually pre-train large language
models, section 4.
Neutral limit: share 0, or a course without other material, is `nothing`.

>>> import numpy as np
>>> from tutelage.toys import replies_pool, stream, view
>>> now = view(taught=np.array([0, 2, 3, 5]))
>>> now = now._replace(parts={"facts": replies_pool([("1 + 1", "2", "r1"), ("2 + 2", "four", "r2")])})
>>> made = ProxyReplay(share=1 / 3).rehearse(now.lessons, now, stream(0, "retain"))
>>> [(block.kind.__name__, block.given["text"].tolist()) for block in made]
[('Text', ['2', 'four'])]
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tutelage.core.data import Kinds, Lessons, Rng
from tutelage.core.forecast import Work
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Student, View
from tutelage.kit.again import as_lessons, beside, spread
from tutelage.kit.lessons import alive
from tutelage.kit.needed_parts import all_there


@method
class ProxyReplay:
    parts: tuple[str, ...] = ()  # names of other material; none: all there is
    share: Annotated[float, Field(ge=0, lt=1)] = 0.2  # of the lessons that are learned

    needs: ClassVar[Kinds] = frozenset()

    @property
    def needs_parts(self) -> tuple[str, ...]:
        """Those that are named."""
        return self.parts

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """A block a part, two of one with replies beside some of its rows alone; none beside no new lesson.

        Refused for a part that the course has not, or an empty one.
        """
        names = self.parts or tuple(view.parts)
        all_there("retain.parts", names, view.parts)
        wanted = int(beside(self.share, alive(new)))
        shares = [wanted * (at + 1) // len(names) - wanted * at // len(names) for at in range(len(names))]
        parts = [view.parts[name] for name in names]
        drawn = zip(parts, shares, strict=True)
        told = [as_lessons(part, spread(len(part), count, rng), "proxy") for part, count in drawn]
        return tuple(block for blocks in told for block in blocks)

    def rehearsed(self, new: float, held: float) -> Work:
        """Lessons beside so many new ones, where the course has other material."""
        return Work(beside(self.share, new), bool(self.parts) or self.share == 0)

    def penalty(self, view: View) -> Penalty | None:
        """Nothing is added to the loss."""
        return None

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned; nothing is remembered."""
        return Settled(view.student)
