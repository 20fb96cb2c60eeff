"""`tutelage plan` as a person meets it: nothing is made, what is exact comes true, jobs can be handed out one by one."""

import json
import shlex
from pathlib import Path

import pytest

ON_FILE = ("--data", "tickets.csv", "--text", "body", "--label", "queue", "--labels", "60")


def test_a_plan_is_made_before_and_comes_true(cli, recipe: Path, at_home: Path) -> None:
    told = json.loads(cli("plan", recipe, "--json").out)
    assert not (at_home / "runs").exists()
    assert told["units"]["labels"] == {"value": 120.0, "sure": "exact", "why": ""}  # 2 arms, 2 seeds, 30 labels
    assert told["units"]["flop"]["sure"] == "estimated" and told["seconds"]["value"] > 0
    assert cli("run", recipe, "--workers", "0").code == 0
    shown = cli("show", "last").out
    line = next(line for line in shown.splitlines() if line.startswith("labels"))
    assert line.split() == ["labels", "120", "120", "+0%"]
    ran = json.loads(cli("show", "last", "--json").out)
    rows = {row["what"]: row for row in ran["planned"]["rows"]}
    assert rows["labels"]["actual"] == ran["cost"]["labels"] == 120 and rows["rounds"]["actual"] == 12


def test_the_table(cli, recipe: Path) -> None:
    ended = cli("plan", recipe)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("plan of") and "2 arms, 4 jobs" in lines[0] and "nothing was run or bought" in lines[0]
    assert lines[2].split() == ["arm", "rounds", "labels", "FLOP", "seconds", "disk"]
    assert lines[3].split()[:3] == ["uniform", "6", "60"] and lines[5].split()[:4] == ["in", "all", "12", "120"]
    assert any(line.startswith("wall time: ~ ") for line in lines)


def test_short_options_mean_what_they_mean_to_run(cli, recipe: Path) -> None:
    told = json.loads(cli("plan", recipe, *ON_FILE, "--seeds", "3", "--arm", "margin", "--json").out)
    assert [arm["name"] for arm in told["arms"]] == ["margin"] and told["units"]["labels"]["value"] == 180
    assert told["rounds"]["value"] == 3 * 12  # 60 labels, five a round


def test_a_person_is_priced(cli, recipe: Path, at_home: Path, write_tickets) -> None:
    """Two arms at one seed ask for 60 labels each at most, 50 of them for an exam that is bought first."""
    write_tickets(at_home / "tickets.csv", labelled=0)
    ended = cli("plan", recipe, *ON_FILE)
    assert ended.code == 0 and "you are the teacher" in ended.err
    assert "<= 120" in ended.out and "at most 120 labels" in ended.out and "Nobody is asked yet" in ended.out
    assert not (at_home / "runs").exists()


def test_a_paper(cli) -> None:
    ended = cli("plan", "schroeder2024_hast", "--seeds", "2", "--json")
    told = json.loads(ended.out)
    assert ended.code == 0 and all(len(arm["jobs"]) == 2 for arm in told["arms"])


def test_seeds_for_an_effect(cli, recipe: Path) -> None:
    blind = cli("plan", recipe, "--effect", "0.1")
    assert blind.code == 0 and "run 5 seeds as a pilot" in blind.out and "20 seeds" in blind.out
    assert cli("run", recipe, "--seeds", "5", "--workers", "0", "--name", "pilot").code == 0
    for more in ((), ("--from", "pilot")):
        told = json.loads(cli("plan", recipe, "--effect", "0.1", *more, "--json").out)["effect"]
        assert told["from"] == "pilot" and told["planned"] == 2
        need = told["needs"][0]
        assert need["items"] == 76 and 0 <= need["power"] <= 1 and (need["seeds"] is None or need["seeds"] >= 5)
    assert "power at 2 seeds" in cli("plan", recipe, "--effect", "0.1").out


def test_jobs_are_commands_that_fill_the_run(cli, recipe: Path, at_home: Path) -> None:
    ended = cli("plan", recipe, "--jobs", "--name", "apart")
    lines = ended.out.splitlines()
    assert len(lines) == 4 and not (at_home / "runs/apart/arms").exists()
    for line in lines:
        words = shlex.split(line)
        assert words[:2] == ["tutelage", "resume"] and words[3:4] == ["--arm"] and words[5:6] == ["--seed"]
        done = cli(*words[1:])
        assert done.code == 0 and "done, 3 rounds" in done.out
    whole = cli("resume", "apart", "--json")
    assert json.loads(whole.out)["status"] == "done" and json.loads(whole.out)["digest"]


def test_a_job_that_waits_for_a_person(cli, recipe: Path) -> None:
    assert cli("plan", recipe, "--jobs", "--name", "asked", "--set", "teach={use: human}").code == 0
    waits = cli("resume", "asked", "--arm", "margin", "--seed", "0", "--json")
    assert waits.code == 5 and json.loads(waits.out)["status"] == "waiting"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("plan", "few-lables"), "did you mean 'few-labels'"),
        (("plan", "mine.yaml", "--effect", "-1"), "--effect: a difference that matters is above 0"),
        (("plan", "mine.yaml", "--from", "last"), "add --effect"),
        (("plan", "schroeder2024_hast", "--data", "tickets.csv"), "a paper brings its own data"),
        (("plan", "mine.yaml", "--set", "budget.labels=9999"), "only 228 rows"),
        (("resume", "last", "--arm", "margin"), "add --seed"),
    ],
)
def test_refusals(cli, recipe: Path, args: tuple[str, ...], says: str) -> None:
    if args[0] == "resume":
        cli("plan", recipe, "--jobs")
    ended = cli(*args)
    assert ended.code == 2 and says in ended.err, ended.err
