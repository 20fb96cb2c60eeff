"""Scripted lessons in small sums: an item, a student who errs in known ways, and a tutor who goes by rules.

The tutor sees the item, its sub-steps worked out, and what was said since the sub-step was posed, with a word from a
calculator behind each number of the student's. It gives the answer of a sub-step only after a second failure at it, or
where it is asked for after a failure; else it hints.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tutelage.core.data import Rng
from tutelage.data._tutor_schema import ACTIONS, SOLVES, turn

DEALT = {"train": 0.7, "dev": 0.1, "test": 0.2}  # shares of the wordings
NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn")
THINGS = ("cards", "coins", "books", "shells")
ERRORS = ("off_by_one", "off_by_ten", "operand", "other_sign")
LONGEST = 10  # turns of a dialogue
# What the student does next: its share, by kind. A number alone may be right or wrong; with its sum also partly right.
DOES = {"right": 0.30, "wrong": 0.26, "partly": 0.16, "unclear": 0.06, "off": 0.06, "hint": 0.05, "solution": 0.06,
        "back": 0.025, "explain": 0.025}  # fmt: skip
EVALUATION = {"right": "b", "wrong": "a", "partly": "c", "unclear": "d", "off": "e", "hello": "g"}  # all others: f
OPENERS = ("So", "Then", "Please", "Well", "Tutor")
WORDINGS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "number": (("I say", "It is", "Is it", "I got", "That is", "We have"),
               ("{n}.", "{n}, right?", "{n} now.", "{n} I think.", "{n} in all.")),
    "sum": (("I say", "It is", "We do", "I got", "That is", "We have"),
            ("{e} = {n}.", "{e} = {n}, right?", "{e} = {n} now.", "{e} = {n} I think.", "{e} = {n} in all.")),
    "unclear": (OPENERS, ("many of them.", "some more.", "less than before.", "a big number.")),
    "off": (OPENERS, ("my dog is here.", "it rains.", "I like football.", "when is lunch?")),
    "hint": (OPENERS, ("give me a hint.", "help me a little.", "show me how to begin.", "where do I start?")),
    "solution": (OPENERS, ("tell me the answer.", "say the solution.", "do it for me.", "I give up.")),
    "back": (OPENERS, ("go back.", "what was the last part?", "say the first part again.", "what did we do?")),
    "explain": (OPENERS, ("what does the sign mean?", "why do we do this?", "is there another way?", "which rule?")),
    "hello": (OPENERS, ("can we begin?", "I am here.", "good morning.", "let us start.")),
}  # fmt: skip
ASKS = ("How much is {e}?", "What is {e}?", "Work out {e}.")
SAYS = {
    "1": ("Not yet.", "Look again."), "2": ("No, {e} = {n}.", "Let me say it: {e} = {n}."),
    "3": ("Yes, {n}.", "Right, {n}."), "4": ("Good sum, count again.", "The sum is right, the number is not."),
    "5": ("Good sum, and {e} = {n}.", "The sum is right: {e} = {n}."),
    "6": ("Say it as a number.", "What do you mean?"),
    "7": ("Back to the sum.", "Later. The sum first."), "8": ("Count on your fingers.", "Take it in two parts."),
    "9": ("Then I tell you: {e} = {n}.", "Here it is: {e} = {n}."), "10": ("Before, {before}.", "We had {before}."),
    "11": ("The sign says what to do.", "It leads us to the end."), "12": ("Hello.", "Let us begin."),
}  # fmt: skip

CHECK = {"right": "Check: yes\n", "wrong": "Check: no\n", "partly": "Check: no\n"}  # of the number that was said


class Sum(NamedTuple):
    """One sub-step."""

    a: int
    sign: str
    b: int

    @property
    def text(self) -> str:
        return f"{self.a} {self.sign} {self.b}"

    @property
    def result(self) -> int:
        return {"+": self.a + self.b, "-": self.a - self.b, "x": self.a * self.b}[self.sign]


class Item(NamedTuple):
    """A question with its sub-steps, each going on from the one before."""

    text: str
    steps: tuple[Sum, ...]

    @property
    def answer(self) -> int:
        return self.steps[-1].result


class Said(NamedTuple):
    """One turn of the tutor: what it sees, what it should say by each action that would be legal, and the right one."""

    text: str
    evaluation: str
    action: str
    replies: Mapping[str, str]
    place: int  # of the turn in its dialogue
    answer: int


def item(rng: Rng) -> Item:
    """Two or three sub-steps, results from 2 to 99; the answer is no other number of the item."""
    while True:
        x, said, steps = int(rng.integers(2, 20)), [], list[Sum]()
        name, thing = NAMES[rng.integers(len(NAMES))], THINGS[rng.integers(len(THINGS))]
        said.append(f"{name} has {x} {thing}.")
        for sign in (("+", "-", "x")[code] for code in rng.integers(3, size=rng.integers(2, 4))):
            b = int(rng.integers(2, 20 if sign != "x" else 5))
            steps.append(Sum(x, sign, b))
            said.append({"+": f"Gets {b}.", "-": f"Loses {b}.", "x": f"Has {b} times that."}[sign])
            x = steps[-1].result
        numbers = [number for one in steps for number in (one.a, one.b)]
        if all(2 <= one.result <= 99 for one in steps) and x not in numbers:
            return Item(" ".join(said), tuple(steps))


@functools.cache
def wordings(kind: str, part: str) -> tuple[str, ...]:
    """What a student may say of this kind in this part, dealt out by a hash; its words occur in every part."""
    openers, bodies = WORDINGS[kind]
    every = [f"{opener} {body}" for opener in openers for body in bodies]
    every.sort(key=lambda one: hashlib.sha256(f"{kind} {one}".encode()).digest())
    shares = list(DEALT.values())
    place = list(DEALT).index(part)
    edges = [round(sum(shares[:at]) * len(every)) for at in range(len(shares) + 1)]
    return tuple(every[edges[place] : edges[place + 1]])


def mistake(one: Sum, kind: str, rng: Rng) -> int:
    """A wrong number of this kind; where the kind gives none that is wrong and above 0, off by one."""
    sign = 1 if rng.integers(2) else -1
    other = one.a - one.b if one.sign == "+" else one.a + one.b
    found = {"off_by_ten": one.result + 10 * sign, "operand": one.b, "other_sign": other}.get(kind, one.result + sign)
    return found if found > 0 and found != one.result else one.result + 1


def rule(does: str, failures: int) -> str:
    """The gold tutor: the action for what the student did after so many failures at this sub-step."""
    first = failures == 0
    alone = {"right": "3", "unclear": "6", "off": "7", "hint": "8", "back": "10", "explain": "11", "hello": "12"}
    with_failures = {"wrong": "1" if first else "2", "partly": "4" if first else "5", "solution": "8" if first else "9"}
    return {**alone, **with_failures}[does]


def dialogue(rng: Rng, part: str, errors: Mapping[str, float], checked: bool = True) -> list[Said]:
    """The tutor's turns of one dialogue, in order, while the tutor goes by the rule. checked: numbers are marked."""
    one, step, failures, made = item(rng), 0, 0, list[Said]()
    head = f"{one.text}\n{'; '.join(f'{sub.text} = {sub.result}' for sub in one.steps)}\n"
    since, kinds, shares = "", list(errors), [weight / sum(errors.values()) for weight in errors.values()]
    does = "hello"
    while step < len(one.steps) and len(made) < LONGEST:
        sub = one.steps[step]
        if made:
            does = list(DOES)[rng.choice(len(DOES), p=list(DOES.values()))]
        wrong = mistake(sub, kinds[rng.choice(len(kinds), p=shares)], rng)
        kind = {"right": ("number", "sum")[rng.integers(2)], "wrong": "number", "partly": "sum"}.get(does, does)
        several = wordings(kind, part)
        said = several[rng.integers(len(several))].format(n=sub.result if does == "right" else wrong, e=sub.text)
        since += f"Student: {said}\n" + (CHECK.get(does, "") if checked else "")
        action, evaluation = rule(does, failures), EVALUATION.get(does, "f")
        replies = {each: _reply(one, step, evaluation, each, rng) for each in ACTIONS[evaluation]}
        made.append(Said(head + since, evaluation, action, {each: text for each, (text, _) in replies.items()},
                         len(made), one.answer))  # fmt: skip
        told = f"Tutor: {replies[action][1]}\n"
        if action in SOLVES | {"3"}:
            step, failures, since = step + 1, 0, told
        else:
            failures, since = failures + (does in ("wrong", "partly")), (since + told) if made[1:] else told
    return made


def _reply(one: Item, step: int, evaluation: str, action: str, rng: Rng) -> tuple[str, str]:
    """The turn as JSON, and its words alone."""
    sub = one.steps[step]
    done = action in SOLVES | {"3"}
    after = step + done
    state = "w" if evaluation == "g" else "x" if not done else "y" if after < len(one.steps) else "z"
    before = f"{one.steps[step - 1].text} = {one.steps[step - 1].result}" if step else f"{one.steps[0].a} to begin with"
    says = SAYS[action][rng.integers(len(SAYS[action]))].format(e=sub.text, n=sub.result, before=before)
    ask = ASKS[rng.integers(len(ASKS))]
    posed = one.steps[after].text if after < len(one.steps) else ""
    words = f"{says} {ask.format(e=posed)}" if posed else f"{says} That is all."
    return turn(evaluation, action, state, posed, words), words
