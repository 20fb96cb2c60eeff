"""Competition problems with recorded answers of four models, those whose final answer was verified.

A problem takes part where its reference answer is one number that does not stand in the problem itself. An answer is
verified where that number stands in the one-sentence summary that the model was asked for afterwards, and where the
experts who looked at it, if any did, marked no wrong step. Experts looked at few: of 85 answers that they saw and whose
final number is right they found a wrong step in 44, so verified means the result, not the way. Of every model the first
`each` verified answers are taken, those to the bare problem first, then, with `helped`, those that had been given
concepts or hints; never those that had been shown a part of the solution or misleading concepts.

The pool has a row for each answer; held-out problems are the exam, their answers its references.

Source: Mao, Kim, Zhou (2024), CHAMP: a competition-level dataset for fine-grained analyses of LLMs' mathematical
reasoning capabilities, Findings of ACL, section 3.
Neutral limit: none; it is data. Without `pool` every seed gives the same course.

>>> from tutelage.core.rng import stream
>>> made = Champ().course(stream(0, "data"))
>>> sorted(set(made.parts["pool"].pool.column("source").to_pylist()))
['GPT-3.5', 'GPT-4', 'GPT-4 Turbo', 'PaLM 2 Medium']
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from tutelage.assets.fetch import asset
from tutelage.core.data import Course, Modality, Rng
from tutelage.core.method import method
from tutelage.kit.reply_courses import reply_course
from tutelage.kit.reply_files import Reply

MODELS = ("GPT-3.5", "GPT-4", "GPT-4 Turbo", "PaLM 2 Medium")
PLAIN = ("0-Shot", "5-Shot", "No C w/o H")
HELPED = ("No C w/ H", *(f"{what} C {hint}" for hint in ("w/o H", "w/ H")
                         for what in ("Direct", "Root", "Name", "Example", "Problem")))  # fmt: skip
ANSWER = re.compile(r"(-?\d[\d,]*(?:\.\d+)?(?:/\d+)?)(?: is the only possible value| \(i\.e\., .*\))?")
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:/\d+)?(?!\w)")


class Verified(NamedTuple):
    """An answer that may be learnt from."""

    problem: str  # its identifier
    text: str
    model: str
    helped: bool
    answer: str
    summary: str


@method
class Champ:
    """cut: characters of an answer; what lies behind the last sentence that ends before is left out."""

    each: Annotated[int, Field(ge=1)] = 1  # answers of a model to a problem, at most
    helped: bool = True  # also answers of models that were given concepts or hints
    summary: bool = False  # the one-sentence summary instead of the worked answer
    cut: Annotated[int, Field(ge=40)] | None = None
    share: Annotated[float, Field(gt=0, lt=1)] = 0.25  # of the answers, with their problems, is the exam
    split: Literal["test", "dev"] = "test"  # dev: the exam is a share of the rest, and the test problems are left out
    references: Annotated[int, Field(ge=1)] | None = None  # answers of an exam problem that count; None: all
    sources: tuple[str, ...] | None = None  # whose answers the pool holds; the exam is the same whatever this says
    pool: Annotated[int, Field(ge=1)] | None = None  # a random sample of so many problems

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    assets: ClassVar[tuple[str, ...]] = ("champ",)
    card: ClassVar[str] = """Source: CHAMP (Mao, Kim, Zhou, 2024), 270 competition problems with recorded conversations
of GPT-3.5, GPT-4, GPT-4 Turbo and PaLM 2 Medium in 18 settings, as carried by the package champ-dataset 1.0.0.
Licence: MIT, as the package states; the terms of the services that wrote the answers are not stated.
Dropped: problems whose reference answer is not one number or stands in the problem; answers whose summary does not
name it, that break off, or in which an expert marked a wrong step; answers that were shown a part of the solution.
Split: by problem, by a hash of its text."""

    def course(self, rng: Rng) -> Course:
        """The course. Missing when the problems have not been fetched."""
        told, notes = [], []
        counts: dict[tuple[str, str], int] = {}
        found = [one for one in verified(asset("champ") / "problems.json") if self.helped or not one.helped]
        for one in found:
            key = (one.problem, one.model)
            counts[key] = counts.get(key, 0) + 1
            if counts[key] <= self.each:
                text = one.summary if self.summary else shortened(one.answer, self.cut)
                told.append(Reply(f"{one.problem}/{one.model}/{counts[key]}", one.text, None, text, one.model, ()))
        notes.append(f"{len(found)} verified answers; of each model at most {self.each} to a problem are taken.")
        if self.split == "dev":
            test = reply_course("CHAMP", told, rng, share=self.share).exams["exam"].truth[0].about.examples()
            told = [one for one in told if one.text not in set(test.texts())]
            notes.append("The problems of the test split are left out.")
        return reply_course("CHAMP", told, rng, share=self.share, references=self.references, sources=self.sources,
                            pool=self.pool, notes=notes)  # fmt: skip


@functools.lru_cache(maxsize=1)
def verified(path: Path) -> tuple[Verified, ...]:
    """Every verified answer: problem by problem, model by model, bare problems first."""
    problems = json.loads(path.read_text(encoding="utf-8"))["problems"]
    return tuple(one for name in sorted(problems) for one in _of(name, problems[name]))


def _of(name: str, problem: Mapping[str, Any]) -> Iterator[Verified]:
    text = problem["_raw_text"].replace("@@", "")
    number = the_number(problem["_raw_answer"].replace("@@", ""), text)
    if number is None:
        return
    looked = problem.get("fws_annotations") or {}
    flawed = {one["text"] for one in looked.values() if one["start_idx"] is not None}
    for model in MODELS:
        for setting in (*PLAIN, *HELPED):
            said = problem["conversations"].get(f"{model}|{setting}", {}).get("messages", [])
            if len(said) < 3 or any(turn["error"] or not turn["text"] for turn in (said[-3], said[-1])):
                continue
            answer, summary = said[-3]["text"].strip(), said[-1]["text"].strip()
            if number in numbers(summary) and said[-3]["text"] not in flawed:
                yield Verified(name, text, model, setting not in PLAIN, answer, summary)


def the_number(answer: str, problem: str) -> str | None:
    """The reference answer as a plain number; None where it is none, or stands in the problem.

    >>> the_number("1,024", "How many?"), the_number("3 is the only possible value", "Find n."), the_number("8", "8?")
    ('1024', '3', None)
    """
    found = ANSWER.fullmatch(answer.strip())
    number = found[1].replace(",", "") if found else None
    return None if number is None or number in numbers(problem) else number


def numbers(text: str) -> frozenset[str]:
    """The numbers that stand in a text, without separators of thousands.

    >>> sorted(numbers("Of 1,024 or $2^10$ ways 1/3 is -5."))
    ['-5', '1/3', '10', '1024', '2']
    """
    return frozenset(found.replace(",", "") for found in NUMBER.findall(text.replace("$", " ")))


def shortened(text: str, most: int | None) -> str:
    """At most so many characters, up to the last end of a sentence or line among them, if there is one.

    >>> shortened("One. Two. Three.", 12), shortened("without end", 7)
    ('One. Two.', 'without')
    """
    if most is None or len(text) <= most:
        return text
    ends = [match.start() + 1 for match in re.finditer(r"[.!?](?=\s)|[^\n](?=\n)", text[: most + 1])]
    return text[: ends[-1]] if ends else text[:most]
