"""Files, recipes and commands that cannot work: one clear message, nothing spent, exit code 2, no traceback."""

from collections.abc import Callable
from pathlib import Path

import pytest

SHORT = [
    "run",
    "few-labels",
    "--set",
    "student.use=text.linear",
    "--arm",
    "uniform",
    "--labels",
    "40",
    "--workers",
    "0",
]


@pytest.fixture
def refused(cli, at_home: Path):
    """Run, and check what every refusal has in common; returns the message."""

    def run(*args: str) -> str:
        ended = cli(*args)
        assert ended.code == 2, ended.err
        assert "Traceback" not in ended.err + ended.out
        assert ended.out == "", "a refusal is no result"
        assert not list(at_home.glob("runs/*")), "nothing was started"
        return ended.err

    return run


def test_missing_column(refused, tickets_csv: Path) -> None:
    said = refused(*SHORT, "--data", "tickets.csv", "--text", "boddy", "--label", "queue")
    assert "tickets.csv" in said and "no column 'boddy'" in said and "did you mean 'body'" in said
    assert "body, queue" in said, "the columns that there are"


def test_wrong_separator(refused, tickets_csv: Path, at_home: Path) -> None:
    (at_home / "semi.csv").write_text(tickets_csv.read_text().replace(",", ";"), encoding="utf-8")
    said = refused(*SHORT, "--data", "semi.csv", "--text", "body", "--label", "queue")
    assert "semi.csv" in said and "only one column" in said and 'separator: ";"' in said


def test_the_separator_can_be_named(cli, tickets_csv: Path, at_home: Path) -> None:
    (at_home / "semi.csv").write_text(tickets_csv.read_text().replace(",", ";"), encoding="utf-8")
    ended = cli(
        *SHORT,
        "--data",
        "semi.csv",
        "--text",
        "body",
        "--label",
        "queue",
        "--seeds",
        "1",
        "--set",
        'data.separator=";"',
    )
    assert ended.code == 0, ended.err


def test_mixed_encodings(refused, at_home: Path) -> None:
    rows = [b"body,queue", "die Rechnung für März,billing".encode(), "die Tür klemmt,broken".encode("cp1252")]
    (at_home / "mixed.csv").write_bytes(b"\n".join(rows) + b"\n")
    said = refused(*SHORT, "--data", "mixed.csv", "--text", "body", "--label", "queue")
    assert "mixed.csv, line 3" in said and "mixes encodings" in said and "encoding:" in said


def test_an_exam_label_that_nobody_in_the_pool_has(refused, tickets_csv: Path, at_home: Path) -> None:
    (at_home / "exam.csv").write_text(
        "body,queue\nwhere is my order,logistics\nmy bill is wrong,billing\n", encoding="utf-8"
    )
    said = refused(
        *SHORT, "--data", "tickets.csv", "--text", "body", "--label", "queue", "--set", "data.exam={file: exam.csv}"
    )
    assert "exam.csv" in said and "'logistics'" in said and "row 1" in said


def test_an_empty_label_column_under_the_oracle(refused, write_tickets: Callable[..., Path], at_home: Path) -> None:
    write_tickets(at_home / "none.csv", labelled=0)
    said = refused(*SHORT, "--data", "none.csv", "--text", "body", "--label", "queue", "--set", "teach.use=oracle")
    assert "none.csv" in said and "'queue' is empty in every row" in said and "human" in said


def test_duplicate_ids(refused, at_home: Path) -> None:
    (at_home / "twice.csv").write_text("nr,body,queue\n7,a text,x\n8,another,y\n7,a third,x\n", encoding="utf-8")
    said = refused(*SHORT, "--data", "twice.csv", "--text", "body", "--label", "queue", "--id", "nr")
    assert "twice.csv, row 3, field nr" in said and "'7'" in said and "1, 3" in said


@pytest.mark.parametrize("content", ["", "body,queue\n"])
def test_empty_file(refused, at_home: Path, content: str) -> None:
    (at_home / "empty.csv").write_text(content, encoding="utf-8")
    assert "empty.csv" in (said := refused(*SHORT, "--data", "empty.csv", "--text", "body", "--label", "queue"))
    assert "empty" in said if not content else "a header and no rows" in said


def test_no_such_file(refused, tickets_csv: Path) -> None:
    said = refused(*SHORT, "--data", "tickest.csv", "--text", "body")
    assert "no such file" in said and "'tickets.csv'" in said


