"""Your own prompts with several replies each: JSONL, CSV, TSV or Parquet; one row a reply, or a list of replies.

    {"prompt": "Add 2 and 3.", "reply": "5", "source": "small"}                           one row a reply
    {"prompt": "Add 2 and 3.", "reply": ["5", {"text": "2 + 3 = 5", "source": "large"}]}   a list of replies

A prompt is a text or a conversation (a list of turns with role and content, the last one the user's). Rows with the
same prompt belong together, wherever they stand. The replies must be good already: nothing here tells right from wrong.
The pool has a row for each reply; the exam is one of
  {share: s}     prompts in the order of a hash of their text, until s of the replies are held out with all their prompt
  {file: path}   another file of the same columns; its prompts are dropped from the pool
and its truth is the replies to these prompts, all of them or the first `references` of each. docs/formats.md shows the
layouts and what is refused.

Source: Zhang and others (2025), arXiv 2502.04194, section 3: one set of prompts, several replies to each.
Neutral limit: with one reply a prompt and no held-out file this is `table` without labels, split by prompts.

>>> import json, pathlib, tempfile
>>> from tutelage.core.rng import stream
>>> path = pathlib.Path(tempfile.mkdtemp()) / "prompts.jsonl"
>>> rows = [json.dumps({"prompt": f"say {i}", "reply": [f"{i}", f"it is {i}"]}) for i in range(8)]
>>> _ = path.write_text(chr(10).join(rows))
>>> made = Replies(path=str(path)).course(stream(0, "data"))
>>> len(made.parts["pool"].pool), made.exams["exam"].truth[0].size, made.parts["pool"].pool.column("group")[0].as_py()
(12, 4, 'prompt 1.1')
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tutelage.core.data import Course, Modality, Rng
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import method
from tutelage.kit.reply_courses import reply_course
from tutelage.kit.reply_files import Reply, ReplyReader
from tutelage.kit.reply_rows import ReplyLayout


@method
class Replies:
    """Columns are named by settings; a column not named is not read."""

    path: str
    prompt: str = "prompt"  # column of texts or of conversations
    candidates: str = "reply"  # column of replies, or of lists of replies
    source: str | None = None  # who wrote a reply: a column, or a key of the replies in a list
    numbers: tuple[str, ...] = ()  # columns of numbers that stay beside the replies, such as a reward
    id: str | None = None  # None: rows are numbered from 1, the header not counted
    format: Literal["csv", "tsv", "jsonl", "parquet"] | None = None  # None: by the suffix
    encoding: str = "utf-8"
    separator: str | None = None  # None: a comma in CSV, a tab in TSV
    longest: Annotated[int, Field(ge=1)] = 100_000  # characters of a prompt or a reply; a longer one is refused
    exam: dict[str, Any] = Field(default_factory=lambda: {"share": 0.25})
    references: Annotated[int, Field(ge=1)] | None = None  # replies of an exam prompt that count; None: all
    sources: tuple[str, ...] | None = None  # whose replies the pool holds; the exam is the same whatever this says
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many prompts

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = "A file of the user's; nothing is copied, and no row is dropped but as the notes say."

    def course(self, rng: Rng) -> Course:
        """Read, check, split. Refused, before anything is spent, with everything that is wrong in the files."""
        kind, value = self._exam()
        told = self._read(Path(self.path))
        apart = None
        if kind == "file":
            apart = [one._replace(id=f"exam {one.id}") for one in self._read(Path(str(value)))]
        share = float(value) if kind == "share" else None
        return reply_course(Path(self.path).name, told, rng, share=share, exam=apart, numbers=self.numbers,
                            references=self.references, sources=self.sources, pool=self.pool)  # fmt: skip

    def _read(self, path: Path) -> list[Reply]:
        layout = ReplyLayout(self.prompt, self.candidates, self.source, self.numbers, self.id, self.format,
                             self.encoding, self.separator, self.longest)  # fmt: skip
        return ReplyReader(path, layout).read()

    def _exam(self) -> tuple[str, Any]:
        """The kind of exam and its value, checked."""
        kinds = ("share", "file")
        if len(self.exam) != 1 or next(iter(self.exam)) not in kinds:
            what = f"an exam of replies is {{share: 0.25}} or {{file: PATH}}; found {self.exam!r}"
            raise Refused(Fault("data.exam", what, nearest(str(next(iter(self.exam), "")), kinds)))
        kind, value = next(iter(self.exam.items()))
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not ((number and 0 < value < 1) if kind == "share" else (isinstance(value, str) and value)):
            wanted = "a number between 0 and 1" if kind == "share" else "a path"
            raise Refused(Fault(f"data.exam.{kind}", f"{wanted} is expected, found {value!r}"))
        return kind, value
