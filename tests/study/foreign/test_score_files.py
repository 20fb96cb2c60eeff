"""Files against the first: which measures, which side is better, and what is said of each arm."""

import json
from pathlib import Path

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.kit.intervals import crossed, over_items, wilson
from tutelage.study.foreign.columns import Asked
from tutelage.study.foreign.contrast import Wish
from tutelage.study.foreign.score_files import Comparison, compare_files

LOGS = Path(__file__).parent / "fixtures"


def compared(*paths: Path, wish: Wish = Wish(), **asked) -> Comparison:
    return compare_files(paths, Asked(**asked), wish, stream(0, "compare/files"))


def write(path: Path, values: np.ndarray, first: int = 0) -> Path:
    """(seeds, items) as a CSV of item, seed, score."""
    rows = [f"{first + i},{s},{values[s, i]}" for s in range(values.shape[0]) for i in range(values.shape[1])]
    path.write_text("\n".join(["item,seed,score", *rows]) + "\n")
    return path


def log(name: str) -> list[dict]:
    (path,) = LOGS.glob(name)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_logs_of_the_harness_by_hand() -> None:
    """The difference of two real logs is that of their lines, paired by doc_id."""
    made = compared(LOGS / "harness/one", LOGS / "harness/two", metric="tiny_choice/acc_norm,none")
    one, two = (
        {row["doc_id"]: row["acc_norm"] for row in log(f"harness/{arm}/samples_tiny_choice_*")}
        for arm in ("one", "two")
    )
    apart = np.array([two[item] - one[item] for item in one])
    (told,) = made.contrasts
    assert (told.estimate, told.low, told.high) == pytest.approx(over_items(apart)[:3])
    assert (told.items, told.seeds, told.test) == (30, 1, "McNemar, exact")
    assert [arm.mean for arm in made.arms] == pytest.approx([np.mean(list(one.values())), np.mean(list(two.values()))])
    assert (made.arms[0].low, made.arms[0].high) == pytest.approx(wilson(sum(one.values()), 30)[1:3])


def test_six_epochs_of_inspect_are_seeds_crossed_with_items() -> None:
    made = compared(LOGS / "inspect/one_five.eval", LOGS / "inspect/two_five.eval", metric="includes")
    (told,) = made.contrasts
    assert (told.seeds, told.items) == (5, 6) and "5 seeds crossed with items" in told.notes[0]
    assert [arm.tokens["input"] for arm in made.arms] == [240, 240]


def test_all_measures_that_every_file_holds(tmp_path: Path) -> None:
    made = compared(LOGS / "harness/one", LOGS / "harness/two")
    assert [told.measure for told in made.contrasts] == [
        "tiny_choice/acc,none", "tiny_choice/acc_norm,none", "tiny_last/perplexity,none", "tiny_last/acc,none",
        "tiny_write/exact_match,whole", "tiny_write/exact_match,any-letter",
    ]  # fmt: skip
    assert made.notes[-1].startswith("6 comparisons")
    (choice,) = (LOGS / "harness/two").glob("samples_tiny_choice_*")
    fewer = compared(LOGS / "harness/one", choice)
    assert [told.measure for told in fewer.contrasts] == ["tiny_choice/acc,none", "tiny_choice/acc_norm,none"]
    assert "tiny_last/acc,none: not in every file; left out" in fewer.notes
    with pytest.raises(Refused, match="no measure can be compared"):
        compared(LOGS / "harness/one", LOGS / "inspect/one.eval")


def test_another_document_is_refused(tmp_path: Path) -> None:
    rows = log("harness/two/samples_tiny_choice_*")
    rows[3]["doc_hash"] = "0" * 64
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (first,) = (LOGS / "harness/one").glob("samples_tiny_choice_*")
    with pytest.raises(Refused, match=r"another document than in .* under the same id: 1 item \(3\)"):
        compared(first, tmp_path / "b.jsonl")


def test_every_file_is_compared_with_the_first(tmp_path: Path) -> None:
    luck = np.random.Generator(np.random.PCG64(0))
    tables = [luck.normal(level, 1, (6, 50)) for level in (0, 1, -1)]
    made = compared(*(write(tmp_path / f"{i}.csv", table) for i, table in enumerate(tables)))
    assert [(told.treatment, told.control, told.verdict) for told in made.contrasts] == [
        ("B", "A", "better"),
        ("C", "A", "worse"),
    ]
    for arm, table in zip(made.arms, tables, strict=True):
        assert (arm.mean, arm.low, arm.high) == pytest.approx(crossed(table)[:3], abs=1e-9)
    assert made.contrasts[0].estimate == pytest.approx((tables[1] - tables[0]).mean())


def test_less_is_better_by_option_or_by_log(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a.csv", np.zeros((1, 9))), write(tmp_path / "b.csv", np.arange(1.0, 10)[None])
    assert compared(one, other).contrasts[0].verdict == "better"
    made = compared(one, other, higher=False)
    assert made.contrasts[0].verdict == "worse" and made.higher_is_better == {"score": False}
    assert made.arms[1].mean == 5  # an arm's own mean is not turned


def test_a_metric_that_is_no_mean_is_left_out_or_refused(tmp_path: Path) -> None:
    folders = []
    for arm in ("one", "two"):
        folder = tmp_path / arm
        folder.mkdir()
        for path in (LOGS / "harness" / arm).glob("*"):
            (folder / path.name).write_bytes(path.read_bytes())
        (results,) = folder.glob("results_*")
        told = json.loads(results.read_text())
        told["results"]["tiny_choice"]["acc,none"] = 0.9
        results.write_text(json.dumps(told))
        folders.append(folder)
    made = compared(*folders)
    assert "tiny_choice/acc,none" not in [told.measure for told in made.contrasts]
    assert any("tiny_choice/acc,none" in note and "left out (--higher or --lower" in note for note in made.notes)
    with pytest.raises(Refused, match="no mean of its documents' values"):
        compared(*folders, metric="tiny_choice/acc,none")
    assert len(compared(*folders, metric="tiny_choice/acc,none", higher=True).contrasts) == 1


def test_logs_that_disagree_on_the_better_side_are_refused(tmp_path: Path) -> None:
    for path in (LOGS / "harness/two").glob("*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (results,) = tmp_path.glob("results_*")
    told = json.loads(results.read_text())
    told["higher_is_better"]["tiny_choice"]["acc"] = False
    results.write_text(json.dumps(told))
    with pytest.raises(Refused, match="do not agree which way is better"):
        compared(LOGS / "harness/one", tmp_path, metric="tiny_choice/acc,none")


def test_inner_counts_what_it_leaves_out(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a.csv", np.eye(1, 30)), write(tmp_path / "b.csv", np.eye(1, 30), first=5)
    with pytest.raises(Refused, match="only in this file: 5 items"):
        compared(one, other)
    made = compared(one, other, wish=Wish(inner=True))
    assert made.contrasts[0].items == 25 and made.arms[0].items == 30
    assert sum("only in this file: 5 items" in note for note in made.contrasts[0].notes) == 2


def test_the_same_files_give_the_same_numbers(tmp_path: Path) -> None:
    luck = np.random.Generator(np.random.PCG64(0))
    paths = [write(tmp_path / f"{i}.csv", luck.normal(size=(1, 40))) for i in range(2)]
    assert compared(*paths) == compared(*paths)


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", np.ones((1, 3)))
    with pytest.raises(Refused, match="two to 26 files"):
        compared(path)
    with pytest.raises(Refused, match="a margin is a number above 0; found 0"):
        compared(path, path, wish=Wish(tie=0.0))
