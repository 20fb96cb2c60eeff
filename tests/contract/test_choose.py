"""What every chooser promises, checked for every file in the room."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tutelage.choose
from tutelage.core.data import Pool, Rows, Table, labelled
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken
from tutelage.core.method import settings
from tutelage.core.parts import build, load, names, summary
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed, CanFit, CanWeigh
from tutelage.core.writing import CanRate, Tokens
from tutelage.kit.cost import Size, cost_of
from tutelage.toys import Nearest, view

LABELS = ("a", "b", "c")
NAMES = [name for name in names("choose") if "." not in name]
HELD = np.array([2, 3, 17, 19, 20, 31, 33, 45])
AS_IT_STANDS = {"everything": "takes the first rows of the table by definition"}


def rows_of(seed: int = 0, size: int = 48) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(size, 3)).astype(np.float32)


def pool_of(points: Any, ids: Any = None, secret: Any = None, labels: Any = LABELS) -> Pool:
    """Vectors, and for those who look at replies one that is written from the vector, with a reward."""
    points = np.asarray(points, dtype=np.float32)
    columns = {"id": ids or [f"r{i}" for i in range(len(points))], "vector": points}
    columns["text"] = columns["reply"] = [" ".join(f"{x:.4f}" for x in point) for point in points]
    columns["reward"] = points[:, 0].astype(float)
    if secret is not None:
        columns["label"] = [LABELS[code] for code in secret]
    return Table.of("contract", columns, labels).pool()


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    """What students say about replies is kept; not among the user's."""


class Careful(Nearest):
    """Hands out arrays that nobody may write to."""

    def rate(self, prompts: Any, replies: Any) -> Any:
        made = -np.array(
            [float(sum(map(ord, reply)) % 97 + len(prompt) % 5) for prompt, reply in zip(prompts, replies, strict=True)]
        )
        made.flags.writeable = False
        return made

    def tokens(self, prompts: Any, replies: Any) -> Tokens:
        return Tokens(*(np.array([len(text) for text in texts]) for texts in (prompts, replies, [""] * len(prompts))))

    def probs(self, pool: Pool) -> Any:
        made = super().probs(pool)
        made.flags.writeable = False
        return made

    def embed(self, pool: Pool, side: str = "") -> Any:
        made = super().embed(pool, side)
        made.flags.writeable = False
        return made


def knows() -> Careful:
    return Careful(LABELS, np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32))


def scene(pool: Pool | None = None, held: Any = HELD, student: Any = None, take: Any = None, codes: Any = None) -> Any:
    """A view over `pool` less the held rows (named by row number), in the order `take`; `codes` are their labels."""
    pool = pool_of(rows_of()) if pool is None else pool
    held = np.asarray(held, dtype=np.int64)
    codes = held % len(LABELS) if codes is None else codes
    lessons = (labelled(Rows(pool, held), codes, "oracle", 1.0),) if len(held) else ()
    rest = pool.without(held)
    seen = view(rest if take is None else rest.take(take), student or knows(), lessons)
    passages = np.random.default_rng(9).normal(size=(16, pool.vectors().shape[1]))  # for those that look something up
    return seen._replace(parts={"corpus": pool_of(passages)})


def ids(seen: Any, chosen: Any) -> list[str]:
    return seen.pool.take(chosen.rows).ids()


VARIANTS = [  # other settings that take another way through the file
    {"use": "k_means", "weigh": "margin", "beta": 2},
    {"use": "committee", "by": "kl", "members_by": "bayesian"},
    {"use": "batch_bald", "outcomes": 5, "candidates": 12},
    {"use": "near_labelled", "of": "core_set", "k": 2, "start": 0},
    {"use": "sampled", "of": {"use": "near_labelled", "of": "uniform", "k": 1, "start": 3}, "most": 20},
    {"use": "discriminative", "sub_batches": 3, "most": 5},
    {"use": "grape", "score": "bits_per_byte", "worst": True},
    {"use": "quality_rule", "coefficients": {"mtld": -1.0, "ifd": 0.5}},
    {"use": "grounded", "query": "reply", "threshold": 0.5, "keep": 1, "of": "core_set"},
]


@pytest.fixture(params=[*NAMES, *VARIANTS], ids=lambda spec: spec if isinstance(spec, str) else f"{spec['use']}_other")
def chooser(request: Any) -> Any:
    return build("choose", request.param)


