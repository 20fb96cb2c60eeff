"""A folder of .txt files, one sub-folder per label.

Files that lie in the folder itself have no label; the files of a sub-folder, however deep, carry its name. The id of
a row is the file's path below the folder. Names that begin with a dot are left out. The texts are held in memory.
`filled`, `exam`, `labels`, `start_per_class` and `pool` are those of `table`; the exam's `file` is a folder, too.

Source: the layout of scikit-learn's load_files (Pedregosa and others, 2011), one folder per category.
Neutral limit: a folder without sub-folders holds no label, and only a person can answer.

>>> import pathlib, tempfile
>>> from tutelage.core.rng import stream
>>> root = pathlib.Path(tempfile.mkdtemp())
>>> for name in ("spam", "ham"):
...     (root / name).mkdir()
...     for k in range(4):
...         _ = (root / name / f"{k}.txt").write_text(f"{name} number {k}")
>>> made = TextFolder(path=str(root)).course(stream(0, "data"))
>>> made.parts["pool"].pool.labels, len(made.parts["pool"].pool), len(made.exams["exam"].truth[0].about.rows)
(('ham', 'spam'), 6, 2)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Course, Modality, Rng, Table
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.kit.filled import Use, arranged, exam_of
from tutelage.kit.layout import Faults, known_encoding
from tutelage.kit.tables import Opened


@method
class TextFolder:
    """One file is one text."""

    path: str
    encoding: str = "utf-8"
    longest: Annotated[int, Field(ge=1)] = 100_000  # characters of a text; a longer one is refused
    labels: tuple[str, ...] | None = None  # None: the names of the sub-folders, sorted
    filled: Literal["sealed", "given"] = "sealed"
    exam: dict[str, Any] = Field(default_factory=lambda: {"share": 0.25})
    start_per_class: Annotated[int, Field(ge=0)] = 0
    pool: Annotated[int, Field(ge=1)] | None = None

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = "A folder of the user's; nothing is copied, and no text is dropped but as the notes say."

    def course(self, rng: Rng) -> Course:
        """Read, check, split. Refused, before anything is spent, with every file that is wrong."""
        exam = exam_of(self.exam)
        opened = self._open(Path(self.path))
        apart = self._open(Path(exam["file"])) if "file" in exam else None
        use = Use(self.filled, exam, self.labels, self.start_per_class, self.pool, "no sub-folder holds a text")
        return arranged(opened, apart, use, rng)

    def _open(self, folder: Path) -> Opened:
        if not folder.is_dir():
            is_file = "this is a file; data: {use: table, path: ...} reads files" if folder.exists() else ""
            raise Refused(Fault(str(folder), "there is no such folder", is_file))
        known_encoding(folder, self.encoding)
        paths = [path.relative_to(folder) for path in folder.rglob("*.txt") if path.is_file()]
        paths = sorted(path for path in paths if not any(part.startswith(".") for part in path.parts))
        if not paths:
            raise Refused(
                Fault(str(folder), "the folder holds no .txt file", "one text a file, one sub-folder a label")
            )
        faults = Faults(folder)
        texts = [self._read(folder, path, faults) for path in paths]
        faults.refuse()
        named = [path.parts[0] if len(path.parts) > 1 else "" for path in paths]
        labels = sorted(set(named) - {""})
        place = {name: at for at, name in enumerate(labels)}
        codes = np.array([place.get(name, -1) for name in named], dtype=np.int64)
        first = {name: named.index(name) + 1 for name in labels}
        table = Table.of(folder.name, {"id": [path.as_posix() for path in paths], "text": texts}, labels)
        return Opened(table, codes, first, folder, ())

    def _read(self, folder: Path, path: Path, faults: Faults) -> str:
        raw = (folder / path).read_bytes()
        try:
            text = raw.decode("utf-8-sig" if self.encoding == "utf-8" else self.encoding)
        except UnicodeDecodeError as error:
            what = f"byte {error.start + 1} (0x{raw[error.start]:02x}) is not {self.encoding}"
            faults.add(str(path), what, "set encoding: to what the files were saved in, often cp1252 or latin-1")
            return ""
        if not text.strip():
            faults.add(str(path), "the text is empty", "fill it, or remove the file")
        elif len(text) > self.longest:
            what = f"the text has {len(text):,} characters; {self.longest:,} are allowed"
            faults.add(str(path), what, "shorten it, or raise the setting `longest`")
        return text