def test_a_budget_larger_than_the_pool(refused, tickets_csv: Path) -> None:
    said = refused(*SHORT, "--data", "tickets.csv", "--text", "body", "--label", "queue", "--labels", "5000")
    assert "5000 labels" in said and "228 rows" in said and "--set budget.labels=228" in said


def test_unknown_method(refused, recipe: Path) -> None:
    said = refused("run", "mine.yaml", "--set", "choose.use=margni")
    assert (
        "no choose method is called 'margni'" in said
        and "did you mean 'margin'" in said
        and "tutelage list choose" in said
    )


def test_misfit_of_stages(refused, recipe: Path) -> None:
    recipe.write_text(
        recipe.read_text().replace("margin: {choose: {use: margin}}", "margin: {choose: {use: core_set}}")
    )
    said = refused("run", "mine.yaml")
    assert "mine.yaml, line 9" in said, "the line of the key at fault"
    assert "core_set needs a student that has CanEmbed, which text.linear has not" in said and "text.embedded" in said


def test_recipe_typos_are_told_together(refused, recipe: Path) -> None:
    recipe.write_text(recipe.read_text().replace("per_round:", "per_ruond:").replace("seeds: 2", "sedes: 2"))
    said = refused("run", "mine.yaml")
    assert "mine.yaml" in said and "'sedes'" in said and "did you mean 'seeds'" in said


def test_a_typo_inside_an_arm(refused, recipe: Path) -> None:
    recipe.write_text(recipe.read_text().replace("per_round:", "per_ruond:"))
    said = refused("run", "mine.yaml")
    assert "mine.yaml, line 8" in said and "'per_ruond'" in said and "did you mean 'per_round'" in said


@pytest.mark.parametrize(
    ("item", "parts"),
    [
        ("chose.use=margin", ("no key 'chose'", "did you mean 'choose'")),
        ("choose", ("PATH=VALUE", "--set choose.use=margin")),
        ("student.strenght=2", ("no setting 'strenght'", "did you mean 'strength'")),
        ("per_round=0", ("greater than or equal to 1",)),
    ],
)
def test_overrides(refused, recipe: Path, item: str, parts: tuple[str, ...]) -> None:
    said = refused("run", "mine.yaml", "--set", item)
    for part in parts:
        assert part in said, said


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["run", "few-lables"], ("no recipe is called 'few-lables'", "did you mean 'few-labels'")),
        (["run", "gone.yaml"], ("gone.yaml", "no such file")),
        (["list", "chose"], ("'chose'", "did you mean 'choose'")),
        (["show", "choose/margni"], ("'margni'", "did you mean 'margin'")),
        (["show", "few-labels", "--arm", "chosn"], ("'chosn'", "did you mean 'chosen'")),
        (["resume", "nothing"], ("no run called 'nothing'", "tutelage list runs")),
        (["fetch"], ("name one asset",)),
        (["fetch", "minilm-onxn"], ("'minilm-onxn'", "did you mean 'minilm-onnx'")),
        (["claim"], ("name one paper",)),
        (["rnu"], ("No such command 'rnu'", "Did you mean 'run'")),
        (["run", "few-labels", "--text", "body"], ("no --data names one",)),
        (["run", "few-labels", "--seeds", "some"], ("'some' names no seeds",)),
    ],
)  # fmt: skip
def test_commands(refused, args: list[str], parts: tuple[str, ...]) -> None:
    said = refused(*args)
    for part in parts:
        assert part in said, said


def test_a_wrong_arm(refused, recipe: Path) -> None:
    assert "did you mean 'margin'" in refused("run", "mine.yaml", "--arm", "margn")


def test_an_unexpected_error_leaves_its_traceback_in_a_file(cli, recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr("tutelage.recipe.read.read", breaks)
    ended = cli("run", "mine.yaml")
    assert ended.code == 1 and "RuntimeError: a wheel came off" in ended.err and "Traceback" not in ended.err
    file = Path(ended.err.split("the traceback is in ")[1].split(";")[0])
    assert "in breaks" in file.read_text(encoding="utf-8")
    file.unlink()
    shown = cli("run", "mine.yaml", "--debug")
    assert "Traceback" in shown.err and "in breaks" in shown.err
    Path(shown.err.split("the traceback is in ")[1].split(";")[0]).unlink()