@pytest.fixture(params=["few", "many"])
def seen(request: Any) -> Any:
    """Few labels (a chooser that covers first still covers) and many."""
    return scene(held=HELD[:2] if request.param == "few" else HELD)


def test_every_file_is_here() -> None:
    files = [path for path in Path(tutelage.choose.__file__).parent.iterdir() if path.suffix == ".py"]
    assert len(NAMES) == len([path for path in files if not path.name.startswith("_")])
    assert len(NAMES) > 0


def test_is_frozen_described_and_survives_a_round_trip(chooser: Any) -> None:
    assert build("choose", settings(chooser)) == chooser
    name = settings(chooser)["use"]
    assert load("choose", name) is type(chooser)
    assert summary("choose", name).endswith((".", "."))
    for field in fields(chooser):
        with pytest.raises(AttributeError):
            setattr(chooser, field.name, getattr(chooser, field.name))
    assert isinstance(chooser.needs, frozenset)


@pytest.mark.parametrize("n", [1, 2, 7, 30])
def test_n_distinct_rows_of_the_pool(chooser: Any, seen: Any, n: int) -> None:
    chosen = chooser.choose(seen, n, stream(0, "choose"))
    assert chosen.rows.dtype == np.int64
    assert len(chosen.rows) == len(set(chosen.rows.tolist())) == n
    assert chosen.rows.min() >= 0 and chosen.rows.max() < len(seen.pool)
    assert chosen.scores.shape == (len(seen.pool),) and chosen.scores.dtype == np.float64
    assert not np.isinf(chosen.scores).any()
    assert isinstance(chosen.memory, dict)


@pytest.mark.parametrize("more", [0, 1, 1000])
def test_the_whole_pool_when_n_is_no_less(chooser: Any, seen: Any, more: int) -> None:
    chosen = chooser.choose(seen, len(seen.pool) + more, stream(0, "choose"))
    assert sorted(chosen.rows.tolist()) == list(range(len(seen.pool)))


def test_nothing_from_an_empty_pool_and_nothing_when_none_is_asked(chooser: Any, seen: Any) -> None:
    for n in (0, 3):
        chosen = chooser.choose(seen._replace(pool=seen.pool.take([])), n, stream(0, "choose"))
        assert len(chosen.rows) == len(chosen.scores) == 0
    assert len(chooser.choose(seen, 0, stream(0, "choose")).rows) == 0


