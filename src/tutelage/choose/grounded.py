"""Leave out questions and answers of which a corpus holds no passage that is like them, and choose among the rest.

    g_i = max over the passages p of cos(h(row i), h(p));   row i stays when g_i >= threshold and g_i is among the best
    `keep` of the pool, rounded, at least one; equally good ones in the order of the table

The passages are the rows of a part of the data, `data: {use: with_corpus}` brings one. A row is looked up by prompt and
reply in one text (`query: pair`), by the prompt or by the reply alone; rows without replies by what they hold. A reply
that nothing bears out, such as one that a language model made up, tends to be like no passage; but likeness is not
truth: a false sentence about the matter of a passage is like it, and what the corpus lacks goes, right or wrong.

h is the embedding of an encoder or, without one, of the student. Which rows stay is decided when the first round asks,
of the pool as it then is, and remembered. Those are handed to `of`; where more are asked for than stay, the others
follow, the best first, or with `drop` they are never chosen. Score: that of `of`; where it scores nothing, g.

Source: Lee, Cho and Yoo (2024), arXiv 2310.09518, section 3: passages of an encyclopaedia fetched for each pair by a
dense retriever (Izacard et al., 2022, Contriever), whose relevance decides: 66 of 107 thousand pairs stay.
Neutral limit: threshold -1 and keep 1 leave nothing out; this is `of`, exactly, but for scores where it has none.

>>> from tutelage.toys import stream, vector_pool, view
>>> seen = view()._replace(parts={"corpus": vector_pool([[5, 0]])})          # -3 -2 -0.2 | 0.2 2 3, and one passage
>>> chosen = Grounded(threshold=0.9, keep=1, drop=True).choose(seen, 6, stream(0, "choose"))
>>> sorted(seen.pool.take(chosen.rows).ids()), chosen.scores.tolist()
(['d', 'e', 'f'], [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0])
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from tutelage.choose.uniform import Uniform
from tutelage.core import parts as shelf
from tutelage.core.data import Bools, Floats, Kinds, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.method import method
from tutelage.core.stages import CanEmbed, Chosen, View
from tutelage.kit.ask import embeddings
from tutelage.kit.corpus import likest
from tutelage.kit.cost import Cost, Size, cost_of, embedding, neighbours, together
from tutelage.kit.indicators import pairs
from tutelage.kit.needed_parts import all_there
from tutelage.kit.ranking import in_table_order, within
from tutelage.kit.ratings import COLUMN, has_reply, reply_column

ROUNDING = 1e-6  # of a cosine in single precision: alike at the threshold is not below it


@method
class Grounded:
    """part: whose rows are the passages. encoder: whose embedding counts; None: the student's own. of: chooses among
    what stays. drop: what is left out is never chosen.
    """

    part: str = "corpus"
    query: Literal["pair", "prompt", "reply"] = "pair"  # what of a row is looked up
    threshold: Annotated[float, Field(ge=-1, le=1)] = -1.0
    keep: Annotated[float, Field(gt=0, le=1)] = 0.6  # a share of the pool
    encoder: Annotated[Any, shelf.part("student.text.encoder")] = None
    of: Annotated[Any, shelf.part("choose")] = Uniform()
    drop: bool = False

    @property
    def needs(self) -> Kinds:
        """Embeddings, unless an encoder gives them, and what `of` needs."""
        needs: Kinds = self.of.needs
        return needs if self.encoder is not None else needs | {CanEmbed}

    @property
    def needs_parts(self) -> tuple[str, ...]:
        """The one that is searched."""
        return (self.part,)

    def costs(self, size: Size) -> Cost:
        """Every row against every passage; the corpus, whose size is not known here, is taken to be as large."""
        wide = size if self.encoder is None else size._replace(width=self.encoder.width)
        looked = neighbours(wide.pool, wide.pool, wide.width, 1)
        return together(embedding(wide), embedding(wide), looked, cost_of(self.of, size))

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        """Refused without the part, with an empty one, and for `query: reply` of a pool without replies."""
        all_there("choose.part", self.needs_parts, view.parts)
        if len(view.pool) == 0 or n <= 0:
            return Chosen(np.zeros(0, dtype=np.int64), np.full(len(view.pool), np.nan), dict(view.memory))
        ordered = in_table_order(view.pool)
        alike, stays = self._found(view, ordered.pool)
        shown = ordered.places[stays]
        told = view._replace(pool=view.pool.take(shown), memory=view.memory.get("of", {}))
        chosen = within(view.pool, shown, self.of.choose(told, min(n, len(shown)), rng))
        if np.isnan(chosen.scores).all():
            chosen.scores[ordered.places] = alike
        memory = {"table": ordered.pool.table.fingerprint, "numbers": ordered.pool.numbers, "alike": alike,
                  "stays": stays, "of": chosen.memory}  # fmt: skip
        rest = np.flatnonzero(~stays)
        more = 0 if self.drop else max(min(n, len(view.pool)) - len(shown), 0)
        others = ordered.places[rest[np.argsort(-alike[rest], kind="stable")][:more]]
        return chosen._replace(rows=np.concatenate([chosen.rows, others]), memory=memory)

    def _found(self, view: View, pool: Pool) -> tuple[Floats, Bools]:
        """(n,) g of each row of a pool in table order, and whether it stays: as remembered, where all are known."""
        held = view.memory
        if held and len(pool) and held["table"] == pool.table.fingerprint:
            at = np.minimum(np.searchsorted(held["numbers"], pool.numbers), len(held["numbers"]) - 1)
            if np.array_equal(held["numbers"][at], pool.numbers):
                return held["alike"][at], held["stays"][at]
        both = (self._asked(pool), view.parts[self.part])
        alike = likest(*(embeddings(view.student, one, self.encoder) for one in both))
        stays = np.zeros(len(alike), dtype=bool)
        stays[np.argsort(-alike, kind="stable")[: max(1, round(self.keep * len(alike)))]] = True
        return alike, stays & (alike >= self.threshold - ROUNDING)

    def _asked(self, pool: Pool) -> Pool:
        """The rows with what is looked up as their text."""
        if self.query == "reply":
            columns = pool.table.columns.take(pa.array(pool.numbers))
            said = reply_column(pool).cast(pa.large_string())
            columns = columns.set_column(columns.schema.get_field_index("text"), "text", said)
            return replace(pool.table, columns=columns, fingerprint=digest("replies alone", pool.fingerprint)).pool()
        paired = self.query == "pair" and {"text", COLUMN} <= set(pool.table.columns.column_names)
        has = has_reply(pool) if paired else np.zeros(len(pool), dtype=bool)
        if has.all() or not has.any():
            return pairs(pool) if paired and has.any() else pool
        columns = pool.table.columns.take(pa.array(pool.numbers))
        asked, said = (pc.fill_null(pool.column(name).cast(pa.large_string()), "") for name in ("text", COLUMN))
        both = pc.binary_join_element_wise(asked, said, pa.scalar("\n", pa.large_string()))
        told = pc.if_else(pa.array(has), both, asked)
        columns = columns.set_column(columns.schema.get_field_index("text"), "text", told)
        return replace(pool.table, columns=columns, fingerprint=digest("pairs, texts", pool.fingerprint)).pool()
