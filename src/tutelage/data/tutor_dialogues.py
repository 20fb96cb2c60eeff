"""Synthetic dialogues of a tutor and a student over small sums, the tutor's turns as JSON; exam wordings held out.

A row is one turn of a scripted tutor (`_tutoring`): `text` is the item, its sub-steps worked out, and what was said
since the sub-step in hand was posed, with `checked` also whether each number was right; `reply` is the tutor's turn by
the CLASS schema (`_tutor_schema`),

    {"evaluation":"a","action":"1","state":"x","subproblem":"12 + 5","reply":"Not yet. What is 12 + 5?"}

The student errs in the ways named by `errors`, each with its weight. Parts: the pool, turns of preference dialogues
whose replies are by the rule; `sft`, turns of other dialogues in which a share `noise` of those turns whose evaluation
leaves a choice of actions has another legal action, with the state and the words that go with it. Exams: `exam`, later
turns (not the first of a dialogue) with the tutor's reply as truth; `contrast`, for turns after a first failure a reply
that hints (action 1 or 4, `chosen`) and one that gives the answer away (2 or 5, `rejected`).
Pool and sft are drawn by the seed, the exams are the same at every seed. A student's wordings, an opener with a body,
are dealt out by a hash: 70 % to pool and sft, 10 % to the exam `dev`, 20 % to the exam `test`. All of it is made up.

Source: Sonkar, Ni, Chaudhary and Baraniuk (2024, arXiv 2402.05000): the schema, the split and the second set for
perplexity; theirs are dialogues on biology written by GPT-4, the sums and the rules are ours.
Neutral limit: `noise: 0` makes sft material like the pool's.

>>> from tutelage.core.rng import stream
>>> made = TutorDialogues(sft=2, preference=2, exam=2).course(stream(0, "data"))
>>> made.parts["pool"].pool.column("reply").to_pylist()[0]
'{"evaluation":"g","action":"12","state":"w","subproblem":"16 - 7","reply":"Hello. How much is 16 - 7?"}'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.answers import Sealed
from tutelage.core.data import Block, Course, Exam, Modality, Part, Preference, Rng, Rows, Table
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.data._tutor_schema import ACTIONS, SOLVES
from tutelage.data._tutoring import ERRORS, Said, dialogue
from tutelage.kit.reply_courses import references_of

Weight = Annotated[float, Field(ge=0)]
FIRST_FAILURE = frozenset({"1", "4"})  # where a hint is right and giving the answer away is not


@method
class TutorDialogues:
    """sft, preference, exam: turns of the tutor. errors: kind of mistake -> weight; None: all alike."""

    sft: Annotated[int, Field(ge=1)] = 600
    preference: Annotated[int, Field(ge=1)] = 600
    exam: Annotated[int, Field(ge=1)] = 300
    split: Literal["test", "dev"] = "test"  # whose wordings the exams have
    noise: Annotated[float, Field(ge=0, le=1)] = 0.15
    checked: bool = True  # a calculator's word stands behind each number that the student says
    errors: Mapping[str, Weight] | None = None

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = """Source: synthetic, written for this purpose by data/_tutoring.py; no person wrote or read
these dialogues, and no model did. Licence: that of this package.
Sizes: as many turns as asked for, about six a dialogue; two or three sums an item, results up to 99.
Split: by dialogue, and by the student's wordings (an opener with a body), by a hash; their words, the tutor's wordings,
names and things are shared by all. The columns `evaluation` and `action` of sft are those of the rule, before noise."""

    def course(self, rng: Rng) -> Course:
        """Replies stand in the pool. Refused for a mistake that does not exist or weights without a sum."""
        sft = _drawn(self, self.sft, rng, "train")
        seen = {said.text for _, said in sft}
        pool = _drawn(self, self.preference, rng, "train", seen)
        told = [self._noised(said, rng) for _, said in sft]
        changed = sum(action != said.action for action, (_, said) in zip(told, sft, strict=True))
        apart = stream(0, f"data.tutor_dialogues.{self.split}")
        later = _drawn(self, self.exam, apart, self.split, place=1)
        both = _drawn(self, self.exam, apart, self.split, {said.text for _, said in later}, 1, FIRST_FAILURE)
        examined = _table(self.split, later, [said.action for _, said in later])
        notes = (
            f"{changed} of {len(sft)} turns of sft have another action than the rule's.",
            "All dialogues are synthetic; the exam's wordings of the student stand in no pool.",
        )
        parts = {
            "pool": _part("preference", pool, [said.action for _, said in pool]),
            "sft": _part("sft", sft, told),
        }
        exams = {"exam": Exam((references_of(examined, np.arange(len(later))),)), "contrast": Exam((_pairs(both),))}
        return Course(parts, exams, notes=notes)

    @property
    def weights(self) -> Mapping[str, float]:
        """Mistake -> weight. Refused where one does not exist or none has any."""
        weights = dict.fromkeys(ERRORS, 1.0) if self.errors is None else self.errors
        strange = [name for name in weights if name not in ERRORS]
        if strange:
            raise Refused(Fault("data.errors", f"there is no mistake {strange[0]!r}", nearest(strange[0], ERRORS)))
        if not sum(weights.values()) > 0:
            raise Refused(Fault("data.errors", "no mistake has a weight above 0"))
        return weights

    def _noised(self, said: Said, rng: Rng) -> str:
        """Another legal action with the chance `noise`; the same luck is used up whatever the noise."""
        lot, place = rng.random(), rng.random()
        others = [action for action in ACTIONS[said.evaluation] if action != said.action]
        return others[int(place * len(others))] if others and lot < self.noise else said.action


def _drawn(
    maker: TutorDialogues,
    count: int,
    rng: Rng,
    part: str,
    known: frozenset[str] | set[str] = frozenset(),
    place: int = 0,
    actions: frozenset[str] | None = None,
) -> list[tuple[int, Said]]:
    """So many turns with the numbers of their dialogues, no two of the same text and none known; the last cut short."""
    found: dict[str, tuple[int, Said]] = {}
    number, errors = 0, maker.weights
    while len(found) < count:
        number += 1
        for said in dialogue(rng, part, errors, maker.checked):
            wanted = said.place >= place and (actions is None or said.action in actions)
            if wanted and said.text not in known and len(found) < count:
                found.setdefault(said.text, (number, said))
    return list(found.values())


def _table(name: str, told: Sequence[tuple[int, Said]], actions: Sequence[str]) -> Table:
    """The turns as a table, each with the reply by its action."""
    columns = {
        "id": [f"{name}-{number}.{said.place + 1}" for number, said in told],
        "group": [f"{name}-{number}" for number, _ in told],
        "text": [said.text for _, said in told],
        "reply": [said.replies[action] for action, (_, said) in zip(actions, told, strict=True)],
        "evaluation": [said.evaluation for _, said in told],
        "action": [said.action for _, said in told],
        "answer": [str(said.answer) for _, said in told],
    }
    return Table.of(f"tutor dialogues, {name}", columns)


def _part(name: str, told: Sequence[tuple[int, Said]], actions: Sequence[str]) -> Part:
    table = _table(name, told, actions)
    return Part(table.pool(), Sealed(table, np.full(len(told), -1, dtype=np.int64)))


def _pairs(told: Sequence[tuple[int, Said]]) -> Block:
    """A hint against the answer given away, both as the tutor would say them."""
    table = _table("contrast", told, [said.action for _, said in told])
    away = [next(text for action, text in said.replies.items() if action in SOLVES) for _, said in told]
    given = {"chosen": np.empty(len(told), dtype=object), "rejected": np.empty(len(told), dtype=object)}
    given["chosen"][:], given["rejected"][:] = table.pool().column("reply").to_pylist(), away
    about = Rows(table.pool(), np.arange(len(told), dtype=np.int64))
    return Block(about, None, Preference, given, "exam", np.zeros(len(told)), np.ones(len(told)))
