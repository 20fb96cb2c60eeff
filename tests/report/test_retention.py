"""The guide to retention: lines worked out by hand, and the page of this checkout is up to date."""

import json
from pathlib import Path

import pytest

from tutelage.cli.main import main
from tutelage.core.parts import names
from tutelage.report.retention import END, MEASURED, PAGE, START, guide, out_of_date, what_there_is, write_page


def arm(final: float, against: float | None = None, holm: float | None = None, forgotten: float = 0.1) -> dict:
    sides = None if against is None else [against, against - 0.02, against + 0.02]
    return {"final": [final, final - 0.01, final + 0.01], "against": sides, "holm": holm, "forgotten": forgotten,
            "curve": [[-1, 0.1], [0, final]]}  # fmt: skip


def stream(higher: bool, **arms: dict) -> dict:
    return {"sets": [], "score": "accuracy" if higher else "reply_loss", "higher": higher, "seeds": [0, 1, 2, 3, 4],
            "exam": 50, "rounds": 2, "digest": "d", "git": "0123456789abcdef", "date": "2030-01-02", "arms": arms}  # fmt: skip


FOUND = {
    "one": stream(True, nothing=arm(0.3), replay=arm(0.6, 0.3, 0.01, 0.05), ewc=arm(0.2, -0.1, 0.03), mas=arm(0.31, 0.01, 0.6)),
    "two": stream(False, nothing=arm(2.0), replay=arm(1.5, 0.5, 0.01)),
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with a page and a measurement."""
    for name, text in ((PAGE, f"before\n{START}\nold\n{END}\nafter\n"), (MEASURED, json.dumps(FOUND))):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_page_of_this_checkout_is_up_to_date() -> None:
    assert not out_of_date(), "tutelage list retain --guide --write"


def test_every_method_has_a_line_and_says_what_it_costs() -> None:
    lines = what_there_is().splitlines()
    told = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    assert sorted(told) == sorted(name for name in names("retain") if "." not in name)
    assert "| nothing | 1 |" in told["replay"] and "| weights that move | 1 |" in told["ewc"]
    assert "| weights that move | 2 |" in told["dark_replay"], "a second forward and backward pass for what is kept"


def test_the_best_stand_first_and_verdicts_follow_the_corrected_p(root: Path) -> None:
    rows = [line for line in guide(root).partition("### one")[2].partition("###")[0].splitlines() if line.startswith("| `")]  # fmt: skip
    assert rows == [
        "| `replay` | 0.600 [0.590, 0.610] | +0.300 [+0.280, +0.320] | 0.010 | better | 0.050 | 0.100 | 0.600 |",
        "| `mas` | 0.310 [0.300, 0.320] | +0.010 [-0.010, +0.030] | 0.600 | not told apart | 0.100 | 0.100 | 0.310 |",
        "| `nothing` | 0.300 [0.290, 0.310] | - | - | - | 0.100 | 0.100 | 0.300 |",
        "| `ewc` | 0.200 [0.190, 0.210] | -0.100 [-0.120, -0.080] | 0.030 | worse | 0.100 | 0.100 | 0.200 |",
    ]


def test_of_a_loss_the_lowest_stands_first(root: Path) -> None:
    rows = [line for line in guide(root).partition("### two")[2].splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == ["replay", "nothing"]


def test_the_page_is_written_between_its_marks(root: Path) -> None:
    assert out_of_date(root) and write_page(root) and not out_of_date(root) and not write_page(root)
    text = (root / PAGE).read_text(encoding="utf-8")
    assert text.startswith(f"before\n{START}") and text.endswith(f"{END}\nafter\n") and "\nold\n" not in text


def test_without_a_measurement_it_says_how_to_make_one(root: Path) -> None:
    (root / MEASURED).unlink()
    assert guide(root).endswith("Nothing yet: `python docs/retention/retention.py` measures it.")


def test_rooms_without_a_guide_are_told_which_have_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "teach", "--guide"]) == 2
    assert "there are guides to choose and to retain" in capsys.readouterr().err
