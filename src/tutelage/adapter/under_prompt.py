"""The whole model moves under a learned prompt that stays as it is: the second stage of ProMoT.

    min over theta  - sum log p_theta(y | P, x),    P (length, d) in front of every prompt, fixed

A student that has vectors of this length, by `adapter: prompt` in the step before, keeps them; one that has none gets
some that start as there and are never learned, a random prompt. With `moves` they are learned together with the model,
at `prompt_scale` times its rate. When the student is asked about something else the vectors are taken away
(`recall: own_prompt`): what they have taken up of the narrow task's form does not have to go into the model.

Source: Wang, Si, Li, Lukasik, Yu, Hsieh, Dhillon, Kumar (2022, arXiv 2211.00635), ProMoT, section 4; both ablations,
section 5.4. Neutral limit: length 0 is `full`.

>>> from tutelage.core.parts import build
>>> from tutelage.core.data import Table
>>> from tutelage.toys import stream
>>> maker = build("student", {"use": "text.tiny", "hidden": 16, "layers": 1, "heads": 2})
>>> student = maker.begin(Table.of("few", {"text": ["a"]}).pool(), stream(0, "student"))
>>> names = UnderPrompt(length=4).open(student.module, stream(0, "learn")).groups[0].names
>>> len(names) > 5, "before.values" in names
(True, False)
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.descent import Group, Opened, Prefixes
from tutelage.core.method import method
from tutelage.kit.soft_prompt import prompted

PROMPT = "before.values"


@method
class UnderPrompt:
    length: Annotated[int, Field(ge=0)] = 16
    start: str = ""  # words whose embeddings a prompt starts from where there is none; empty: drawn tokens
    moves: bool = False  # learn the prompt together with the model
    prompt_scale: Annotated[float, Field(gt=0)] = 1.0  # the prompt's rate over the model's, where it moves

    needs: ClassVar[Kinds] = frozenset({Prefixes})
    adds: ClassVar[bool] = True

    def open(self, module: Any, rng: Rng) -> Opened:
        """The model's parameters, then perhaps the prompt. Refused when another learned prompt is there."""
        if self.length or module.before is not None:
            prompted(module, self.length, self.start, rng)
        trunk = Group(tuple(name for name, _ in module.named_parameters() if name != PROMPT))
        both = (trunk, Group((PROMPT,), self.prompt_scale)) if self.moves and self.length else (trunk,)
        return Opened(module, both)
