"""Another data set with a corpus beside it: passages that methods look things up in, and that nobody is taught.

    pool, exams, parts   those of `of`
    part `corpus`        the texts of the data set named by `corpus`, such as an encyclopaedia or your own documents

Its passages are that data set's pool and, as nobody sits it here, its exam of texts; the same ones at every seed. One
that is word for word an item of an exam of `of` is left out. It may else hold what the exam asks about, as a book does
that lies open. `choose: {use: grounded}` keeps the rows of the pool that are like a passage.

Source: none; retrieval from a corpus of passages as in Karpukhin and others (2020), Dense passage retrieval, section 3.
Neutral limit: without a method that searches the corpus this is `of`.

>>> import pathlib, tempfile
>>> from tutelage.core.rng import stream
>>> path = pathlib.Path(tempfile.mkdtemp()) / "handbook.md"
>>> _ = path.write_text(chr(10).join(f"# Rule {i}{chr(10)}{chr(10)}Sign the book on day {i}." for i in range(8)))
>>> corpus = build("data", {"use": "passages", "path": str(path), "passage": 60})
>>> made = WithCorpus(of=build("data", {"use": "worked_problems", "prompts": 20}), corpus=corpus)
>>> {name: len(part.pool) for name, part in made.course(stream(0, "data")).parts.items()}
{'pool': 100, 'corpus': 8}
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Itself, Modality, Part, Pool, Rng
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.parts import build, part
from tutelage.core.rng import stream
from tutelage.kit.split import content_keys

NAME = "corpus"


@method
class WithCorpus:
    of: Annotated[Any, part("data")] = Field(default_factory=lambda: build("data", "worked_problems"))
    corpus: Annotated[Any, part("data")] = Field(default_factory=lambda: build("data", "encyclopaedia"))

    card: ClassVar[str] = "The data sets named by `of` and `corpus`; see their own cards."

    @property
    def holds(self) -> frozenset[Modality]:
        return frozenset(self.of.holds)

    @property
    def assets(self) -> tuple[str, ...]:
        """Those of both."""
        return tuple(dict.fromkeys(name for one in (self.of, self.corpus) for name in getattr(one, "assets", ())))

    def course(self, rng: Rng) -> Course:
        """The course. Refused for a corpus of another kind, or none left, and where the data have one already."""
        made: Course = self.of.course(rng)
        if NAME in made.parts:
            raise Refused(Fault("data.of", f"these data have a part {NAME!r} already", "leave out with_corpus"))
        if not self.of.holds & self.corpus.holds:
            told = [", ".join(sorted(one.holds)) for one in (self.of, self.corpus)]
            raise Refused(Fault("data.corpus", f"the rows hold {told[0]}, the passages {told[1]}"))
        whole = _texts(self.corpus.course(stream(0, "data.corpus")))
        truth = [block for exam in made.exams.values() for block in exam.truth]
        held = np.concatenate([np.zeros(0, np.uint64), *(content_keys(block.about.examples()) for block in truth)])
        passages = whole.take(np.flatnonzero(~np.isin(content_keys(whole), held)))
        if len(passages) == 0:
            raise Refused(Fault("data.corpus", f"no passage of {whole.name!r} is left", "a corpus apart from the exam"))
        notes = [f"{len(passages):,} passages of {whole.name!r} are the part {NAME!r}."]
        if lost := len(whole) - len(passages):
            notes.append(f"{lost} passages stand in an exam, too, and are left out.")
        unknown = Sealed(passages.table, np.full(passages.table.columns.num_rows, -1, dtype=np.int64))
        beside = Part(Pool(passages.table, passages.numbers, ()), unknown)
        return made._replace(parts={**made.parts, NAME: beside}, notes=(*made.notes, *notes))


def _texts(made: Course) -> Pool:
    """The pool, and of its table the items of an exam of texts that are their own truth, in the table's order."""
    pool = made.parts["pool"].pool
    truth = [block for exam in made.exams.values() for block in exam.truth if block.kind is Itself]
    items = [block.about.numbers for block in truth if block.about.pool.table.fingerprint == pool.table.fingerprint]
    return Pool(pool.table, np.unique(np.concatenate([pool.numbers, *items])), pool.labels)
