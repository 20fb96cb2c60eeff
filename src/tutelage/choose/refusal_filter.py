"""Leave out replies that refuse or speak of being a machine, and let another method choose among the rest.

    a row is left out when its reply holds one of the phrases, capitals and white space aside

A phrase counts where whole words match. Rows that stay are handed to `of`; where more are asked for than stay, the
others follow in the order of the table, or with `drop` they are never chosen. Matching strings is what it is: a reply
that quotes a refusal goes as well, one that refuses in other words stays. Score of a row that stays: that of `of`.

Source: Lee, Cho and Yoo (2024), arXiv 2310.09518, section 3, where such a filter takes 1 to 2 % of what a model wrote.
Neutral limit: where no reply holds a phrase, or without phrases, this is `of`, exactly.

>>> from tutelage.toys import Reader, replies_pool, stream, view
>>> pool = replies_pool([("q", "As an AI, I cannot say.", "r1"), ("p", "Water boils.", "r2")])
>>> pool.take(RefusalFilter(drop=True).choose(view(pool, Reader()), 2, stream(0, "choose")).rows).ids()
['r2']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from tutelage.choose.uniform import Uniform
from tutelage.core.data import Bools, Kinds, Pool, Rng
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Chosen, View
from tutelage.kit.cost import Cost, Size, cost_of
from tutelage.kit.ranking import in_table_order, within
from tutelage.kit.ratings import replies
from tutelage.kit.split import normalised

PHRASES = (
    "as an ai", "as a language model", "as an artificial intelligence", "i'm sorry", "i am sorry", "i apologize",
    "i apologise", "i cannot", "i can't", "i am unable", "i'm unable", "i am not able", "i do not have access",
    "i don't have access",
)  # fmt: skip
AT_ONCE = 16_384  # rows whose replies are read at a time


@method
class RefusalFilter:
    """phrases: in small letters or not. of: chooses among what stays. drop: what is left out is never chosen."""

    phrases: tuple[Annotated[str, Field(min_length=1)], ...] = PHRASES
    of: Annotated[Any, part("choose")] = Uniform()
    drop: bool = False

    @property
    def needs(self) -> Kinds:
        """What `of` needs."""
        needs: Kinds = self.of.needs
        return needs

    def costs(self, size: Size) -> Cost:
        return cost_of(self.of, size)

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        """Refused where the pool has no column of replies."""
        ordered = in_table_order(view.pool)
        refuses = refusals(ordered.pool, self.phrases)
        shown = ordered.places[~refuses]
        if len(shown) == len(view.pool):
            whole: Chosen = self.of.choose(view, n, rng)
            return whole
        inner: Chosen = self.of.choose(view._replace(pool=view.pool.take(shown)), min(n, len(shown)), rng)
        chosen = within(view.pool, shown, inner)
        more = 0 if self.drop else max(min(n, len(view.pool)) - len(shown), 0)
        return chosen._replace(rows=np.concatenate([chosen.rows, ordered.places[refuses][:more]]))


def refusals(pool: Pool, phrases: tuple[str, ...]) -> Bools:
    """(n,) whether each row's reply holds a phrase."""
    spelt = sorted({_plain(phrase) for phrase in phrases})
    if not spelt:
        return np.zeros(len(pool), dtype=bool)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(phrase)}(?!\w)" for phrase in spelt))
    return np.fromiter((bool(pattern.search(_plain(text))) for text in _texts(pool)), bool, len(pool))


def _texts(pool: Pool) -> Iterator[str]:
    for some in pool.batches(AT_ONCE):
        yield from replies(some)


def _plain(text: str) -> str:
    """Small letters, single spaces, straight apostrophes."""
    return normalised(text.replace("\u2019", "'"))
