"""Students taught before, kept for the next run: found, paid for again, and taught anew wherever anything differs."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from tutelage.before import played
from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Exam, Part, Rows, labelled
from tutelage.kit.charges import Watched
from tutelage.kit.sources import source_of
from tutelage.learn.gradient import Gradient
from tutelage.loop import Run
from tutelage.recipe.fit import fit
from tutelage.recipe.read import read_text
from tutelage.runs.till import till
from tutelage.study.run import go_on, prepare, start
from tutelage.toys import vector_pool

CODES = np.arange(60) % 2
WHOLE = vector_pool(np.stack([4.0 * CODES - 2, 0.1 * np.arange(60)], axis=1))
POOL, GOLD = WHOLE.take(np.arange(40)), WHOLE.take(np.arange(40, 60))
EXAM = vector_pool(np.stack([4.0 * CODES[:10] - 2, np.ones(10)], axis=1), ids=[f"exam{row}" for row in range(10)])
WEAK = "{use: vector.mlp, hidden: [3], taught: {data: {part: gold}, teach: {use: oracle}, learn: %s%s}}"
STUDY = """
control: none
arms:
  main:
    data: {use: digits, pool: 60, gold: 0.5}
    student: {use: vector.mlp, hidden: [4], epochs: 20}
    teach: {use: model, students: [%s]}
