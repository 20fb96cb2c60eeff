"""Your own file: CSV, TSV, JSONL or Parquet, with, without or with some labels.

A cell of the label column that is empty makes an unlabelled row. What the filled cells are, `filled` says:
  sealed  the answers, which an oracle sells one by one; rows without a label are set aside (part "unlabelled")
  given   lessons already paid for, at no cost; the rows without a label are the pool, and a person answers
The exam is one of
  {share: s}   components of equal groups and equal texts (NFKC, case folded, white space collapsed) are tried in the
               order of a hash of their content until s of the labelled rows are held out; no seed, no row order
  {file: path} another file of the same columns; rows of the pool that repeat its texts or groups are dropped
  {bought: n}  n rows drawn from the pool, labelled and paid for before anything else

Source: Kaufman, Rosset, Perlich (2012), Leakage in data mining, section 4: nothing of the exam on the other side.
Neutral limit: a file whose rows are all different and all labelled, in no group, is split at random by content.

>>> import pathlib, tempfile
>>> from tutelage.core.rng import stream
>>> path = pathlib.Path(tempfile.mkdtemp()) / "tickets.csv"
>>> rows = ["body,queue", *(f"ticket {i},{'ab'[i % 2]}" for i in range(8))]
>>> _ = path.write_text(chr(10).join(rows))
>>> made = Table(path=str(path), text="body", label="queue").course(stream(0, "data"))
>>> len(made.parts["pool"].pool), len(made.exams["exam"].truth[0].about.rows)
(6, 2)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tutelage.core.data import Course, Modality, Rng
from tutelage.core.method import method
from tutelage.kit.filled import Use, arranged, exam_of, opened_both
from tutelage.kit.layout import Layout


@method
class Table:
    """Columns are named by settings; a column not named is not read."""

    path: str
    text: str = "text"
    vector: tuple[str, ...] | None = None  # numeric columns, or one column of lists, instead of a text
    label: str | None = None  # None: the file has no labels
    id: str | None = None  # None: rows are numbered from 1, the header not counted
    group: str | None = None  # rows of one group never stand on both sides of the exam
    episode: str | None = None
    task: str | None = None
    format: Literal["csv", "tsv", "jsonl", "parquet"] | None = None  # None: by the suffix
    encoding: str = "utf-8"
    separator: str | None = None  # None: a comma in CSV, a tab in TSV
    longest: Annotated[int, Field(ge=1)] = 100_000  # characters of a text; a longer one is refused
    labels: tuple[str, ...] | None = None  # None: those that occur in the file, sorted
    filled: Literal["sealed", "given"] = "sealed"
    exam: dict[str, Any] = Field(default_factory=lambda: {"share": 0.25})
    start_per_class: Annotated[int, Field(ge=0)] = 0  # rows of each class bought before round 0
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many rows

    card: ClassVar[str] = "A file of the user's; nothing is copied, and no row is dropped but as the notes say."

    @property
    def holds(self) -> frozenset[Modality]:
        return frozenset({"vector" if self.vector else "text"})

    def course(self, rng: Rng) -> Course:
        """Read, check, split. Refused, before anything is spent, with everything that is wrong in the files."""
        exam = exam_of(self.exam)
        layout = Layout(self.text, self.vector or (), self.label, self.id, self.group, self.episode, self.task,
                        self.format, self.encoding, self.separator, self.longest)  # fmt: skip
        opened, apart = opened_both(Path(self.path), Path(exam["file"]) if "file" in exam else None, layout)
        why = f"the column {self.label!r} is empty in every row" if self.label else "no label column is named"
        use = Use(self.filled, exam, self.labels, self.start_per_class, self.pool, why)
        return arranged(opened, apart, use, rng)
