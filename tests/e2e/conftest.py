"""A stranger's files, and the command line as a person meets it: the same entry, with output and exit code."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tutelage.cli.main import main

SENTENCES = {
    "billing": ["I was charged twice for {}", "the invoice for {} is wrong", "why does {} cost more this month", "please refund the payment for {}"],
    "login": ["I cannot log in to {}", "my password for {} does not work", "the code for {} never arrives", "{} locked me out of my account"],
    "delivery": ["my parcel with {} has not arrived", "where is the delivery of {}", "the courier lost {}", "{} came to the wrong address"],
    "broken": ["{} stopped working after a day", "the screen of {} is cracked", "{} makes a strange noise", "{} does not switch on any more"],
}  # fmt: skip
THINGS = ["the blue lamp", "my new phone", "the garden chair", "order 4411", "the premium plan", "the coffee machine", "my tablet", "the bike light",
          "the winter coat", "the office printer", "the kitchen scale", "two books", "the headset", "the water filter", "my subscription",
          "the yearly plan", "the router", "the old camera", "a gift card"]  # fmt: skip

RECIPE = """# Two ways of choosing on a small file.
arms:
  uniform:
    data: {use: table, path: tickets.csv, text: body, label: queue}
    student: {use: text.linear}
    choose: {use: uniform}
    assess: [{use: accuracy}]
    per_round: 10
  margin: {choose: {use: margin}}
seeds: 2
budget: {labels: 30}
shows: [{treatment: margin, control: uniform}]
"""


class Ended(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ended]


def tickets() -> list[tuple[str, str]]:
    """304 different (text, label) rows in a fixed random order."""
    rows = [(s.format(thing), label) for label, several in SENTENCES.items() for s in several for thing in THINGS]
    return [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]


def truth() -> dict[str, str]:
    return dict(tickets())


def write_csv(path: Path, labelled: int | None = None) -> Path:
    """body and queue; only the first `labelled` rows have a label (None: all)."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["body", "queue"])
        for number, (text, label) in enumerate(tickets()):
            writer.writerow([text, label if labelled is None or number < labelled else ""])
    return path


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all: what is kept there is keyed by content."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to stand in, with its own runs."""
    monkeypatch.setenv("TUTELAGE_CACHE", str(shared_cache))
    monkeypatch.delenv("TUTELAGE_RUNS", raising=False)
    monkeypatch.chdir(tmp_path)
    yield tmp_path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run one command in this process; `typed` is what comes through standard input."""

    def run(*args: str, typed: str = "") -> Ended:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        capsys.readouterr()
        code = main([str(arg) for arg in args])
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return run


@pytest.fixture
def tickets_csv(at_home: Path) -> Path:
    return write_csv(at_home / "tickets.csv")


@pytest.fixture
def recipe(tickets_csv: Path, at_home: Path) -> Path:
    """A small study that needs no download."""
    path = at_home / "mine.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture
def texts_and_labels() -> dict[str, str]:
    return truth()


@pytest.fixture
def write_tickets() -> Callable[..., Path]:
    return write_csv