def test_the_order_of_the_pool_changes_nothing(chooser: Any, seen: Any) -> None:
    shuffle = np.random.default_rng(1).permutation(len(seen.pool))
    shuffled = seen._replace(pool=seen.pool.take(shuffle))
    one, two = (chooser.choose(v, 9, stream(0, "choose")) for v in (seen, shuffled))
    assert ids(seen, one) == ids(shuffled, two)
    assert np.array_equal(one.scores[shuffle], two.scores, equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_file_changes_only_luck(name: str) -> None:
    """Where two streams of luck choose the same rows, so must a table written in another order."""
    chooser, points = build("choose", name), rows_of()
    shuffle = np.random.default_rng(2).permutation(len(points))
    written = pool_of(points[shuffle], [f"r{i}" for i in shuffle])
    back = np.argsort(shuffle)
    one, two = scene(), scene(written, back[HELD], codes=HELD % len(LABELS))
    lucky, other = (ids(one, chooser.choose(one, 6, stream(s, "choose"))) for s in (0, 1))
    same = ids(two, chooser.choose(two, 6, stream(0, "choose"))) == lucky
    assert same or lucky != other or name in AS_IT_STANDS
    assert not (same and name in AS_IT_STANDS), "this exemption is no longer needed"


def test_other_ids_change_nothing(chooser: Any) -> None:
    named = pool_of(rows_of(), [f"z{99 - i}" for i in range(48)])
    one, two = (chooser.choose(scene(pool), 9, stream(0, "choose")) for pool in (pool_of(rows_of()), named))
    assert one.rows.tolist() == two.rows.tolist()


def test_positions_are_those_of_the_pool_and_never_rows_of_the_table(chooser: Any) -> None:
    """The same rows at the end of a table with 200 others, over two rounds: the same choices, memory included.

    Whoever takes a row of the table for a position of the pool leaves the pool, or chooses something else.
    """
    points, others = rows_of(), rows_of(5, 200)
    names_ = [f"o{i}" for i in range(200)] + [f"r{i}" for i in range(48)]
    behind = pool_of(np.concatenate([others, points]), names_).take(np.arange(200, 248))
    seen = [scene(), scene(behind)]
    for number in range(2):
        chosen = [chooser.choose(one, 5, stream(0, "choose", number)) for one in seen]
        assert ids(seen[0], chosen[0]) == ids(seen[1], chosen[1])
        assert np.array_equal(chosen[0].scores, chosen[1].scores, equal_nan=True)
        seen = [taught(one, made) for one, made in zip(seen, chosen, strict=True)]


def taught(seen: Any, chosen: Any) -> Any:
    """The next round: what was chosen carries labels and has left the pool."""
    about = seen.pool.take(chosen.rows)
    codes = np.arange(len(about)) % len(LABELS)
    block = labelled(Rows(about, np.arange(len(about))), codes, "oracle", 1.0)
    rest = seen.pool.without(chosen.rows)
    return seen._replace(pool=rest, lessons=(*seen.lessons, block), memory=chosen.memory, round=seen.round + 1)


def test_other_names_of_the_labels_change_nothing(chooser: Any) -> None:
    renamed = pool_of(rows_of(), labels=("z", "y", "x"))
    student = Careful(("z", "y", "x"), knows().means)
    one, two = scene(), scene(renamed, student=student)
    first, second = (chooser.choose(seen, 9, stream(0, "choose")) for seen in (one, two))
    assert first.rows.tolist() == second.rows.tolist()
    assert np.array_equal(first.scores, second.scores, equal_nan=True)


def test_memory_stays_within_what_is_declared(chooser: Any) -> None:
    """6,000 rows, of which a matrix of all pairs would be 144 MB; 10 MB are for what does not grow."""
    pool = pool_of(np.random.default_rng(4).normal(size=(6000, 32)), secret=None)
    means = np.zeros((3, 32), dtype=np.float32)
    means[:, :3] = 2 * np.eye(3)
    seen = scene(pool, student=Careful(LABELS, means))
    tracemalloc.start()
    try:
        chooser.choose(seen, 9, stream(0, "choose"))
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    toy = len(seen.pool) * 3 * 32 * 4 * 2  # the differences that this student takes to answer
    size = Size(len(seen.pool), 32, 3, 9, len(HELD))
    assert held < cost_of(chooser, size).bytes + toy + 10e6


def test_what_it_takes_grows_with_the_pool_and_is_finite(chooser: Any) -> None:
    costs = [cost_of(chooser, Size(rows, 64, 10, 20, 100)) for rows in (2_000, 20_000, 200_000)]
    for one, two in zip(costs, costs[1:], strict=False):
        assert 0 <= one.bytes <= two.bytes < np.inf and 0 <= one.flop <= two.flop < np.inf


def test_same_luck_same_choice_whatever_the_global_luck(chooser: Any, seen: Any) -> None:
    legacy, plain = np.random.get_state(), random.getstate()  # noqa: NPY002
    one = chooser.choose(seen, 9, stream(4, "choose"))
    assert random.getstate() == plain and digest(legacy[1]) == digest(np.random.get_state()[1])  # noqa: NPY002
    try:
        random.seed(12345)
        np.random.seed(12345)  # noqa: NPY002
        two = chooser.choose(seen, 9, stream(4, "choose"))
    finally:
        np.random.set_state(legacy)  # noqa: NPY002
        random.setstate(plain)
    assert one.rows.tolist() == two.rows.tolist()
    assert np.array_equal(one.scores, two.scores, equal_nan=True)


def test_inputs_are_left_as_they_were(chooser: Any, seen: Any) -> None:
    def snapshot() -> str:
        table = seen.pool.table.columns
        values = [table.column("id").to_pylist(), seen.pool.vectors(), seen.pool.numbers]
        return digest(*values, [block.digest() for block in seen.lessons], seen.student.fingerprint, dict(seen.memory))

    before = snapshot()
    chooser.choose(seen, 9, stream(0, "choose"))
    assert snapshot() == before


def test_an_answer_that_stands_in_the_table_changes_nothing(chooser: Any) -> None:
    """The same rows, once with the right answers in a column beside them and once with others: nobody may look."""
    truth = np.random.default_rng(3).integers(0, 3, 48)
    one, two = (chooser.choose(scene(pool_of(rows_of(), None, code)), 9, stream(0, "c")) for code in (truth, 2 - truth))
    assert one.rows.tolist() == two.rows.tolist()
    assert np.array_equal(one.scores, two.scores, equal_nan=True)


@pytest.mark.parametrize("held", [(), (0, 1, 2, 3, 4, 5, 6, 7)])
def test_a_pool_of_duplicates(chooser: Any, held: Any) -> None:
    chosen = chooser.choose(scene(pool_of(np.ones((40, 3))), held), 12, stream(0, "choose"))
    assert len(set(chosen.rows.tolist())) == 12


@pytest.mark.parametrize("classes", [0, 1, 2])
def test_a_student_with_fewer_classes_than_the_pool_has_labels(chooser: Any, classes: int) -> None:
    """None before any label, one where all labels so far are the same, two before a person adds the third."""
    student = Careful(LABELS[:classes], np.eye(3, dtype=np.float32)[:classes])
    student = student if classes else NoClasses((), np.zeros((0, 3), np.float32))
    chosen = chooser.choose(scene(student=student), 9, stream(0, "choose"))
    assert len(set(chosen.rows.tolist())) == 9


class NoClasses(Careful):
    """Has no column at all."""

    def probs(self, pool: Pool) -> Any:
        return np.zeros((len(pool), 0), dtype=np.float32)


def test_an_unfit_student(chooser: Any) -> None:
    unfit = Careful(LABELS, np.full((3, 3), np.nan, dtype=np.float32))
    assert len(set(chooser.choose(scene(held=(), student=unfit), 9, stream(0, "choose")).rows.tolist())) == 9


class Babbler(Careful):
    """Its probabilities hold a NaN."""

    def probs(self, pool: Pool) -> Any:
        return np.where(pool.numbers[:, None] % 7 == 0, np.nan, super().probs(pool)).astype(np.float32)


class Lost(Careful):
    """Its embeddings hold a NaN."""

    def embed(self, pool: Pool, side: str = "") -> Any:
        return np.where(pool.numbers[:, None] % 7 == 0, np.nan, super().embed(pool)).astype(np.float32)


def test_nonsense_from_the_student_is_refused_by_its_name(chooser: Any) -> None:
    if CanWeigh in chooser.needs:
        with pytest.raises(ContractBroken, match="Babbler"):
            chooser.choose(scene(student=Babbler(*_parts())), 9, stream(0, "choose"))
    if CanEmbed in chooser.needs:
        with pytest.raises(ContractBroken, match="Lost"):
            chooser.choose(scene(student=Lost(*_parts())), 9, stream(0, "choose"))
    if CanRate in chooser.needs:
        with pytest.raises(ContractBroken, match="Glib"):
            chooser.choose(scene(student=Glib(*_parts())), 9, stream(0, "choose"))


class Glib(Careful):
    """Its log-probabilities lie above 0."""

    fingerprint = "glib"

    def rate(self, prompts: Any, replies: Any) -> Any:
        return -super().rate(prompts, replies) + 1


class Speechless:
    """Can nothing that a chooser could ask of it."""

    fingerprint = "speechless"


def test_asks_nothing_that_it_does_not_declare(chooser: Any, seen: Any) -> None:
    """A student that can only what is declared is enough; one that lacks it is refused by its name."""
    known = knows()
    gifts = {
        CanWeigh: {"labels": known.labels, "probs": staticmethod(known.probs)},
        CanEmbed: {"embeds_as": known.embeds_as, "embed": staticmethod(known.embed)},
        CanFit: {"fit": staticmethod(known.fit)},
        CanRate: {"rate": staticmethod(known.rate), "tokens": staticmethod(known.tokens)},
    }
    declared = {name: gift for need in chooser.needs for name, gift in gifts[need].items()}
    able = type("Able", (Speechless,), declared)()
    one, two = (chooser.choose(seen._replace(student=s), 9, stream(0, "c")) for s in (known, able))
    assert one.rows.tolist() == two.rows.tolist()
    if chooser.needs:
        with pytest.raises(ContractBroken, match="Speechless"):
            chooser.choose(seen._replace(student=Speechless()), 9, stream(0, "c"))


def _parts() -> tuple[tuple[str, ...], Any]:
    return LABELS, knows().means
