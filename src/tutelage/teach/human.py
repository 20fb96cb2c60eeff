"""Asks a person: the run waits until every example asked about has been answered, and goes on from there.

    lesson(x) = the label that the person gave x,    cost = price;    "I don't know" gives no lesson and costs nothing

What a person answers is kept under the example's key as a label name, as {"label": name, "by": who, "at": when}, or
as {"skip": true} for "I don't know"; a string that holds such an object as JSON is read as the object. An example
that nobody knew has been asked about, so it leaves the pool like the others, but no money is charged for it. A name
that was not known before becomes a new label, appended in the order in which such names first appear.

Nothing is charged while the run waits: first the whole batch must be affordable (Spent otherwise, before anybody is
asked for what cannot be paid), and when the last answer is there it is paid at once.

Source: pool-based active learning with a human annotator: Lewis and Gale (1994); abstention as in Fang and Zhu (2012).
Neutral limit: a person who knows every true label is `oracle`.

>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> rows = Rows(POOL, np.array([0, 5]))
>>> first, second = keys_of(rows, "human")
>>> purse = till(shared={first: "left", second: {"label": "far right", "by": "ada", "at": "2025-01-31T10:00:00"}})
>>> taught = Human().teach(rows, view(purse=purse), ANSWERS, stream(0, "teach"))
>>> block = taught.lessons[0]
>>> [block.about.pool.labels[code] for code in block.given["label"]], block.cost
(['left', 'far right'], array([1., 1.]))
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.answers import keys_of
from tutelage.core.data import Kinds, Label, Lessons, Rng, Rows, labelled
from tutelage.core.errors import ContractBroken, Waiting
from tutelage.core.method import method
from tutelage.core.stages import Answers, Taught, View


@method
class Human:
    """price: what one label costs, in `labels`."""

    price: Annotated[float, Field(ge=0)] = 1.0

    needs: ClassVar[Kinds] = frozenset()
    gives: ClassVar[Kinds] = frozenset({Label})
    spends: ClassVar[frozenset[str]] = frozenset({"labels"})

    @property
    def per_row(self) -> dict[str, float]:
        """One label."""
        return {"labels": self.price}

    def charges(self, rows: int, answers: Answers) -> Mapping[str, float]:
        """Every row at its price, as if the person knew them all."""
        return {"labels": rows * self.price}

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """Label lessons about the rows that were known. Raises Spent, or Waiting with the rows still unanswered."""
        if asked.size == 0:
            return Taught(())
        keys = keys_of(asked, "human")
        values = view.till.paid("labels", keys)
        given = [None if value is None else _label(value) for value in values]
        missing = [i for i, value in enumerate(values) if value is None]
        prices = np.array([0.0 if name == "" else self.price for name in given])
        if missing:
            view.till.afford("labels", float(prices.sum()))  # the upper bound: whoever is asked now may know them all
            raise Waiting("labels", [keys[i] for i in missing], Rows(asked.pool, asked.rows[missing]))
        view.till.pay("labels", keys, values, prices)
        known = np.array([i for i, name in enumerate(given) if name], dtype=np.int64)
        facts = {"unknown": float(len(given) - len(known))}
        if len(known) == 0:
            return Taught((), facts)
        names = [str(given[i]) for i in known]
        labels = _extended(asked, view.lessons, names)
        code = {name: number for number, name in enumerate(labels)}
        about = Rows(asked.pool.with_labels(labels), asked.rows[known])
        return Taught((labelled(about, np.array([code[name] for name in names]), "human", self.price),), facts)


def _extended(asked: Rows, lessons: Lessons, names: list[str]) -> tuple[str, ...]:
    """The longest label list in use, then the names that are new, in order of first appearance."""
    lists = [asked.pool.labels, *(block.about.pool.labels for block in lessons)]
    return tuple(dict.fromkeys([*max(lists, key=len), *names]))


def _label(value: Any) -> str:
    """The name that a person gave, "" for "I don't know". ContractBroken when it is neither."""
    if isinstance(value, str) and value.startswith("{"):
        value = _as_object(value)
    if isinstance(value, Mapping):
        if value.get("skip") is True:
            return ""
        value = value.get("label")
    if isinstance(value, str) and value:
        return value
    raise ContractBroken(f"a person's answer is a label name or {{'skip': true}}, found {value!r}")


def _as_object(text: str) -> Any:
    """The answer that this JSON spells, or the text itself, which is then a label that begins with a brace."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return text
    return found if isinstance(found, dict) and {"label", "skip"} & found.keys() else text
