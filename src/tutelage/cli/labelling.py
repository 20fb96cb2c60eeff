"""Labelling, one question at a time, without a terminal: what was typed goes in, what to do next comes out.

Nothing here prints or waits, so that the same rules serve a terminal, a pipe and a test.
"""

from __future__ import annotations

import difflib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tutelage.runs.answered import Question

SHORTCUTS = 9
SHOWN = 12  # matches listed at once
HELP = """  part of a label    search; Enter takes the only match, or the one marked with >
  a number           the label that stands beside it
  Enter              the label marked with >
  +name              add a label
  ?                  I don't know; the question is not asked again
  s                  skip: ask again later
  u                  undo the last answer
  l                  list all labels
  q                  quit; everything answered is kept
  (where a label is itself called q, s, u or l, write the command as :q)"""


class Reply(NamedTuple):
    """What a line led to. done: the question at hand changed; ended: leave."""

    say: str = ""
    done: bool = False
    ended: bool = False


@dataclass
class Session:
    """The open questions, the labels, and what was answered here. When `save(key, value)` returns, it is on disk."""

    questions: deque[Question]
    labels: list[str]
    save: Callable[[str, dict[str, object] | None], None]
    used: Counter[str] = field(default_factory=Counter)
    past: list[tuple[Question, str | None]] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)  # what the numbers stand for at the moment
    adding: str = ""  # a new label that waits for its confirmation
    narrowed: bool = False  # the offer is the result of a search, so Enter takes its first

    def __post_init__(self) -> None:
        self.fresh()

    @property
    def question(self) -> Question | None:
        return self.questions[0] if self.questions else None

    def fresh(self) -> None:
        """Back to the offer that every question starts with: the labels used most."""
        ranked = sorted(range(len(self.labels)), key=lambda i: (-self.used[self.labels[i]], i))
        self.offered = [self.labels[i] for i in ranked[:SHORTCUTS]]
        self.narrowed, self.adding = False, ""

    def offer(self) -> str:
        """The labels on offer with their numbers; > marks the one that Enter takes."""
        sign = "#" if any(label.isdigit() for label in self.labels) else ""
        marked = [
            f"{'>' if self.narrowed and i == 0 else ' '}{sign}{i + 1} {label}" for i, label in enumerate(self.offered)
        ]
        return "  ".join(marked)

    def type(self, line: str) -> Reply:
        """One line that the person typed."""
        text = line.strip()
        if self.adding:
            return self._confirmed(text)
        exact = [label for label in self.labels if label == text]
        if exact:
            return self._answer(exact[0])
        command = text[1:] if len(text) == 2 and text[0] == ":" else text
        if command in {"q", "s", "u", "l", "h", "?"} and (self.question is not None or command in "qu"):
            return self._command(command)
        if text.startswith("+"):
            return self._add(text[1:].strip())
        number = text[1:] if text.startswith("#") else text
        if number.isdigit() and 1 <= int(number) <= len(self.offered):
            return self._answer(self.offered[int(number) - 1])
        if not text:
            if self.narrowed:
                return self._answer(self.offered[0])
            return Reply("type a label, a part of one, or its number; h explains")
        return self._search(text)

    def matches(self, text: str) -> list[str]:
        """Labels that contain every word of `text`: those that begin with it first, then by use."""
        wanted = text.casefold().replace("_", " ").replace("-", " ").split()
        if not wanted:
            return []
        found = []
        for place, label in enumerate(self.labels):
            name = label.casefold().replace("_", " ").replace("-", " ")
            if all(word in name for word in wanted):
                begins = name.startswith(" ".join(wanted))
                found.append((name != " ".join(wanted), not begins, -self.used[label], place, label))
        return [item[-1] for item in sorted(found)]

    def _search(self, text: str) -> Reply:
        found = self.matches(text)
        if len(found) == 1 or (found and found[0].casefold() == text.casefold()):
            return self._answer(found[0])
        if not found:
            near = difflib.get_close_matches(text, self.labels, n=1, cutoff=0.6)
            if not near:
                return Reply(f"no label contains {text!r}; +{text} adds it, l lists all")
            found = near
        self.offered, self.narrowed = found[:SHOWN], True
        more = f"  ... {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        return Reply(f"{self.offer()}{more}")

    def _command(self, command: str) -> Reply:
        if command == "q":
            return Reply(ended=True)
        if command == "u":
            return self._undo()
        if command in {"l", "h"}:
            return Reply(
                "  ".join(self.labels) or "there are no labels yet; +name adds one" if command == "l" else HELP
            )
        if command == "s":
            self.questions.rotate(-1)
            self.fresh()
            return Reply("skipped; it comes back at the end", done=True)
        return self._keep(None, {"skip": True}, "not known")

    def _add(self, name: str) -> Reply:
        same = [label for label in self.labels if label.casefold() == name.casefold()]
        if same:
            return self._answer(same[0])
        if not name:
            return Reply("write the new label after the plus sign, as in +refund")
        near = difflib.get_close_matches(name, self.labels, n=1, cutoff=0.75)
        self.adding = name
        warn = f"{near[0]!r} is there already and looks alike. " if near else ""
        return Reply(f"{warn}Add the label {name!r}? y adds it, anything else does not")

    def _confirmed(self, text: str) -> Reply:
        name, self.adding = self.adding, ""
        if text.casefold() not in {"y", "yes"}:
            return Reply("not added")
        self.labels.append(name)
        return self._answer(name)

    def _answer(self, label: str) -> Reply:
        if self.question is None:
            return Reply("there is no open question")
        self.used[label] += 1
        return self._keep(label, {"label": label}, label)

    def _keep(self, label: str | None, value: dict[str, object], said: str) -> Reply:
        question = self.questions[0]
        self.save(question.key, value)
        self.questions.popleft()
        self.past.append((question, label))
        self.fresh()
        return Reply(f"  = {said}", done=True)

    def _undo(self) -> Reply:
        if not self.past:
            return Reply("nothing was answered in this session, so there is nothing to undo")
        question, label = self.past[-1]
        self.save(question.key, None)
        self.past.pop()
        if label is not None:
            self.used[label] -= 1
        self.questions.appendleft(question)
        self.fresh()
        return Reply(f"taken back: {label or 'not known'}", done=True)


def session(questions: Sequence[Question], labels: Sequence[str], save: Callable[[str, dict[str, object] | None], None],
            used: Counter[str] | None = None) -> Session:  # fmt: skip
    """A session over these questions; `used`: how often each label was given before."""
    return Session(deque(questions), list(labels), save, Counter(used or {}))