"""


def study(more: str = "", learn: str = "{use: gradient, passes: 3}") -> Any:
    return read_text(STUDY % (WEAK % (learn, more)), "mine.yaml")


def course(codes: np.ndarray = CODES) -> Course:
    truth = labelled(Rows(EXAM, np.arange(10)), CODES[:10], "file")
    parts = {"pool": Part(POOL, Sealed(WHOLE.table, codes)), "gold": Part(GOLD, Sealed(WHOLE.table, codes))}
    return Course(parts, {"exam": Exam((truth,))})


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> list[str]:
    """A line for every time that something is taught by gradient."""
    seen: list[str] = []
    plain = Gradient.learn

    def watched(self, *given):
        seen.append("taught")
        return plain(self, *given)

    monkeypatch.setattr(Gradient, "learn", watched)
    return seen


def run(scratch: Path, read: Any = None, limits: dict[str, float] | None = None, seed: int = 0, of: Any = None):
    purse = till(limits)
    *_, last = played(Run(fit(read or study())["main"], of or course(), seed, purse, scratch))
    return last.student.fingerprint, purse.book.ledger.spent, purse.book.charged


def test_the_second_run_finds_it_and_pays_the_same(tmp_path: Path, lessons: list[str]) -> None:
    """20 labels and the FLOP of 3 passes (beside those of the strong student), under the same keys, though nothing is learned by gradient any more."""
    first, second = run(tmp_path), run(tmp_path)
    assert lessons == ["taught"] and first == second
    assert first[1]["labels"] == len(first[2]) == 20 and first[1]["flop"] > 3 * 20 * 6 * (2 * 3 + 3 * 2)


def test_records_have_the_same_digest(tmp_path: Path, lessons: list[str]) -> None:
    """Two runs through journals and files; the second writes down the same purchases."""
    read = read_text(STUDY % (WEAK % ("{use: gradient, passes: 2}", "")) + "seeds: 2\n", "mine.yaml")
    marks, paid = [], []
    for name in ("one", "two"):
        record = start(prepare(read), tmp_path, (), name)
        assert go_on(record, 0) == "done"
        marks.append(record.digest())
        events = (record.arm_folder("main", 0) / "events.jsonl").read_text(encoding="utf-8").splitlines()
        paid.append([line["bought"] for line in map(json.loads, events) if line["event"] == "pay"])
    assert len(lessons) == 2 and marks[0] == marks[1] != "" and paid[0] == paid[1] != []


def test_what_was_given_is_found_and_free(tmp_path: Path, lessons: list[str]) -> None:
    first, second = run(tmp_path, study(", given: true")), run(tmp_path, study(", given: true"))
    assert lessons == ["taught"] and first[0] == second[0] and second[1].get("labels", 0) == 0


@pytest.mark.parametrize("other", ["seed", "recipe", "truth"])
def test_anything_else_is_taught_anew(tmp_path: Path, lessons: list[str], other: str) -> None:
    run(tmp_path)
    flipped = np.where(np.arange(60) == 59, 1 - CODES, CODES)
    given: dict[str, Any] = {
        "seed": {"seed": 1}, "recipe": {"read": study(learn="{use: gradient, passes: 4}")}, "truth": {"of": course(flipped)}
    }  # fmt: skip
    run(tmp_path, **given[other])
    assert len(lessons) == 2


def test_a_limit_that_touches_it(tmp_path: Path, lessons: list[str]) -> None:
    """With 12 labels it is taught 12, whether 20 were kept before or not; and what 12 taught is never kept."""
    short = run(tmp_path, limits={"labels": 12})
    run(tmp_path, limits={"labels": 12})
    assert len(lessons) == 2 and short[1]["labels"] == 12
    whole = run(tmp_path)
    assert run(tmp_path, limits={"labels": 12}) == short and whole[1]["labels"] == 20 and len(lessons) == 4
    assert run(tmp_path, limits={"labels": 100}) == whole and len(lessons) == 4
    with pytest.raises(Exception, match="not one lesson"):
        run(tmp_path, limits={"labels": 0})


def test_a_damaged_one_is_taught_again_and_replaced(tmp_path: Path, lessons: list[str], own_cache: Path) -> None:
    first = run(tmp_path)
    (folder,) = (path for path in (own_cache / "students").iterdir() if path.is_dir())
    told = (folder / "told.json").read_text(encoding="utf-8")
    for damage in (lambda: (folder / "told.json").write_text("{"), lambda: (folder / "student" / "student.npz").unlink(),
                   lambda: (folder / "told.json").write_text(told.replace('"fingerprint": "', '"fingerprint": "0'))):  # fmt: skip
        damage()
        assert run(tmp_path) == first
    assert len(lessons) == 4 and run(tmp_path) == first and len(lessons) == 4


def test_what_is_solved_in_moments_is_not_kept(tmp_path: Path, lessons: list[str], own_cache: Path) -> None:
    run(tmp_path, study(learn="{use: refit}"))
    assert not (own_cache / "students").exists()


def test_who_comes_second_waits_and_finds_it(tmp_path: Path, lessons: list[str], own_cache: Path) -> None:
    with ThreadPoolExecutor(2) as both:
        one, two = both.map(lambda name: run(tmp_path / name), ("a", "b"))
    assert one == two and lessons == ["taught"]
    assert not list((own_cache / "students").glob(".students-*"))


def test_a_watched_till_by_hand() -> None:
    """Two charges at two paths, then the same on another till; a refusal is noticed."""
    purse, again = till({"labels": 3}), till()
    watched = Watched(purse)
    watched.part("teach").pay("labels", ["a", "b"], ["x", "y"], np.ones(2))
    watched.pay("flop", (), (), np.array([7.0]))
    for charge in watched.seen.told:
        charge.pay(again)
    assert again.book.ledger.spent == {"labels": 2, "flop": 7} and again.book.charged == {"a": "x", "b": "y"}
    assert [charge.path for charge in watched.seen.told] == ["teach", ""] and not watched.seen.bound
    with pytest.raises(Exception, match="would pass the limit"):
        watched.afford("labels", 2)
    assert watched.seen.bound and watched.part("x").seen is watched.seen


def test_the_source_of_a_part_is_all_that_it_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module outside counts as named; inside, a change three imports away is seen."""
    package = tmp_path / "tutelage_plug"
    shutil.copytree(Path(__file__).parent, package, ignore=lambda folder, names: names)
    (package / "mine.py").write_text("from tutelage.kit.batching import walk\n")
    monkeypatch.syspath_prepend(str(package))
    source_of.cache_clear()
    with_it = source_of(("mine",))
    assert with_it != source_of(("tutelage.kit.batching",))
    (package / "mine.py").write_text("from tutelage.kit.batching import sweep as walk\n")
    source_of.cache_clear()
    assert source_of(("mine",)) != with_it
