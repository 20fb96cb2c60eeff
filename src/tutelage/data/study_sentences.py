"""Sentences studied a few times, then others to read, and an exam of what is left: a lifetime of few-shot memories.

    episode 0 .. exposures - 1    all `study` sentences once
    then one for each of `probes`    new sentences, `batch` an update, up to so many updates in all

An exam is sat before everything and after each episode, so that a learner of one pass and this batch is probed at these
updates. `material` is what is studied: sentences; as many random words as these have (`random_words`); or the sentences
with letters and words in random order (`gibberish`). The exam's items are the studied texts, its parts are foils, one
for each: `new`, another text of the same material; `natural`, of random words a sentence, of gibberish its own
original; `random_words`, as many words as the text has; `gibberish`, the text itself, scrambled; `synonym`, the text
with one word replaced, by one of `synonyms` or without that list by one of WordNet's: of words with a single meaning,
and by a word that stands in `warm_up`, too; `paraphrase`, what the file `paraphrases` (columns text and paraphrase)
says for it. Studied are then sentences for which there is one; a paraphrase with the words of its sentence is none.

Studied sentences and foils are of the encyclopaedia's held-out extracts, what is read later of its material `train`,
and both have hardly a run of five words that stands in `warm_up`, the material for a student that has to learn to read
first. `drawn` draws the sentences for each seed; else they, and the exam, are the same for all.

Source: the design of Orhan (2023, arXiv 2303.17557), experiments 1 to 6; sentences are ours.
Neutral limit: without `probes` it is a pool in `exposures` passes.

>>> from tutelage.core.rng import stream
>>> made = StudySentences(study=2, exposures=1, probes=(1,), batch=4).course(stream(0, "data"))
>>> made.parts["pool"].pool.column("episode").to_pylist(), len(made.exams["exam"].parts["new"])
([0, 0, 1, 1, 1, 1], 2)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from tutelage.assets.fetch import asset
from tutelage.core.answers import Sealed
from tutelage.core.data import Array, Block, Course, Exam, Itself, Modality, Part, Pool, Rng, Rows, Table
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.data._sentences import Source, source
from tutelage.data._study_foils import REWRITTEN, Foil, Lot, Words, file, foils, usable, wordnet
from tutelage.kit.foils import gibberish, random_words

Material = Literal["natural", "random_words", "gibberish"]


@method
class StudySentences:
    """shortest, longest: words of a sentence. batch: sentences of an update, the learner's; probes: rising."""

    study: Annotated[int, Field(ge=1)] = 100
    exposures: Annotated[int, Field(ge=1)] = 3
    material: Material = "natural"
    foils: Annotated[tuple[Foil, ...], Field(min_length=1)] = ("new",)
    synonyms: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)  # word in small letters -> others
    paraphrases: str | None = None  # a file: CSV, TSV, JSONL or Parquet
    probes: tuple[Annotated[int, Field(ge=1)], ...] = ()
    batch: Annotated[int, Field(ge=1)] = 16
    shortest: Annotated[int, Field(ge=6)] = 8
    longest: Annotated[int, Field(ge=6)] = 28
    split: Literal["test", "dev"] = "test"
    drawn: bool = False

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    asks_what_was_taught: ClassVar[bool] = True  # the exam is of what stands in the pool: memory is examined
    card: ClassVar[
        str
    ] = """Source: sentences of the lead summaries of Wikipedia's vital articles (data: encyclopaedia),
studied ones of its test or development extracts, later ones of its material `train`.
Licence: the texts CC BY-SA 4.0, the authors of Wikipedia. Synonyms, unless given: WordNet as
MultiWordNet has it, CC BY 3.0.
Dropped: sentences with more than a fifth of their runs of five words in the material `warm_up`, or in another sentence.
The exam stands in the pool on purpose: what is examined is whether it was kept. No labels: nothing is sealed."""

    @model_validator(mode="after")
    def _goes_together(self) -> StudySentences:
        if list(self.probes) != sorted(set(self.probes)):
            raise ValueError("probes are numbers of updates that rise")
        if "natural" in self.foils and self.material == "natural":
            raise ValueError("sentences have no natural foil but a new one: say new")
        if REWRITTEN & {*self.foils} and self.material != "natural":
            raise ValueError("synonym and paraphrase are foils of the material natural")
        if "paraphrase" in self.foils and self.paraphrases is None:
            raise ValueError("paraphrase needs `paraphrases`, a file with the columns text and paraphrase")
        if len(set(self.foils)) < len(self.foils):
            raise ValueError("a kind of foil is named once")
        return self

    @property
    def assets(self) -> tuple[str, ...]:
        """WordNet only where a foil is taken from it."""
        return ("encyclopaedia", "wordnet") if "synonym" in self.foils and not self.synonyms else ("encyclopaedia",)

    def course(self, rng: Rng) -> Course:
        """The course. Missing when the texts or WordNet are not here; Refused when there are too few sentences for it,
        or the file of paraphrases is faulty.
        """
        found = source(asset("encyclopaedia"), self.split, self.shortest, self.longest)
        words, said = self._words(found)
        lots, later = rng.spawn(2)
        lots = lots if self.drawn else stream(0, "study_sentences")
        held = found.held[lots.permutation(len(found.held))]
        held = held[np.array(usable(held.tolist(), words), dtype=bool)]
        self._enough(len(held), 2 * self.study, "sentences to study and to take foils from")
        mine, other = held[: self.study].tolist(), held[self.study : 2 * self.study].tolist()
        luck = dict(zip(("mine", "other", "foils"), lots.spawn(3), strict=True))
        studied = self._made(mine, found, luck["mine"])
        # The foil of a scrambled sentence is its own original.
        lot = Lot(studied, self._made(other, found, luck["other"]), mine if self.material == "gibberish" else other)
        parts: dict[str, Sequence[str]] = {kind: foils(kind, lot, words, luck["foils"]) for kind in self.foils}
        read = self._later(found.later, later)
        table = _pool(studied, self.exposures, read)
        sealed = Sealed(table, np.full(table.columns.num_rows, -1, dtype=np.int64))
        notes = (
            f"Studied: {self.study} of {len(held)} {self.split} sentences, as {self.material}, {self.exposures} times.",
            f"Read afterwards: {sum(map(len, read))} of {len(found.later)} other sentences, {self.batch} an update.",
            *said,
        )
        return Course({"pool": Part(table.pool(), sealed)}, {"exam": _exam(studied, parts)}, notes=notes)

    def _words(self, found: Source) -> tuple[Words, tuple[str, ...]]:
        """What foils are made of, and notes on it: the list of synonyms given, else that of WordNet if it is needed."""
        others = wordnet(found) if "synonym" in self.foils and not self.synonyms else self.synonyms
        if self.paraphrases is None:
            return Words(found.vocabulary, others, None), ()
        said, note = file(self.paraphrases, found)
        return Words(found.vocabulary, others, said), (note,)

    def _made(self, sentences: Sequence[str], found: Source, rng: Rng) -> list[str]:
        """What these sentences are as material."""
        if self.material == "random_words":
            return [random_words(len(text.split()), found.vocabulary, rng) for text in sentences]
        return [gibberish(text, rng) if self.material == "gibberish" else text for text in sentences]

    def _later(self, sentences: Array, rng: Rng) -> list[list[str]]:
        """One list for each probe."""
        if not self.probes:
            return []
        self._enough(len(sentences), self.batch * self.probes[-1], "sentences to read afterwards")
        order = sentences[rng.permutation(len(sentences))]
        edges = [0, *(self.batch * probe for probe in self.probes)]
        return [order[start:stop].tolist() for start, stop in zip(edges, edges[1:], strict=False)]

    def _enough(self, there: int, asked: int, what: str) -> None:
        if asked > there:
            help = "study fewer sentences, read fewer afterwards, or let them be shorter or longer"
            raise Refused(Fault("data", f"{asked} {what} are asked for, there are {there}", help))


