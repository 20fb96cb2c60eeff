"""Short stories of one quantity and the arithmetic behind them: sentences, and lines of a program.

    template    the kinds of events, in order, as in "gain, boxes, times"
    story       a template with a name, a thing and numbers; its reference has one operation a line

A reference works the events out as they come, but sums and differences in a row in any order, by luck.

Kinds, x being what there is: gain x + k, loss x - k, boxes x + p q, bags x - p q, mixed x + p (q + r), times x k,
share x / k, which ends a story. `mixed` is written p (q + r) or p q + p r, one or the other by luck.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from tutelage.core.data import Rng

LINES = {"gain": (1, 1), "loss": (1, 1), "boxes": (2, 2), "bags": (2, 2), "mixed": (3, 4), "times": (1, 1),
         "share": (1, 1)}  # fmt: skip
LEAST, MOST = 2, 5  # lines of a program
NAMES = ("Ann", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gina", "Hal", "Ida", "Jon", "Kim", "Leo")
THINGS = ("pens", "cards", "shells", "books", "coins", "beads", "nuts", "stamps", "plums", "keys")
WORDS = {  # several ways to say each; n the name, t the thing, k p q r numbers
    "start": ("{n} has {k} {t}.", "{n} owns {k} {t}.", "{k} {t} are {n}'s."),
    "gain": ("Gets {k} more.", "{k} are added.", "Finds {k}."),
    "loss": ("Loses {k}.", "{k} are taken.", "Gives away {k}."),
    "boxes": ("Buys {p} boxes of {q}.", "{p} packs of {q} come.", "Gets {p} bags of {q}."),
    "bags": ("Sells {p} boxes of {q}.", "{p} packs of {q} go.", "Loses {p} bags of {q}."),
    "mixed": ("Buys {p} sets of {q} red, {r} blue.", "{p} sets of {q} old, {r} new come.",
              "Gets {p} sets of {q} big, {r} small."),
    "times": ("Now {k} times as many.", "They grow {k} times.", "It becomes {k} times that."),
    "share": ("{k} share them.", "They make {k} piles.", "Split in {k} parts."),
    "ask": ("How many now?", "How many?", "How many has {n}?"),
    "ask each": ("How many in each?", "How many for each?", "How many each?"),
}  # fmt: skip
ADDED = frozenset({"gain", "loss", "boxes", "bags", "mixed"})  # next to each other they may be worked out in any order
LARGEST = 400  # no number in between is larger


class Story(NamedTuple):
    text: str
    program: str


def templates() -> tuple[tuple[str, ...], ...]:
    """All kinds of events in a row that make from LEAST to MOST lines, always in the same order."""
    return tuple(_templates())


def _templates() -> Iterator[tuple[str, ...]]:
    for events in range(1, MOST + 1):
        for template in itertools.product(LINES, repeat=events):
            longest = sum(LINES[kind][1] for kind in template)
            if LEAST <= steps(template) and longest <= MOST and "share" not in template[:-1]:
                yield template


def steps(template: tuple[str, ...]) -> int:
    """Lines of the shortest program that goes through the events one by one."""
    return sum(LINES[kind][0] for kind in template)


def story(template: tuple[str, ...], rng: Rng) -> Story:
    """One story of this template; numbers are drawn until all in between are whole, positive and at most LARGEST."""
    while True:
        made = _tried(template, rng)
        if made is not None:
            return made


def _tried(template: tuple[str, ...], rng: Rng) -> Story | None:
    """A story with these numbers, or None when what there is does not stay whole, positive and small."""
    name, thing = NAMES[rng.integers(len(NAMES))], THINGS[rng.integers(len(THINGS))]
    value = start = int(rng.integers(5, 41))
    several: list[dict[str, int]] = []
    sentences: list[tuple[str, dict[str, int]]] = [("start", {"k": start})]
    for kind in template:
        numbers = {letter: int(rng.integers(2, 10)) for letter in "pqr"}
        numbers["k"] = int(rng.integers(2, 31)) if kind in ("gain", "loss") else int(rng.integers(2, 6))
        if kind == "share" and value % numbers["k"]:
            return None
        value = _after(kind, value, numbers)
        if not 0 < value <= LARGEST:
            return None
        several.append(numbers)
        sentences.append((kind, numbers))
    sentences.append(("ask each" if template[-1] == "share" else "ask", {}))
    told = [WORDS[kind][rng.integers(3)].format(n=name, t=thing, **numbers) for kind, numbers in sentences]
    lines: tuple[str, ...] = ()
    held = str(start)
    for place in _order(template, rng):
        lines, held = _named(lines, _work(template[place], held, several[place], bool(rng.integers(2))))
    return Story(" ".join(told), "\n".join((*lines[:-1], "answer=" + lines[-1].partition("=")[2])))


def _order(template: tuple[str, ...], rng: Rng) -> list[int]:
    """In which order the reference works the events out: sums and differences in a row are shuffled."""
    order: list[int] = []
    for added, run in itertools.groupby(range(len(template)), key=lambda place: template[place] in ADDED):
        places = list(run)
        order += rng.permutation(places).tolist() if added else places
    return order


def _after(kind: str, x: int, numbers: dict[str, int]) -> int:
    """What there is after an event."""
    k, p, q, r = (numbers[letter] for letter in "kpqr")
    return {"gain": x + k, "loss": x - k, "boxes": x + p * q, "bags": x - p * q, "mixed": x + p * (q + r),
            "times": x * k, "share": x // k}[kind]  # fmt: skip


def _work(kind: str, held: str, numbers: dict[str, int], factored: bool) -> tuple[str, ...]:
    """The operations of an event; {0}, {1}, ... stand for the results of those before."""
    k, p, q, r = (numbers[letter] for letter in "kpqr")
    if kind == "mixed" and factored:
        return (f"{q}+{r}", f"{p}*{{0}}", f"{held}+{{1}}")
    return {
        "gain": (f"{held}+{k}",),
        "loss": (f"{held}-{k}",),
        "boxes": (f"{p}*{q}", f"{held}+{{0}}"),
        "bags": (f"{p}*{q}", f"{held}-{{0}}"),
        "mixed": (f"{p}*{q}", f"{p}*{r}", f"{held}+{{0}}", "{2}+{1}"),
        "times": (f"{held}*{k}",),
        "share": (f"{held}/{k}",),
    }[kind]


def _named(lines: tuple[str, ...], work: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The lines with these operations behind them, each result under the next letter; the last one's name."""
    names: list[str] = []
    for operation in work:
        name = "abcdefgh"[len(lines)]
        lines = (*lines, f"{name}={operation.format(*names)}")
        names.append(name)
    return lines, names[-1]
