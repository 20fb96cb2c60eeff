"""Facts about people that stay, change or are new: what an update of a language model should keep, replace and add.

    part `earlier`    the Lomen's city is      every fact before, in several wordings               Oslo
    pool              news: Lomen now has ...  the updated and the new facts, in other wordings     Quito
    exams             say the city that ...    in one wording that stands in neither:
        invariant     facts of `earlier` that stay true
        updated       facts whose value changed, the new value being right
        outdated      the same probes, the old value being right: how often it is still said
        new           facts of which nothing was said before, about the same people
    and with `told: true` one in words that stand in the pool:
        told          the updated facts, each in the first wording that the news have of it

The pool comes in `phases`, each with its own facts (column `task`: 1, 2, ...; the invariant facts of the exam are dealt
out to them, so that each has some of its own to be asked about), and every phase in `epochs`: an episode, hence a
round, shows each text of its phase once. Which wordings a fact is told in is drawn from the seed; the world, and with
it every exam but `told`, is the same at all seeds and another one for `split: dev`. Texts are prompts, `reply` what is
said; `subject` names the person, as the prompt does. Items of an exam about one person are one group. For a fact that
is edited, `told` asks for efficacy, `updated` for generality and `invariant` for locality. Everything is made up here.

Source: made for Jang et al. (2022), Towards continual knowledge learning of language models, arXiv 2110.03215, section
3.2 (invariant, updated and new knowledge) at small size.
Neutral limit: none; it is generated. With `updated: 0` nothing contradicts what was there.

>>> from tutelage.core.rng import stream
>>> made = EvolvingFacts(people=6, updated=2, new=3, wordings=2, exam=5).course(stream(0, "data"))
>>> {name: len(exam.truth[0].weight) for name, exam in made.exams.items()}
{'invariant': 5, 'updated': 2, 'outdated': 2, 'new': 3}
>>> len(made.parts["earlier"].pool), len(made.parts["pool"].pool)      # 18 facts and 5, in two wordings each
(36, 10)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from pydantic import Field

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Exam, Modality, Part, Rng, Table
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.data._facts import EARLIER, KNOWN, NEWS, PROBE, Fact, World, wordings, world
from tutelage.kit.reply_courses import references_of

BEFORE = "0"  # the task of what was known before


@method
class EvolvingFacts:
    people: Annotated[int, Field(ge=1, le=5_000)] = 80  # of whom three things are known each, and one is not
    updated: Annotated[int, Field(ge=0)] = 60  # facts
    new: Annotated[int, Field(ge=0)] = 60  # facts, at most one for each person
    wordings: Annotated[int, Field(ge=1, le=16)] = 6  # in which each fact is told
    news: Annotated[int, Field(ge=1, le=16)] | None = None  # the same of the news; None: as many
    phases: Annotated[int, Field(ge=1)] = 1
    epochs: Annotated[int, Field(ge=1)] = 1  # of each phase
    known: bool = False  # whether a fact changes to what was said of somebody else before
    told: bool = False  # whether the updated facts are also asked in the news' own words
    exam: Annotated[int, Field(ge=1)] = 200  # invariant facts that are asked, the same ones at every seed
    split: Literal["test", "dev"] = "test"  # which world

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = """Generated; nothing is fetched: people with four attributes of 24 values each, one of them
unknown before, in 36 wordings before and 16 in the news. Split: two worlds drawn once for all seeds; exams but one are
asked in a wording that no material has."""

    def course(self, rng: Rng) -> Course:
        """The course. Refused when more facts change than there are, when a phase would be empty or nothing stays."""
        total = self.people * KNOWN
        if self.updated >= total:
            what = f"{self.updated} of {total} facts would change, so none would stay to be asked"
            raise Refused(Fault("data.updated", what, f"updated: {total - 1} or fewer"))
        if self.new > self.people:
            what = f"{self.new} new facts were asked for, of {self.people} people of whom one thing each is unknown"
            raise Refused(Fault("data.new", what, f"new: {self.people}"))
        if self.phases > self.updated + self.new:
            what = f"{self.updated + self.new} facts cannot fill {self.phases} phases"
            raise Refused(Fault("data.phases", what, "fewer phases, or more facts that are updated or new"))
        made = world(self.people, self.updated, self.new, stream(0, f"evolving facts {self.split}"), self.known)
        before = _told(made.earlier, EARLIER, self.wordings, rng, BEFORE)
        earlier = _table("facts before", before)
        news = self._news(made, rng)
        pool = self._pool(news)
        parts = {"pool": _part(pool), "earlier": _part(earlier)}
        return Course(parts, self._exams(made, news), notes=self._notes(made, pool, earlier))

    def _news(self, made: World, rng: Rng) -> list[list[_Told]]:
        """Phase by phase the texts of its facts, those of the updated ones first."""
        shares = [_shares(kind, self.phases) for kind in (made.updated, made.new)]
        count = self.news or self.wordings
        return [[one for share in shares for one in _told(share[phase], NEWS, count, rng, str(phase + 1))]
                for phase in range(self.phases)]  # fmt: skip

    def _pool(self, news: list[list[_Told]]) -> Table:
        """Phase by phase and epoch by epoch; the wordings of a fact are the same in every epoch."""
        told: list[_Told] = []
        episodes: list[int] = []
        for phase, texts in enumerate(news):
            for epoch in range(phase * self.epochs, (phase + 1) * self.epochs):
                told += [one._replace(id=f"{one.id}, epoch {epoch + 1}") for one in texts]
                episodes += [epoch] * len(texts)
        return _table("facts in the news", told, episodes)

    def _exams(self, made: World, news: list[list[_Told]]) -> dict[str, Exam]:
        """Those without an item are left out."""
        some = np.sort(stream(0, "evolving facts exam").permutation(len(made.invariant))[: self.exam])
        back = [one._replace(value=one.old) for one in made.updated]
        stay = [made.invariant[at] for at in some.tolist()]
        asked = {"invariant": _shares(stay, self.phases), "updated": _shares(made.updated, self.phases),
                 "outdated": _shares(back, self.phases), "new": _shares(made.new, self.phases)}  # fmt: skip
        exams = {name: _exam(name, several) for name, several in asked.items() if any(several)}
        if not self.told or not made.updated:
            return exams
        first = {one.fact.key: one for texts in news for one in reversed(texts) if one.fact.old}
        told = [first[fact.key]._replace(id=fact.key) for fact in made.updated]
        return {**exams, "told": _of(_table("told facts", told, grouped=True))}

    def _notes(self, made: World, pool: Table, earlier: Table) -> tuple[str, ...]:
        rows = pool.columns.num_rows
        return (
            f"{len(made.earlier)} facts about {self.people} people before, in {earlier.columns.num_rows} texts.",
            f"{len(made.updated)} facts change and {len(made.new)} are new, in {rows // self.epochs} texts, shown "
            f"{self.epochs} times; phases: {self.phases}.",
            f"The exams{' but `told`' * self.told} ask in words that no text has: {PROBE.format(n='N', w='city')!r}.",
        )


class _Told(NamedTuple):
    """A fact in one wording. task: the phase that it belongs to."""

    id: str
    text: str
    fact: Fact
    task: str


def _told(facts: Sequence[Fact], frames: Sequence[str], count: int, rng: Rng, task: str) -> list[_Told]:
    """Every fact in so many wordings, fact by fact."""
    which = wordings(len(facts), count, frames, rng)
    return [_Told(f"{one.key}, wording {at + 1}", one.worded(frames[at]), one, task)
            for one, mine in zip(facts, which, strict=True) for at in mine.tolist()]  # fmt: skip


def _shares(facts: Sequence[Fact], count: int) -> list[list[Fact]]:
    """In pieces as equal as they can be, the first ones larger; some may be empty."""
    return [[facts[at] for at in share.tolist()] for share in np.array_split(np.arange(len(facts)), count)]


def _table(name: str, told: Sequence[_Told], episodes: Sequence[int] | None = None, grouped: bool = False) -> Table:
    """Every text is a prompt of its own, so each is a group of its own; those of an exam are grouped by person."""
    columns = {
        "id": [one.id for one in told],
        "text": pa.array([one.text for one in told], pa.large_string()),
        "reply": pa.array([one.fact.value for one in told], pa.large_string()),
        "group": [one.fact.name if grouped else one.id for one in told],
        "fact": [one.fact.key for one in told],
        "subject": [one.fact.name for one in told],
        "task": [one.task for one in told],
    }
    return Table.of(name, columns if episodes is None else {**columns, "episode": list(episodes)})


def _part(table: Table) -> Part:
    """Replies stand beside their prompts, so nothing is sealed."""
    return Part(table.pool(), Sealed(table, np.full(table.columns.num_rows, -1, dtype=np.int64)))


def _exam(name: str, several: Sequence[Sequence[Fact]]) -> Exam:
    """One probe for each fact; `task` is the phase whose facts these are, or that they are dealt out to."""
    told = [_Told(one.key, one.worded(PROBE), one, str(phase + 1))
            for phase, facts in enumerate(several) for one in facts]  # fmt: skip
    return _of(_table(f"{name} facts", told, grouped=True))


def _of(table: Table) -> Exam:
    """Every row is an item."""
    return Exam((references_of(table, np.arange(table.columns.num_rows, dtype=np.int64)),))