def _pool(studied: Sequence[str], exposures: int, read: Sequence[Sequence[str]]) -> Table:
    """Every exposure is a row; `sentence` names the text, `episode` counts."""
    rows = [
        (f"s{n + 1}-{turn + 1}", f"s{n + 1}", text, turn) for turn in range(exposures) for n, text in enumerate(studied)
    ]
    later = [(text, exposures + turn) for turn, some in enumerate(read) for text in some]
    rows += [(f"r{n + 1}", f"r{n + 1}", text, turn) for n, (text, turn) in enumerate(later)]
    ids, names, texts, turns = zip(*rows, strict=True)
    columns: dict[str, Any] = {"id": ids, "text": texts, "sentence": names, "episode": turns}
    return Table.of("study sentences", {name: list(values) for name, values in columns.items()})


def _exam(studied: Sequence[str], foils: Mapping[str, Sequence[str]]) -> Exam:
    """A foil has the id of its text."""
    ids = [f"s{n + 1}" for n in range(len(studied))]

    def pool(name: str, texts: Sequence[str]) -> Pool:
        return Table.of(name, {"id": ids, "text": list(texts)}).pool()

    about = pool("studied sentences", studied)
    size = len(studied)
    block = Block(Rows(about, np.arange(size)), None, Itself, {}, "exam", np.zeros(size), np.ones(size))
    return Exam((block,), {kind: pool(f"foils, {kind}", texts) for kind, texts in foils.items()})
