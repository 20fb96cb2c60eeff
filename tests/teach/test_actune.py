"""AcTune: doubt of regions by hand, the surest of the surest regions, momentum through memory, weights that balance."""

from dataclasses import dataclass

import numpy as np
import pytest

from tutelage.core.data import Floats32, Pool, Rows
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.teach.actune import Actune
from tutelage.toys import CODES, POOL, vector_pool, view


@dataclass(frozen=True)
class Scripted:
    """Says what it was told about each row of the table, and embeds a row as its vector."""

    table: Floats32
    labels: tuple[str, ...]
    embeds_as: str = "scripted"
    fingerprint: str = "scripted"

    def probs(self, pool: Pool) -> Floats32:
        return self.table[pool.numbers]

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return pool.vectors()


def says(first: list[float]) -> Scripted:
    """Two classes, P(first) as given."""
    p = np.array(first, dtype=np.float32)
    return Scripted(np.stack([p, 1 - p], axis=1), ("left", "right"))


def teach(points: object, who: Scripted, **settings: object) -> Taught:
    seen = {name: settings.pop(name) for name in ("memory", "round", "lessons") if name in settings}
    pool = vector_pool(points, who.labels)
    now = view(pool, who)._replace(**seen)
    return Actune(**settings).teach(Rows(pool, np.arange(len(pool))), now, None, stream(0, "teach"))


def kept(taught: Taught) -> list[int]:
    return [int(row) for block in taught.lessons for row in block.about.numbers]


def test_by_hand() -> None:
    """Three directions of three examples. P(left) = 0.99 in the first; 0.8 in the second; in the third 0.99 0.99 0.01,
    of two minds: 0.5 H(1/3) = 0.318 on a doubt of 0.081. So the first is surest (0.081), then the third (0.399), and
    the second last (0.722). Of the first, the two surest of 0.99 0.995 0.98: rows 1 and 0."""
    points = np.repeat(np.eye(3), 3, axis=0)
    who = says([0.99, 0.995, 0.98, 0.8, 0.8, 0.8, 0.99, 0.99, 0.01])
    assert kept(teach(points, who, regions=3, sure_regions=1, each=2)) == [0, 1]
    assert kept(teach(points, who, regions=3, sure_regions=2, each=9)) == [0, 1, 2, 6, 7, 8]


def test_with_one_region_the_least_doubtful_are_kept() -> None:
    who = says([0.7, 0.9, 0.95, 0.1, 0.65])
    taught = teach(np.arange(5.0)[:, None] + 1, who, regions=1, sure_regions=1, each=3)
    assert kept(taught) == [1, 2, 3] and taught.lessons[0].given["label"].tolist() == [0, 0, 1]


def test_too_few_candidates_are_all_kept() -> None:
    taught = teach(np.eye(4), says([0.9, 0.55, 0.2, 0.9]), regions=10)
    assert kept(taught) == [0, 2, 3] and taught.facts["candidates"] == 3


def test_threshold_1_keeps_nothing() -> None:
    taught = teach(np.eye(3), says([1.0, 0.0, 0.9]), threshold=1.0)
    assert taught.lessons == () and taught.facts["kept"] == 0


def test_momentum_by_hand() -> None:
    """Last round 0.2, now 0.9, share 0.8 in round 0: 0.8 0.9 + 0.2 0.2 = 0.76; 0.9 from round 10 on: 0.83."""
    first = teach(np.eye(2), says([0.2, 0.9]))
    for number, expected in ((0, 0.76), (5, 0.795), (10, 0.83), (99, 0.83)):
        later = teach(np.eye(2), says([0.9, 0.9]), memory=first.memory, round=number)
        assert later.memory["values"][:, 0] == pytest.approx([expected, 0.9])


def test_both_groups_weigh_alike() -> None:
    """Three lessons of weight 1 held, four kept: 3/4 each at balance 1; half of it at 0.5."""
    held = view(taught=np.array([0, 2, 5])).lessons
    who = says([0.9, 0.9, 0.1, 0.1])
    for balance in (1.0, 0.5):
        taught = teach(np.eye(4), who, lessons=held, balance=balance)
        assert taught.lessons[0].weight.tolist() == pytest.approx([0.75 * balance] * 4)


def test_predictions_count_and_never_the_truth() -> None:
    """A student that takes left for right; the answers (None) would fail at the first look."""
    who = Scripted(np.eye(2, dtype=np.float32)[1 - CODES], POOL.labels)
    taught = Actune().teach(Rows(POOL, np.arange(6)), view(student=who), None, stream(0, "t"))
    assert taught.lessons[0].given["label"].tolist() == (1 - CODES).tolist()


def test_without_any_label_nothing_is_taught() -> None:
    assert teach(np.eye(3), Scripted(np.zeros((3, 0), dtype=np.float32), ())).lessons == ()
