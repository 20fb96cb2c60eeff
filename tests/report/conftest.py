"""Hand-built summaries, and a real run on a file whose texts and labels try to break out of the page."""

import math
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tutelage.recipe.conditions import Contrast, Measure
from tutelage.recipe.read import read_text
from tutelage.study.asked import Asked, Confused
from tutelage.study.estimate import Estimate, Facts, Point, ScoreOf
from tutelage.study.judge import Judged
from tutelage.study.run import go_on, prepare, start
from tutelage.study.summary import ArmOf, Summary

HOSTILE = "<script>alert(1)</script> \"><img src=x onerror=alert(2)> ' onmouseover=alert(3) {{ 7*7 }} </style>"


class Seen(HTMLParser):
    """Every element with its attributes, and the text that a reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.words: list[str] = []
        self.hidden: dict[str, str] = {"style": "", "script": ""}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in self.hidden:
            self.inside.append(tag)

    def handle_endtag(self, tag):
        if tag in self.hidden:
            self.inside.pop()
        elif tag in {"td", "th", "dt", "dd", "li"}:
            self.words.append(" ")

    def handle_data(self, data):
        if self.inside:
            self.hidden[self.inside[-1]] += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.fixture
def seen():
    return Seen


@pytest.fixture
def told():
    """A summary of any shape; values chosen so that each shown number occurs once."""

    def made(
        arms=("clever", "plain"), seeds=5, rounds=4, judged=True, labels=("a", "b", "c"), text="a text", points=True
    ):
        whole = tuple(_arm(name, k, seeds, rounds, labels, text, points) for k, name in enumerate(arms))
        nan, few = math.nan, seeds < 5
        condition = Contrast(of={arms[0]: 1.0, arms[-1]: -1.0}, measure=Measure(use="last", of="accuracy"), above=0.02)
        outcome, verdict, low, high = ("unclear", "unclear", nan, nan) if few else ("held", "better", 0.0781, 0.1043)
        items = 0 if few else 3080
        one = Judged(condition, outcome, verdict, 0.0912, low, high, seeds, items, (0.0912,) * seeds, "how it was made")
        judgements = (one,) if judged and len(arms) > 1 else ()
        return Summary(
            "tickets-1", f"about {text}", "done", whole, judgements, one.outcome if judgements else "",
            {"labels": 308.0}, {"labels": 308.0 * seeds * len(arms)}, 125.0, "0123abcd" * 4,
            (f"6 rows dropped: {text}",),
            {"python": "3.11.2", "software": {"tutelage": "0.1.0"}, "started": "2026-01-02T03:04:05+00:00"},
            f"data: {{use: table}}  # {text}\n", "arms:\n  clever: {teach: {use: oracle}}\n", tuple(labels), 0,
        )  # fmt: skip

    return made


def _arm(name, k, seeds, rounds, labels, text, points):
    few, value = seeds < 5, 0.8123 - 0.0912 * min(k, 4)
    span = (math.nan, math.nan, "") if few else (value - 0.0131, value + 0.0132, "seeds x items")
    area = Estimate(0.7011 - 0.1 * k, math.nan, math.nan, "")
    scores = {
        "accuracy": ScoreOf("accuracy", True, Estimate(value, *span), (value,) * seeds, area, 3080),
        "brier": ScoreOf("brier", False, Estimate(0.3217 + k, *span), (0.3,) * seeds, area, 3080),
    }
    room = math.nan if few else 0.02
    means = [value - 0.1 * (rounds - 1 - r) for r in range(rounds)]
    curve = tuple(Point(77.0 * (r + 1), mean, mean - room, mean + room, seeds) for r, mean in enumerate(means))
    facts = tuple(
        Facts(r, "0", 77.0 * (r + 1), 77.0, 77.0, {"coverage": 0.6543, "lessons_right": 0.9876}) for r in range(rounds)
    )
    asked = tuple(Asked(r, "0", f"row {r}", text, 0.125 if k == 0 else None, labels[0], "asked") for r in range(rounds))
    confused = (Confused(labels[0], labels[0], 90), Confused(labels[0], labels[1], 10))
    shown = {"accuracy": curve} if points and rounds else {}
    return ArmOf(name, "margin" if k == 0 else "uniform", "done", tuple(range(seeds)), {"labels": 300.0}, 41.5 + k,
                 scores if points else {}, shown, facts, asked, confused, f"digest{k}")  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, own_cache: Path):
    """A real run over a file of hostile texts and labels: (extra lines of the study, how far) -> its record."""

    def made(extra: str = "seeds: 2", first: str = "", others: str = "", go: bool = True, name: str = "mine"):
        table = tmp_path / "tickets.csv"
        words = {
            'card "x"': "lost stolen blocked",
            "<b>rent</b>": "house flat landlord",
            "food & drink": "bread soup salt",
        }
        lines = ["body,queue"]
        for row in range(60):
            queue = list(words)[row % 3]
            lines.append(
                ",".join('"' + cell.replace('"', '""') + '"' for cell in (f"{words[queue]} {row} {HOSTILE}", queue))
            )
        table.write_text("\n".join(lines) + "\n", encoding="utf-8")
        text = f"""
about: '{HOSTILE.replace("'", "''")}'
arms:
  "margin <i>":
    data: {{use: table, path: {table}, text: body, label: queue}}
    student: {{use: text.linear, features: hashed}}
    choose: {{use: margin}}
    rounds: 2
    per_round: 4
    assess: [{{use: accuracy}}, {{use: calibration}}, {{use: confusions}}]
    {first}
{others}
control: none
{extra}
"""  # noqa: S608
        record = start(prepare(read_text(text, "mine.yaml")), tmp_path / "runs", name=name)
        if go:
            go_on(record, workers=0)
        return record

    return made


@pytest.fixture
def hostile():
    return HOSTILE
