"""Draws several replies and gives the one whose answer is the most frequent: self-consistency.

    give r_i with the smallest i for which a_i = argmax_a sum_j [a_j = a],    a_j = e(r_j),    r_1 .. r_n ~ student(x)

e(r) is the answer inside a reply: `whole`, its words without regard to capitals, white space and a full stop at the
end; `number`, the last number; or what a regular expression finds, of several matches the last, of it the group where
there is one. A reply without an answer has no vote; without any vote the first reply is given. Of answers with equally
many votes the one drawn first wins. The whole reply is given, reasoning included, and the tokens of all n count as
answer-time tokens. Draws are made at `temperature`, whatever the one who asks says.

Source: Wang, Wei, Schuurmans, Le, Chi, Narang, Chowdhery, Zhou (2023), Self-consistency improves chain of thought
reasoning in language models, ICLR, section 2, the unweighted majority; temperature 0.7 as there for GPT-3.
Neutral limit: with n = 1 it is the student itself.

>>> from tutelage.toys import Writer, stream, view
>>> student = Writer({"2 + 2": ("I say 4.", "4", "perhaps 5", "it is 4")})
>>> equipped = MajorityVote(n=15, extract="number").equip(view(student=student), stream(0, "recall"))
>>> told = equipped.write(["2 + 2"], 1, stream(0, "w"), temperature=0)
>>> told.texts.tolist(), told.tokens_out.tolist()
([['it is 4']], [[54]])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Ints, Kinds, Rng
from tutelage.core.method import method
from tutelage.core.stages import Student, View
from tutelage.core.writing import CanWrite, Prompt
from tutelage.kit.extract import Extract, extractor
from tutelage.kit.pondered import Picked, Pondered


@method
class MajorityVote:
    n: Annotated[int, Field(ge=1)] = 8  # replies drawn for each one given
    extract: Extract = "whole"  # whole, number, or a regular expression
    temperature: Annotated[float, Field(gt=0)] = 0.7
    max_tokens: Annotated[int, Field(ge=1)] = 256  # of a reply where the student answers a pool

    needs: ClassVar[Kinds] = frozenset({CanWrite})

    def equip(self, view: View, rng: Rng) -> Student:
        """The student itself when one reply is drawn."""
        return view.student if self.n == 1 else Pondered(view.student, self, self._voted)

    def restored(self, student: Any, folder: Path) -> Student:
        """The equipped student that was saved in this folder."""
        return Pondered(student, self, self._voted)

    def _voted(self, prompts: Sequence[Prompt], texts: Array, tokens: Ints) -> Picked:
        read = extractor(self.extract)
        places = np.zeros(texts.shape[:2], dtype=np.int64)
        for place in np.ndindex(places.shape):
            answers = [read(text) for text in texts[place]]
            votes = Counter(answer for answer in answers if answer is not None)
            if votes:
                places[place] = answers.index(votes.most_common(1)[0][0])  # of equals the first that was counted
        return Picked(places, np.zeros(len(places), dtype=np.int64))
