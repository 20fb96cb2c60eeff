"""`tutelage compare --from` as a person meets it: the tables, JSON, refusals, and every command of docs/compare.md."""

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
LOGS = ROOT / "tests" / "study" / "foreign" / "fixtures"
PAGE = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^ +tutelage (compare --from .*)$", PAGE, re.MULTILINE)


@pytest.fixture
def files(at_home: Path) -> Path:
    """Everything that the page names: tables with columns of two namings, folders of samples, and logs."""
    luck = np.random.Generator(np.random.PCG64(0))
    for name, level in (("base", 0.5), ("tuned", 0.8)):
        rows = [f"q{i},{int(luck.random() < level)}" for i in range(200)]
        (at_home / f"{name}.csv").write_text("\n".join(["item,score", *rows]) + "\n")
        arm = "one" if name == "base" else "two"
        shutil.copy(LOGS / "inspect" / f"{arm}.eval", at_home / f"{name}.eval")
        shutil.copytree(LOGS / "harness" / arm, at_home / "out" / name)
    return at_home


def rename(folder: Path) -> None:
    """The tables with the columns that the page's example names."""
    for path in folder.glob("*.csv"):
        lines = path.read_text().splitlines()[1:]
        rows = [f"{line},{run},a{n // 4}" for run in range(3) for n, line in enumerate(lines)]
        path.write_text("\n".join(["question,f1,run,author", *rows]) + "\n")


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) == 5


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_runs(cli, files: Path, command: str) -> None:
    if "--id" in command:
        rename(files)
    ended = cli(*shlex.split(command))
    assert ended.code == 0 and ended.err == "", ended.err
    assert re.search(r"^B - A .*(better|worse|tie|unclear)$", ended.out, re.MULTILINE), ended.out


def test_what_is_printed(cli, files: Path) -> None:
    ended = cli("compare", "--from", "base.csv", "tuned.csv")
    arms, contrasts = ended.out.split("\n\n")
    assert re.search(r"^A +score +200 +1 +0\.\d+ +\[0\.\d{4}, 0\.\d{4}\]  base\.csv$", arms, re.MULTILINE)
    assert re.search(r"^B - A +score +200 +\+0\.\d{4} .* exact  better$", contrasts, re.MULTILINE)
    assert "tie: none without a margin" in contrasts and "(interval over items)" in contrasts
    assert "tokens in + out" in cli("compare", "--from", "base.eval", "tuned.eval").out


def test_json_is_all_there_is_on_standard_output(cli, files: Path) -> None:
    ended = cli("compare", "--from", "base.csv", "tuned.csv", "--json", "--tie", "0.5", "--draws", "0")
    told = json.loads(ended.out)
    assert told["contrasts"][0]["verdict"] == "better" and told["contrasts"][0]["resampled"] is None
    assert told["tie"] == 0.5 and [arm["path"] for arm in told["arms"]] == ["base.csv", "tuned.csv"]


def test_lower_turns_the_difference(cli, files: Path) -> None:
    ended = cli("compare", "--from", "base.csv", "tuned.csv", "--lower")
    assert "worse" in ended.out and "less is better of score, so its difference is turned" in ended.out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--from", "base.csv"), "two to 26 files are compared; 1 named"),
        (("--from", "base.csv", "tune.csv"), "did you mean 'tuned.csv'?"),
        (("--from", "base.csv", "tuned.csv", "--score", "f1"), "there is no column 'f1'; the columns are: item, score"),
        (("--from", "base.csv", "tuned.csv", "--workers", "2"), "--workers does not go with --from"),
        (("--from", "base.csv", "tuned.csv", "--tie", "-1"), "a margin is a number above 0"),
        (("base.csv", "tuned.csv", "--tie", "0.1", "--inner"), "--tie, --inner does not go with recipes and runs"),
    ],
)
def test_what_cannot_work_is_refused(cli, files: Path, args: tuple[str, ...], says: str) -> None:
    ended = cli("compare", *args)
    assert ended.code == 2 and ended.out == "" and says in ended.err and "Traceback" not in ended.err


def test_a_broken_row_is_named(cli, files: Path) -> None:
    with (files / "tuned.csv").open("a") as file:
        file.write("q900,fine\n")
    ended = cli("compare", "--from", "base.csv", "tuned.csv")
    assert ended.code == 2 and "tuned.csv, row 201, field score: a finite number is expected, found 'fine'" in ended.err
