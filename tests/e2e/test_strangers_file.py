"""The main job on a person's own file: with, without and with some labels, from the first command to the model."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

import tutelage

LIGHT = ["--set", "student.use=text.linear", "--arm", "uniform", "--workers", "0"]
FILE = ["--data", "tickets.csv", "--text", "body"]


def answer_sheet(path: Path, truth: dict[str, str], only: int | None = None) -> int:
    """Fill a sheet as a person would: other order, semicolons, the byte order mark gone."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows[:only]:
        row["label"] = truth[row["text"]]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=";")
        writer.writeheader()
        writer.writerows(reversed(rows))
    return len(rows)


def test_every_row_has_its_label(cli, tickets_csv: Path, at_home: Path) -> None:
    ended = cli(
        "run", "few-labels", *FILE, "--label", "queue", "--labels", "33", "--seeds", "2", *LIGHT, "--name", "full"
    )
    assert ended.code == 0, ended.err
    spelt = ended.err.split("this is short for: ")[1].splitlines()[0]
    for piece in (
        "data.use=table",
        "data.path=tickets.csv",
        "data.text=body",
        "data.label=queue",
        "budget.labels=33",
        "per_round=3",
    ):
        assert f"--set {piece}" in spelt
    assert "human" not in spelt, "the file itself can answer"
    assert "76 of 304 labelled rows are the exam" in ended.err
    assert ended.out.splitlines()[1].split()[0] == "uniform" and " 33 " in ended.out
    assert (at_home / "runs/full/report.html").is_file() and "report: runs/full/report.html" in ended.out


def test_no_label_at_all_then_a_sheet(cli, at_home: Path, texts_and_labels: dict[str, str]) -> None:
    """The person is asked; the exam is asked first; the run ends when all is answered."""
    (at_home / "mails.txt").write_text("\n".join(list(texts_and_labels)[:150]) + "\n", encoding="utf-8")
    ended = cli(
        "run", "few-labels", "--data", "mails.txt", "--labels", "60", *LIGHT, "--set", "per_round=5", "--name", "mine"
    )
    assert ended.code == 5, ended.err
    assert (
        "--set 'data.exam={bought: 50}'" in ended.err
        and "--set teach.use=human" in ended.err
        and "--set seeds=1" in ended.err
    )
    assert (
        "tutelage label mine" in ended.err
        and "tutelage resume mine" in ended.err
        and "50 questions are open" in ended.err
    )
    assert cli("resume", "mine", "--workers", "0").code == 5, "waiting costs nothing and changes nothing"
    assert not list(at_home.glob("runs/mine/arms/*/*/rounds/*"))
    asked = 0
    for _ in range(10):
        assert cli("label", "mine", "--export", "q.csv").code == 0
        asked += answer_sheet(at_home / "q.csv", texts_and_labels)
        taken = cli("label", "mine", "--import", "q.csv", "--new-labels", "--by", "ada")
        assert taken.code == 0 and "0 questions are still open" in taken.out, taken.err
        ended = cli("resume", "mine", "--workers", "0")
        if ended.code != 5:
            break
    assert ended.code == 0, ended.err
    assert asked == 60, "50 for the exam, 10 to learn from; nobody is asked twice"
    assert " 60 " in ended.out and "exam of 50 items" in ended.out
    lines = (at_home / "runs/mine/answers.jsonl").read_text().splitlines()
    assert len(lines) == 60 and {json.loads(line)["value"]["by"] for line in lines} == {"ada"}


def test_some_labels(cli, write_tickets: Callable[..., Path], at_home: Path) -> None:
    """120 filled cells: a quarter of them the exam, the others lessons at no cost; the rest is asked about."""
    write_tickets(at_home / "tickets.csv", labelled=120)
    ended = cli("run", "few-labels", *FILE, "--label", "queue", "--labels", "22", *LIGHT, "--name", "some")
    assert ended.code == 5, ended.err
    assert "120 of them with a label" in ended.err and "a quarter of the 120 labels" in ended.err
    assert "--set 'data.exam={share: 0.25}'" in ended.err and "--set data.filled=given" in ended.err
    assert "90 rows came with a label: lessons at no cost" in ended.err
    assert "2 questions are open" in ended.err, "no exam to buy: the first round asks per_round = 22 // 11 questions"
    opening = next(at_home.glob("runs/some/arms/uniform/0/rounds/*.npz"))
    with np.load(opening) as held:
        assert len(held["taught"]) == 90 and len(held["accuracy.items"]) == 30


