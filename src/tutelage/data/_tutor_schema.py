"""What a tutor's turn says beside its words: how the student did, what is done about it, where the sub-problem stands.

    evaluation  a wrong, b right, c partly right, d unclear, e off the topic, f a question, g nothing to judge
    action      1 hint, 2 solution after repeated failure | 3 confirm | 4 acknowledge and hint, 5 acknowledge and solve
                | 6 clarify | 7 redirect | 8 hint, 9 solution, 10 go back, 11 explain | 12 begin
    state       w none yet, x in hand, y finished and on to the next, z all finished

Source: the CLASS schema as Sonkar, Ni, Chaudhary and Baraniuk (2024, arXiv 2402.05000) use it; short keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tutelage.kit.structured import compact, parsed

ACTIONS: dict[str, tuple[str, ...]] = {
    "a": ("1", "2"), "b": ("3",), "c": ("4", "5"), "d": ("6",), "e": ("7",), "f": ("8", "9", "10", "11"), "g": ("12",),
}  # fmt: skip
STATES = ("w", "x", "y", "z")
FIELDS = ("evaluation", "action", "state", "subproblem", "reply")
SOLVES = frozenset({"2", "5", "9"})  # actions that say the answer of the sub-problem


def turn(evaluation: str, action: str, state: str, subproblem: str, reply: str) -> str:
    """A tutor's turn as compact JSON. ValueError, saying what is wrong, where it is not legal."""
    said = dict(zip(FIELDS, (evaluation, action, state, subproblem, reply), strict=True))
    wrong = fault(said)
    if wrong:
        raise ValueError(wrong)
    return compact(said)


def legal(text: str) -> bool:
    """Whether a text is a turn by the schema.

    >>> good = turn("a", "1", "x", "3 + 4", "Try again.")
    >>> legal(good), legal(good.replace('"a"', '"b"')), legal("Try again.")
    (True, False, False)
    """
    said = parsed(text)
    return said is not None and not fault(said)


def fault(said: Mapping[str, Any]) -> str:
    """What is wrong with the fields of a turn, the first thing that is; empty when nothing is."""
    missing = [name for name in FIELDS if not isinstance(said.get(name), str)]
    if missing or len(said) > len(FIELDS):
        strange = [name for name in said if name not in FIELDS]
        return f"no text under {missing[0]!r}" if missing else f"there is no field {strange[0]!r}"
    evaluation, action, state = said["evaluation"], said["action"], said["state"]
    if evaluation not in ACTIONS:
        return f"there is no evaluation {evaluation!r}"
    if action not in ACTIONS[evaluation]:
        return f"action {action!r} does not answer evaluation {evaluation!r}"
    if state not in STATES:
        return f"there is no state {state!r}"
    if (state == "w") != (evaluation == "g"):
        return "state 'w' belongs to evaluation 'g', and only to it"
    return "" if said["reply"] else "the reply is empty"
