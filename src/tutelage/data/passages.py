"""Your own texts to read and no labels: a file, or a folder of text and Markdown, cut into passages.

    handbook/            every .txt and .md below the folder is a document
    handbook.md          one document
    handbook.jsonl       one document a row, in the column `text`; CSV, TSV and Parquet likewise

A document is cut into passages of at most `passage` characters, at headings and blank lines, where one is too long at
sentences, then at words. A row of the pool is a passage: `text`, `id` (document/number) and `document`. A share of the
passages, or with `by: document` of the documents with all their passages, is held out in the order of a hash of the
text and is the exam, each its own truth. Passages that count as the same stand on one side, and in the pool once.
Names that begin with a dot are left out.

Source: none; files are cut as most readers of documents cut them.
Neutral limit: documents that fit into a passage and hold one paragraph are `table` without labels.

>>> import pathlib, tempfile
>>> from tutelage.core.rng import stream
>>> root = pathlib.Path(tempfile.mkdtemp())
>>> _ = (root / "a.md").write_text(chr(10).join(["# Leave", "Thirty days a year.", "", "# Sickness", "Call us."]))
>>> made = Passages(path=str(root)).course(stream(0, "data"))
>>> made.parts["pool"].pool.texts()[0].splitlines(), made.exams["exam"].truth[0].about.examples().ids()
(['# Leave', '', 'Thirty days a year.'], ['a.md/2'])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from pydantic import Field

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Exam, Ints, Modality, Part, Pool, Rng, Table
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.kit.blocks import themselves
from tutelage.kit.excerpts import passages
from tutelage.kit.layout import Faults, Layout, known_encoding
from tutelage.kit.split import components, hold_out, keys_of_texts
from tutelage.kit.tables import open_table

SUFFIXES = (".txt", ".md", ".markdown")  # files that are documents; of other suffixes a row is one


class _Document(NamedTuple):
    name: str
    text: str


@method
class Passages:
    """A column that is not named is not read."""

    path: str
    text: str = "text"  # column, of a file whose rows are documents
    id: str | None = None  # None: rows are numbered from 1, the header not counted
    format: Literal["csv", "tsv", "jsonl", "parquet"] | None = None  # None: by the suffix
    encoding: str = "utf-8"
    separator: str | None = None  # None: a comma in CSV, a tab in TSV
    longest: Annotated[int, Field(ge=1)] = 1_000_000  # characters of a document; a longer one is refused
    passage: Annotated[int, Field(ge=40)] = 800  # characters, at most; about 200 tokens of English
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2  # of what is held out
    by: Literal["passage", "document"] = "passage"
    items: Annotated[int, Field(ge=1)] | None = None  # so many of the passages held out, the same for every seed
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many passages

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = "Documents of the user's; nothing is copied, and no text is dropped but as the notes say."

    def course(self, rng: Rng) -> Course:
        """Read, check, cut, split. Refused, before anything is spent, with every file or row that is wrong."""
        told = self._documents(Path(self.path))
        cut = [passages(one.text, self.passage) for one in told]
        texts = [text for pieces in cut for text in pieces]
        if len(texts) < 2:
            what = f"{len(texts)} passages; the pool needs one and the exam another"
            raise Refused(Fault(self.path, what, "more text, or a smaller data.passage"))
        owner = np.repeat(np.arange(len(told)), [len(pieces) for pieces in cut])
        keys = keys_of_texts(texts)
        groups = owner if self.by == "document" else np.full(len(owner), -1, dtype=np.int64)
        held = hold_out(keys, components(keys, groups), np.zeros(len(keys), dtype=np.int64), self.share)
        first = np.zeros(len(keys), dtype=bool)
        first[np.unique(keys, return_index=True)[1]] = True
        rows, exam = np.flatnonzero(~held & first), np.flatnonzero(held & first)[: self.items]
        if len(rows) == 0 or len(exam) == 0:
            what = f"no passage is left for {'the exam' if len(exam) == 0 else 'the pool'}"
            raise Refused(Fault(self.path, what, "data.by: passage, more documents, or a smaller data.passage"))
        table = _table(Path(self.path).name, told, owner, texts)
        notes = [f"{len(told)} documents, {len(texts)} passages of at most {self.passage} characters, "
                 f"{len(exam)} of them held out as the exam."]  # fmt: skip
        if not first.all():
            notes.append(f"{int((~first).sum())} passages repeat another one and were dropped.")
        if self.pool is not None and self.pool < len(rows):
            notes.append(f"The pool is a random sample of {self.pool} of {len(rows)} passages.")
            rows = rng.permutation(rows)[: self.pool]
        sealed = Sealed(table, np.full(len(texts), -1, dtype=np.int64))
        truth = themselves(Pool(table, exam, ()), "exam")
        return Course({"pool": Part(Pool(table, rows, ()), sealed)}, {"exam": Exam((truth,))}, notes=tuple(notes))

    def _documents(self, path: Path) -> list[_Document]:
        if path.is_dir():
            return self._folder(path)
        if not path.exists():
            raise Refused(Fault(str(path), "there is no such file or folder"))
        if path.suffix.lower() in SUFFIXES and self.format is None:
            return self._files(path.parent, [Path(path.name)], path)
        layout = Layout(text=self.text, id=self.id, format=self.format, encoding=self.encoding,
                        separator=self.separator, longest=self.longest)  # fmt: skip
        pool = open_table(path, layout).table.pool()
        return [_Document(*both) for both in zip(pool.ids(), pool.texts(), strict=True)]

    def _folder(self, folder: Path) -> list[_Document]:
        paths = [path.relative_to(folder) for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
        paths = sorted(path for path in paths if not any(part.startswith(".") for part in path.parts))
        if not paths:
            raise Refused(Fault(str(folder), f"the folder holds no file that ends with {', '.join(SUFFIXES)}"))
        return self._files(folder, paths, folder)

    def _files(self, folder: Path, paths: Sequence[Path], named: Path) -> list[_Document]:
        known_encoding(named, self.encoding)
        faults, told = Faults(named), []
        for path in paths:
            where = str(path) if named.is_dir() else ""
            try:
                text = (folder / path).read_bytes().decode(self.encoding).removeprefix("\ufeff")
            except UnicodeDecodeError as error:
                faults.add(where, f"byte {error.start} is no {self.encoding}", "data.encoding names another one")
                continue
            if not text.strip():
                faults.add(where, "the file is empty")
            elif len(text) > self.longest:
                faults.add(where, f"{len(text):,} characters, more than {self.longest:,}", "data.longest allows more")
            told.append(_Document(str(path), text))
        faults.refuse()
        return told


def _table(name: str, told: Sequence[_Document], owner: Ints, texts: Sequence[str]) -> Table:
    """One row a passage, in the documents' order."""
    first = np.searchsorted(owner, owner)  # where each row's document begins
    number = np.arange(len(owner)) - first + 1
    names = [told[one].name for one in owner.tolist()]
    ids = [f"{document}/{k}" for document, k in zip(names, number.tolist(), strict=True)]
    columns = {"id": ids, "text": pa.array(texts, pa.large_string()), "document": pa.array(names, pa.string())}
    return Table.of(name, columns)
