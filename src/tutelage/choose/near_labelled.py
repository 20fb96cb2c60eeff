"""Let another method choose among the nearest neighbours of what is labelled: for huge pools and rare classes.

    candidates = (random start) with the k nearest unlabelled examples of every labelled one, grown round by round

Only the candidates are shown to the chooser `of`; the rest has no score. Neighbours are those in the student's
embedding, looked up once for each labelled example; where the student embeds anew they are all looked up again. The
random start of `start` examples is drawn in the first round. Where the candidates are fewer than are asked for, others
are drawn at random beside them.

Source: Coleman, Chou, Katz-Samuels, Culatana, Bailis, Berg, Nowak, Sumbaly, Zaharia, Yalniz (2020), Similarity search
for efficient active learning and search of rare concepts (SEALS), algorithm 1; there the start is labelled examples of
the class that is searched for, and neighbours come from an approximate index, here they are exact.
Neutral limit: with start no less than the pool this is `of`, exactly.

>>> from tutelage.toys import stream, view            # -3 is labelled: its two neighbours are candidates, no other
>>> left = view(taught=[0])
>>> chosen = NearLabelled(k=2, start=0).choose(left, 1, stream(0, "choose"))
>>> left.pool.take(chosen.rows).ids(), int((chosen.scores == chosen.scores).sum())
(['c'], 2)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from tutelage.choose.margin import Margin
from tutelage.core.data import Ints, Kinds, Pool, Rng
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import CanEmbed, Chosen, View, able
from tutelage.kit.ask import embeddings
from tutelage.kit.cost import Cost, Size, cost_of, embedding, in_turn, neighbours, together
from tutelage.kit.lessons import held
from tutelage.kit.neighbours import nearest
from tutelage.kit.ranking import in_table_order, within


@method
class NearLabelled:
    """It may never see a part of the pool that resembles nothing labelled: a large `start` guards against that."""

    of: Annotated[Any, part("choose")] = Margin()
    k: Annotated[int, Field(ge=1)] = 100
    start: Annotated[int, Field(ge=0)] = 1000

    @property
    def needs(self) -> Kinds:
        """Embeddings, and what `of` needs."""
        needs: Kinds = self.of.needs | {CanEmbed}
        return needs

    def costs(self, size: Size) -> Cost:
        """Those labelled last are looked up in the whole pool; `of` sees what has been gathered so far."""
        looked = together(embedding(size), neighbours(max(size.asked, 1), size.pool, size.width, self.k))
        shown = min(size.pool, max(self.start + self.k * size.held, size.asked))
        return in_turn(looked, cost_of(self.of, size._replace(pool=shown)))

    def choose(self, view: View, n: int, rng: Rng) -> Chosen:
        """What is kept between rounds are row numbers of the table, never positions: those shift every round."""
        pool = in_table_order(view.pool)
        memory = dict(view.memory)
        if "numbers" not in memory:
            drawn = np.arange(len(pool.pool))
            if self.start < len(drawn):
                drawn = rng.choice(len(drawn), self.start, replace=False)
            memory |= {"numbers": np.sort(pool.pool.numbers[drawn]), "looked": {}, "embeds_as": ""}
        memory = self._grown(view, pool.pool, memory)
        shown = np.isin(pool.pool.numbers, memory["numbers"])
        short = min(n, len(shown)) - int(shown.sum())
        if short > 0:
            shown[rng.permutation(np.flatnonzero(~shown))[:short]] = True
        places = pool.places[shown]
        kept = {key: value for key, value in memory.items() if key != "of"}
        if len(places) == len(view.pool):
            inner: Chosen = self.of.choose(view._replace(memory=memory.get("of", {})), n, rng)
            return inner._replace(memory={**kept, "of": inner.memory})
        inner = self.of.choose(view._replace(pool=view.pool.take(places), memory=memory.get("of", {})), n, rng)
        return within(view.pool, places, inner)._replace(memory={**kept, "of": inner.memory})

    def _grown(self, view: View, pool: Pool, memory: Mapping[str, Any]) -> dict[str, Any]:
        """The memory with the neighbours of the labelled examples that were not looked up yet."""
        now = able(view.student, CanEmbed).embeds_as
        looked: dict[str, Ints] = dict(memory["looked"]) if memory["embeds_as"] == now else {}
        near = [memory["numbers"]]
        for labelled in held(view.lessons):
            name = labelled.table.fingerprint
            new = np.flatnonzero(~np.isin(labelled.numbers, looked.get(name, np.zeros(0, dtype=np.int64))))
            looked[name] = labelled.numbers
            if len(new) and len(pool):
                points = embeddings(view.student, labelled.take(new))
                near.append(pool.numbers[np.unique(nearest(points, self.k, embeddings(view.student, pool)).rows)])
        return {**memory, "numbers": np.unique(np.concatenate(near)), "looked": looked, "embeds_as": now}
