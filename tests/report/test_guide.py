"""The guide to choosing: lines worked out by hand, and the page of this checkout is up to date."""

import json
from pathlib import Path

import pytest

from tutelage.cli.main import main
from tutelage.core.errors import Refused
from tutelage.core.parts import names
from tutelage.report.guide import END, MEASURED, PAGE, START, guide, out_of_date, what_there_is, write_page


def arm(area: float, against: float | None = None, holm: float | None = None) -> dict[str, object]:
    sides = None if against is None else [against, against - 0.02, against + 0.02]
    return {"area": [area, area - 0.01, area + 0.01], "final": [area, None, None], "against": sides, "holm": holm,
            "seconds": 1.0, "curve": [[4, area - 0.1], [8, area + 0.1]]}  # fmt: skip


def data(**arms: object) -> dict[str, object]:
    return {"sets": [], "labels": 8.0, "per_round": 4, "seeds": [0, 1, 2, 3, 4], "exam": 50, "classes": 3,
            "digest": "d", "git": "0123456789abcdef", "date": "2030-01-02", "arms": arms}  # fmt: skip


FOUND = {
    "one": data(uniform=arm(0.5), margin=arm(0.6, 0.1, 0.01), entropy=arm(0.4, -0.1, 0.03), badge=arm(0.55, 0.05, 0.2)),
    "two": data(uniform=arm(0.5), margin=arm(0.48, -0.02, 1.0), entropy=arm(0.49, -0.01, 1.0)),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with a page and a measurement."""
    for name, text in ((PAGE, f"before\n{START}\nold\n{END}\nafter\n"), (MEASURED, json.dumps(FOUND))):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_page_of_this_checkout_is_up_to_date() -> None:
    assert not out_of_date(), "tutelage list choose --guide --write"


def test_every_strategy_has_a_line_and_says_what_it_needs() -> None:
    lines = what_there_is().splitlines()
    told = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    assert sorted(told) == sorted(name for name in names("choose") if "." not in name)
    assert "| nothing | does not rank |" in told["uniform"]
    assert "| probabilities | does not rank |" in told["margin"] and "| embeddings | ranks |" in told["typical"]
    assert "| probabilities, refits |" in told["bald"]
    assert "minutes | no |" in told["vote_k"] and "| under 1 s | under 1 s | yes |" in told["margin"]
    assert told["badge"].endswith("(a student that is certain of everything) this is `uniform` |")


def test_what_beats_uniform_is_said_and_so_is_that_nothing_does(root: Path) -> None:
    text = guide(root)
    assert (
        "- **one**: better than `uniform`, largest gain first: `margin`; worse: `entropy`; 1 of 3 cannot be told from it."
        in text
    )
    assert "- **two**: nothing beats `uniform`; nothing is worse; 2 of 2 cannot be told from it." in text


def test_gains_side_by_side_by_hand(root: Path) -> None:
    """margin: (0.1 - 0.02) / 2 = +0.040; badge was measured on one data set only; bold below .05."""
    text = guide(root)
    rows = [line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 5]
    assert rows == [
        "| `badge` | +0.050 | - | +0.050 |",
        "| `margin` | **+0.100** | -0.020 | +0.040 |",
        "| `entropy` | **-0.100** | -0.010 | -0.055 |",
    ]


def test_a_data_set_by_hand(root: Path) -> None:
    text = guide(root).partition("### two")[2]
    assert "3 classes, 8 labels in rounds of 4, 5 seeds, 50 examples in the exam; measured 2030-01-02 at commit 0123456789." in text  # fmt: skip
    assert text.splitlines()[4:9] == [
        "| strategy | area | less `uniform` | Holm's p | verdict | 4 | 8 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| `uniform` | 0.500 [0.490, 0.510] | - | - | - | 0.400 | 0.600 |",
        "| `entropy` | 0.490 [0.480, 0.500] | -0.010 [-0.030, +0.010] | 1.000 | not told apart | 0.390 | 0.590 |",
        "| `margin` | 0.480 [0.470, 0.490] | -0.020 [-0.040, +0.000] | 1.000 | not told apart | 0.380 | 0.580 |",
    ]


def test_too_few_seeds_decide_nothing(root: Path) -> None:
    few = data(uniform=arm(0.5), margin=arm(0.9, 0.4)) | {"seeds": [0]}
    (root / MEASURED).write_text(json.dumps({"few": few}), encoding="utf-8")
    text = guide(root)
    assert "- **few**: 1 seeds are too few to tell anything apart." in text
    assert "better" not in text.partition("## What was measured")[2]


def test_nothing_measured_is_said(root: Path) -> None:
    (root / MEASURED).unlink()
    assert guide(root).endswith("Nothing yet: `python docs/choice/choosing.py` measures it.")


def test_writing_touches_nothing_but_the_tables(root: Path) -> None:
    assert out_of_date(root) and write_page(root) and not out_of_date(root) and not write_page(root)
    assert (root / PAGE).read_text() == f"before\n{START}\n\n{guide(root)}\n\n{END}\nafter\n"


def test_a_page_without_a_place_for_it_is_refused(root: Path) -> None:
    (root / PAGE).write_text(f"{END}\n{START}\n")
    with pytest.raises(Refused, match="what is generated stands between"):
        out_of_date(root)


@pytest.mark.parametrize("words", [["--guide"], ["choose", "--write"], ["choose", "--guide", "--write", "--check"]])
def test_the_guide_is_asked_for_in_one_way(words: list[str]) -> None:
    assert main(["list", *words]) == 2


def test_the_command_line_checks_the_page(capsys) -> None:
    assert main(["list", "choose", "--guide", "--check"]) == 0
    assert "up to date" in capsys.readouterr().out
