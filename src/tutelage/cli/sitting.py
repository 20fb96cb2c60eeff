"""One person, one terminal: the questions that are open, one after another; every answer is on disk before the next."""

from __future__ import annotations

import fcntl
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tutelage.cli import keys
from tutelage.cli.labelling import Session, session
from tutelage.cli.say import say
from tutelage.runs.answered import answer, answered, queue
from tutelage.runs.record import Record


def save(record: Record, answers: Iterable[tuple[str, Mapping[str, Any] | None]], by: str) -> None:
    """Write answers to disk; one writer at a time, so that several people may label one run."""
    with (record.folder / "answers.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        answer(record, answers, by)


def sit(record: Record, by: str) -> bool:
    """One sitting over the questions that are open now; whether all of them were answered."""
    open_ = queue(record)
    before = answered(record.folder)
    used = Counter(value["label"] for value in before.values() if value.get("label"))
    budget = record.read().study.budget.get("labels")
    of = f" of {budget:g}" if budget else ""
    say(f"{record.name}: {len(open_.questions)} questions; answered as {by}; h explains the keys")
    sitting = session(open_.questions, open_.labels, lambda key, value: save(record, [(key, value)], by), used)
    total, shown = len(open_.questions), None
    while sitting.question is not None:
        if sitting.question is not shown:
            shown = sitting.question
            known = sum(sitting.used.values())
            say(f"\n[{total - len(sitting.questions) + 1} of {total}; {known}{of} labels so far]  id {shown.id}")
            say("  " + readable(shown.x).replace("\n", "\n  "))
            say(f"  {sitting.offer()}" if sitting.offered else "  there are no labels yet; +name adds one")
        typed = keys.line("label> ", sitting.matches)
        reply = sitting.type("q" if typed is None else typed)
        if reply.say:
            say(reply.say)
        if reply.ended:
            return False
        if reply.done:
            shown = None
    return _all_well(sitting)


def _all_well(sitting: Session) -> bool:
    """The last chance to take the last answer back, where somebody sits at a terminal."""
    if not sys.stdin.isatty():
        return True
    typed = keys.line("all answered; Enter goes on, u takes the last one back> ", lambda text: [])
    if typed is not None and typed.strip() in {"u", ":u"}:
        say(sitting.type(":u").say)
    return True


def agreed() -> bool:
    """Ask, where there is somebody to ask."""
    if not sys.stdin.isatty():
        return False
    typed = keys.line("all answered; go on with the run now? [Y/n] ", lambda text: [])
    return typed is not None and typed.strip().casefold() in {"", "y", "yes"}


def readable(value: Any) -> str:
    r"""A payload for a terminal: control characters, which could move the cursor or worse, are shown as marks.

    >>> readable("two\nlines, \x1b[2J")
    'two\nlines, ␛[2J'
    """
    return "".join(
        chr(0x2400 + ord(sign))
        if ord(sign) < 32 and sign not in "\n\t"
        else "\u2421"
        if "\x7f" <= sign < "\xa0"
        else sign
        for sign in str(value)
    )
