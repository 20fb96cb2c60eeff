"""How much of a text the student brings back when it is given the first half: overlap of what it says with the rest.

    cue = the first half of the text's tokens;  said = the likeliest token each time, as many as the other half has
    cued_recall = F1 of the bags of tokens of `said` and of the rest

The token that ends a text is never said, so that a student cannot stop early. Beside it: `rouge_1`, `rouge_2` and
`rouge_l` in words, of the completed half alone, and `whole_rouge_1`, ... of the whole text, the cue included on both
sides, as the paper's released script has them: whoever says nothing right already has about one half there. `verbatim`
is the share of texts whose rest comes back token by token.

Source: Orhan (2023, arXiv 2303.17557), section 2; ROUGE: Lin (2004), F1. The half alone is ours.
Neutral limit: a student that goes on with nothing of the text has 0 in everything but the whole text's ROUGE.

>>> from tutelage.toys import Rote, own_truth, stream, till
>>> exam = own_truth(["a b c d", "e f g h"])
>>> scores = CuedRecall().assess(Rote(("a b c d",)), exam, till(), stream(0, "assess"))
>>> [(one.name, one.value) for one in scores][:5]
[('cued_recall', 0.5), ('rouge_1', 0.5), ('rouge_2', 0.5), ('rouge_l', 0.5), ('whole_rouge_1', 0.75)]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Exam, Kinds, Rng, Score
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.stages import Student, Till, able
from tutelage.core.writing import CanRecite, Recited
from tutelage.kit.exams import alone, groups_of, mean
from tutelage.kit.rouge import overlap, rouge_l, rouge_n


@method
class CuedRecall:
    """share: of the tokens that is given. on: which exam."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanRecite})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """Eight scores. NaN for an exam without items of positive weight."""
        pool, _ = alone(exam)
        told = able(student, CanRecite).recite(pool.texts(), self.share)
        if len(told.starts) != len(pool) + 1 or len(told.said_ids) != len(told.rest_ids):
            raise ContractBroken(f"{type(student).__name__}.recite: of each text as many tokens as it has are asked")
        each = [compared(told, row) for row in range(len(pool))]
        groups = groups_of(pool)
        made = []
        for name in NAMES:
            items = np.array([one[name] for one in each], dtype=np.float32)
            made.append(Score(name, mean(items), pool.numbers, items, groups))
        return tuple(made)


NAMES = ("cued_recall", "rouge_1", "rouge_2", "rouge_l", "whole_rouge_1", "whole_rouge_2", "whole_rouge_l", "verbatim")


def compared(told: Recited, row: int) -> Mapping[str, float]:
    """The scores of one text by their names."""
    here = slice(int(told.starts[row]), int(told.starts[row + 1]))
    rest, said = told.rest_ids[here].tolist(), told.said_ids[here].tolist()
    cue, pair = str(told.cue[row]), (str(told.rest[row]), str(told.said[row]))
    made = {"cued_recall": overlap(rest, said), "verbatim": float(rest == said)}
    for name, (a, b) in {"": pair, "whole_": (cue + pair[0], cue + pair[1])}.items():
        made |= {
            f"{name}rouge_1": rouge_n(a, b, 1),
            f"{name}rouge_2": rouge_n(a, b, 2),
            f"{name}rouge_l": rouge_l(a, b),
        }
    return made