def test_too_few_labels_for_an_exam(cli, write_tickets: Callable[..., Path], at_home: Path) -> None:
    write_tickets(at_home / "tickets.csv", labelled=20)
    ended = cli("run", "few-labels", *FILE, "--label", "queue", "--labels", "240", *LIGHT, "--name", "few")
    assert ended.code == 5, ended.err
    assert (
        "too few for an exam" in ended.err
        and "--set 'data.exam={bought: 60}'" in ended.err
        and "60 questions are open" in ended.err
    )


def test_labels_typed_at_the_terminal(cli, at_home: Path, texts_and_labels: dict[str, str]) -> None:
    """The whole way by standard input: unknown labels are added, a mistake is undone, one is skipped, one is not known."""
    with (at_home / "small.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["body"], *([text] for text in list(texts_and_labels)[:40])])
    sets = [
        "--set",
        "data.labels=[billing,login,delivery,broken]",
        "--exam-labels",
        "4",
        "--labels",
        "8",
        "--set",
        "per_round=4",
    ]
    assert cli("run", "few-labels", "--data", "small.csv", "--text", "body", *sets, *LIGHT, "--name", "typed").code == 5
    typed = ["bil", "s", "+complaint", "y", "u", "login", "?", "q"]
    first = cli("label", "typed", "--by", "ada", typed="\n".join(typed) + "\n")
    assert first.code == 0 and "2 of 4" in first.err and "1 questions are still open" in first.err, first.err
    assert "taken back: complaint" in first.err
    values = [json.loads(line)["value"] for line in (at_home / "runs/typed/answers.jsonl").read_text().splitlines()]
    assert [value and (value.get("label") or "?") for value in values] == ["billing", "complaint", None, "login", "?"]
    rest = cli("label", "typed", "--then-resume", "--workers", "0", typed="delivery\n" + "broken\n" * 40)
    assert rest.code == 0, rest.err
    assert "typed: 1 questions" in rest.err, "it went on where it had stopped"
    assert (at_home / "runs/typed/report.html").is_file()


def test_predict_export_and_load_say_the_same(
    cli, recipe: Path, at_home: Path, texts_and_labels: dict[str, str]
) -> None:
    assert cli("run", "mine.yaml", "--workers", "0", "--name", "it").code == 0
    texts = list(texts_and_labels)[:30]
    (at_home / "new.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    (at_home / "new.jsonl").write_text(
        "".join(json.dumps({"say": text, "nr": f"n{i}"}) + "\n" for i, text in enumerate(texts)), encoding="utf-8"
    )
    said = cli("predict", "it", "new.txt", "--below", "0.6")
    assert said.code == 0 and "arm uniform (it is the first), seed 0" in said.err, said.err
    rows = list(csv.DictReader(said.out.splitlines()))
    assert [row["text"] for row in rows] == texts
    assert all((row["flag"] == "unsure") == (float(row["probability"]) < 0.6) for row in rows)
    assert any(row["flag"] for row in rows) and not all(row["flag"] for row in rows)
    assert cli("predict", "it", "new.jsonl", "--text", "say", "--id", "nr", "--out", "answers.jsonl").code == 0
    written = [json.loads(line) for line in (at_home / "answers.jsonl").read_text().splitlines()]
    assert [row["id"] for row in written] == [f"n{i}" for i in range(30)]
    assert [row["label"] for row in written] == [row["label"] for row in rows]
    assert cli("predict", "it", "new.jsonl", "--text", "say", "--out", "answers.parquet").code == 0
    import pyarrow.parquet as pq

    assert pq.read_table("answers.parquet").column("label").to_pylist() == [row["label"] for row in rows]
    assert cli("export", "it", "model").out.strip() == "model"
    loaded = tutelage.load("model").predict(texts)
    assert list(loaded.labels) == [row["label"] for row in rows]
    assert np.allclose(loaded.confidence, [float(row["probability"]) for row in rows], atol=1e-6)
    card = (at_home / "model/README.md").read_text(encoding="utf-8")
    assert "30 labels" in card and "| accuracy | " in card and "2 seeds were run" in card and "tickets.csv" in card
    assert json.loads((at_home / "model/labels.json").read_text()) == ["billing", "broken", "delivery", "login"]
    again = cli("export", "it", "model")
    assert again.code == 2 and "there is something here already" in again.err
    other = cli("predict", "it", "new.txt", "--arm", "margin", "--seed", "1")
    assert other.code == 0 and "arm margin (as asked), seed 1" in other.err
    assert cli("predict", "it", "new.txt", "--arm", "margni").code == 2
    assert cli("predict", "it", "new.txt", "--seed", "7").code == 2


def test_the_best_verdict_is_taken_else_the_first() -> None:
    """Two comparisons won beat one won and one lost; among equals the first."""
    from types import SimpleNamespace

    from tutelage.taught import wins

    def one(treatment: str, control: str, verdict: str) -> SimpleNamespace:
        return SimpleNamespace(condition=SimpleNamespace(pair=(treatment, control)), verdict=verdict)

    told = SimpleNamespace(
        judged=[one("b", "a", "better"), one("c", "a", "better"), one("c", "b", "better"), one("d", "a", "unclear")]
    )
    assert [wins(told, arm) for arm in "abcd"] == [-2, 0, 2, 0]


def test_show_prints_a_recipe_that_runs(cli, tickets_csv: Path, at_home: Path) -> None:
    written = cli("show", "few-labels")
    assert written.code == 0 and written.out.startswith("# Few labels")
    (at_home / "mine.yaml").write_text(written.out, encoding="utf-8")
    ended = cli("run", "mine.yaml", *FILE, "--label", "queue", "--labels", "22", "--seeds", "1", *LIGHT, "--json")
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    assert [arm["name"] for arm in told["arms"]] == ["uniform"] and told["budget"] == {"labels": 22.0}
    resolved = yaml.safe_load(cli("show", "few-labels", "--arm", "chosen_self_training").out)
    assert resolved["choose"]["use"] == "typical" and resolved["steps"][1]["teach"] == {"use": "self_training"}


def test_a_run_goes_on_only_as_it_began(cli, recipe: Path, tickets_csv: Path, at_home: Path) -> None:
    """Another --set, a removed label, a changed file: refused, each with its difference; the old file is taken again."""
    assert cli("run", "mine.yaml", "--workers", "0", "--name", "it").code == 0
    other = cli("resume", "it", "--set", "choose.use=margin")
    assert other.code == 2 and "arms.uniform.choose.use: was 'uniform', is 'margin'" in other.err
    assert cli("resume", "it", "--set", "per_round=10").code == 0, "the same value is no difference"
    before = tickets_csv.read_bytes()
    tickets_csv.write_bytes(b"".join(line for line in before.splitlines(keepends=True) if b",login" not in line))
    removed = cli("resume", "it", "--workers", "0")
    assert removed.code == 2 and "gone: login" in removed.err, removed.err
    tickets_csv.write_bytes(before.replace(b"the blue lamp", b"the green lamp"))
    changed = cli("resume", "it", "--workers", "0")
    assert changed.code == 2 and "the data changed since this run began" in changed.err and "table: was" in changed.err
    tickets_csv.write_bytes(before)
    assert cli("resume", "it", "--workers", "0").code == 0


def test_compare_joins_recipes_and_prints_runs_again(cli, tickets_csv: Path, at_home: Path) -> None:
    whole = "data: {use: table, path: tickets.csv, text: body, label: queue}\nstudent: {use: text.linear}\nper_round: 10\nbudget: {labels: 20}\nseeds: 2\n"
    (at_home / "plain.yaml").write_text(whole + "choose: {use: uniform}\n", encoding="utf-8")
    (at_home / "sure.yaml").write_text(whole + "choose: {use: entropy}\n", encoding="utf-8")
    ended = cli("compare", "plain.yaml", "sure.yaml", "--workers", "0", "--name", "both")
    assert ended.code == 0, ended.err
    assert "sure - plain" in ended.out and "unclear" in ended.out, "two seeds give no verdict, and that is no failure"
    again = cli("compare", "both")
    assert again.code == 0 and again.out.splitlines()[0] in ended.out and "sure - plain" in again.out
    (at_home / "sure.yaml").write_text(whole.replace("labels: 20", "labels: 30"), encoding="utf-8")
    unequal = cli("compare", "plain.yaml", "sure.yaml")
    assert unequal.code == 2 and "different budgets" in unequal.err and "--set budget.labels=" in unequal.err
    assert "both" in cli("list", "runs").out and cli("report", "both", "--json").code == 0


@pytest.mark.slow
def test_the_installed_command(tickets_csv: Path, recipe: Path) -> None:
    """Once through the console script, with worker processes; Ctrl-C is covered where runs are killed."""
    command = str(Path(sys.executable).with_name("tutelage"))
    ended = subprocess.run(
        [command, "run", "mine.yaml", "--seeds", "1", "--workers", "2", "--name", "it"],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stderr
    assert "report: runs/it/report.html" in ended.stdout and "Traceback" not in ended.stderr
    unknown = subprocess.run([command, "run", "nothing"], capture_output=True, text=True, timeout=60)
    assert unknown.returncode == 2 and unknown.stdout == "" and "Traceback" not in unknown.stderr
