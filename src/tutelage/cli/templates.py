"""The texts that `tutelage new` writes: everything that can be said beforehand, and BLANK where only a person can."""

from __future__ import annotations

from typing import NamedTuple

from tutelage.core.parts import camel


class Verb(NamedTuple):
    """What a method of one room looks like."""

    stages: str  # what it imports from core.stages
    sets: tuple[str, ...]  # its class attributes that hold kinds
    signature: str
    returns: str
    plainer: str  # the method that a comparison is made with


VERBS = {
    "choose": Verb("Chosen, View", ("needs",), "choose(self, view: View, n: int, rng: Rng) -> Chosen",
                   "Chosen(rows, scores)", "uniform"),
    "teach": Verb("Answers, Taught, View", ("needs", "gives", "spends"),
                  "teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught",
                  "Taught(lessons)", "oracle"),
    "order": Verb("Syllabus, View", ("needs",), "plan(self, lessons: Lessons, view: View, rng: Rng) -> Syllabus",
                  "(Stage(lessons, order=order),)", "as_given"),
    "learn": Verb("Learned, Penalty, Syllabus, View", ("needs", "accepts"),
                  "learn(self, syllabus: Syllabus, penalty: Penalty | None, view: View, rng: Rng) -> Learned",
                  "Learned(student)", "refit"),
    "recall": Verb("Student, View", ("needs",), "equip(self, view: View, rng: Rng) -> Student",
                   "the equipped student", "nothing"),
    "assess": Verb("Student, Till", ("needs",),
                   "assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]",
                   "(Score(name, value, rows, items),)", "accuracy"),
}  # fmt: skip
ATTRIBUTES = {
    "needs": "needs: ClassVar[Kinds] = frozenset()",
    "gives": "gives: ClassVar[Kinds] = frozenset({Label})",
    "accepts": "accepts: ClassVar[Kinds] = frozenset({Label})",
    "spends": "spends: ClassVar[frozenset[str]] = frozenset()",
}
WORDS = ("Exam", "Kinds", "Label", "Lessons", "Rng", "Rows", "Score")


def method(room: str, name: str) -> str:
    """The method's file: it imports and builds, and its verb fails until it is written."""
    verb = VERBS[room]
    attributes = "\n    ".join(ATTRIBUTES[name] for name in verb.sets)
    used = [word for word in WORDS if word in f"{attributes} {verb.signature}"]
    return f'''"""BLANK: one sentence for users, 20 to 120 characters; `tutelage list {room}` prints it.

    BLANK: the equation in plain text

Source: BLANK: authors (year), title, section or equation.
Neutral limit: BLANK: with which settings it equals which plainer method, or why there is none.

BLANK: an example that runs in under a second and prints a result; tutelage.toys has a pool, answers and a student.
"""

from __future__ import annotations

from typing import ClassVar

from tutelage.core.data import {", ".join(used)}
from tutelage.core.method import method
from tutelage.core.stages import {verb.stages}


@method
class {camel(name)}:
    """BLANK: its settings, each with a default and a bound, as `temperature: Annotated[float, Field(gt=0)] = 1.0`."""

    {attributes}

    def {verb.signature}:
        """BLANK: shapes, units, and what happens at the edge."""
        raise NotImplementedError("return {verb.returns}")
'''


def test(room: str, name: str) -> str:
    """The method's tests: both fail until they are written."""
    return f'''"""{name}: a number worked out by hand, and the neutral limit."""

import pytest

from tutelage.{room}.{name} import {camel(name)}


def test_by_hand() -> None:
    """BLANK: the working, line by line, on a few points."""
    pytest.fail("work a number out by hand and compare {camel(name)}() with it")


def test_neutral_limit() -> None:
    """BLANK: with which settings it equals which plainer method."""
    pytest.fail("compare {camel(name)}() with the plainer method that it becomes at its neutral limit")
'''


def paper(key: str, room: str, name: str) -> str:
    """The paper's card and study; `year: BLANK` is refused until it is a number."""
    other = VERBS[room].plainer
    first, second = (
        f"    {room}: {{use: {one}}}" if room != "assess" else f"    assess: [{{use: {one}}}]" for one in (name, other)
    )
    return f"""key: {key}
title: "BLANK"
year: BLANK
link: "BLANK"
headline: "BLANK: what the paper claims, in one sentence."
here: "BLANK: what is run here: data, student, labels, seeds."
not_shown: "BLANK: what a run of this cannot show."
arms:
  {name}:
    data: {{use: digits}}
    student: {{use: vector.logistic}}
{first}
    rounds: 8
    per_round: 15
  {other}:
{second}
seeds: 10
shows:
  - {{treatment: {name}, control: {other}, measure: {{use: last, of: accuracy}}}}
"""
