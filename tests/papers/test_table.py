"""The table of papers: lines worked out by hand, and the pages of this checkout are up to date."""

import json
from pathlib import Path

import pytest

from tutelage.cli.main import main
from tutelage.core.errors import Refused
from tutelage.papers.claim import claim
from tutelage.papers.read import papers
from tutelage.papers.table import END, PAGES, START, full, out_of_date, sentence, short, write_pages

KEY, NEW = "a2001_one", "b2002_two"
CARD = """
key: {key}
title: "Left | right"
year: {year}
link: "https://example.org/x"
headline: "A claim."
here: "Digits."
not_shown: "Anything."
{more}
control: none
seeds: 5
arms:
  margin:
    data: {{use: digits, pca: 4, pool: 80, start_per_class: 1}}
    student: {{use: vector.logistic}}
    choose: {{use: margin}}
    rounds: 1
    per_round: 4
  uniform: {{choose: {{use: uniform}}}}
shows:
  - {{treatment: margin, control: uniform, measure: {{use: last}}}}
  - {{treatment: margin, control: uniform, measure: {{use: area}}, gate: false}}
profiles: {{full: {{}}, quick: {{seeds: 2}}}}
"""


def condition(outcome: str, estimate, low, high, **more) -> dict:
    asked = {"treatment": "margin", "control": "uniform", "measure": {"use": "area", "of": "accuracy"}, "gate": True}
    return {"condition": {**asked, **more}, "outcome": outcome, "estimate": estimate, "low": low, "high": high}


@pytest.fixture
def root(tmp_path: Path, shelf_of) -> Path:
    """A checkout with two papers, one of them run: two conditions decide, one is reported only."""
    shelf_of(
        {
            KEY: CARD.format(key=KEY, year=2001, more=""),
            NEW: CARD.format(key=NEW, year=2002, more='found: "It is new."'),
        }
    )
    run = {
        "outcome": "unclear",
        "date": "2030-01-02T03:04:05+00:00",
        "version": 3,
        "git": "0123456789abcdef",
        "seeds": [4, 5, 6, 7, 8],
        "conditions": [
            condition("held", 0.0434, 0.0133, 0.0736),
            condition("unclear", -0.0154, -0.0264, -0.0046, by=-0.005),
            condition("refuted", -0.2, None, None, gate=False),
        ],
    }
    old = {**run, "outcome": "held", "conditions": []}
    top = tmp_path / "top"
    for name, text in {
        "README.md": f"before\n{START}\n{END}\nafter\n",
        "docs/papers.md": f"# Papers\n\n{START}\nold\n{END}\n",
        f"claims/{KEY}.json": json.dumps({"key": KEY, "verdict": {}, "runs": [old, run], "replications": [old]}),
    }.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    return top


def test_the_short_table_by_hand(root: Path) -> None:
    """The last run counts; a paper without words of its own is counted: 1 of its 2 deciding conditions held."""
    assert short(root, "").splitlines() == [
        "| key | paper | verdict here | what came out |",
        "| --- | --- | --- | --- |",
        f"| [`{KEY}`](src/tutelage/papers/{KEY}.yaml) | Left \\| right (2001) | [unclear](claims/{KEY}.json) "
        "| 1 of 2 conditions held, 1 unclear |",
        f"| [`{NEW}`](src/tutelage/papers/{NEW}.yaml) | Left \\| right (2002) | not run | It is new. |",
    ]


def test_the_full_table_by_hand(root: Path) -> None:
    """held / refuted / unclear is 1 / 0 / 1: the refuted one is reported only."""
    lines = full(root, "../").splitlines()
    assert lines[2] == (
        f"| [`{KEY}`](../src/tutelage/papers/{KEY}.yaml) | [Left \\| right](https://example.org/x) | 2001 "
        f"| [unclear](../claims/{KEY}.json) | 1 / 0 / 1 | 5 | 2030-01-02 "
        "| `margin` - `uniform`, area accuracy: +0.043 [+0.013, +0.074]: held"
        "<br>`margin` - `uniform` above -0.005, area accuracy: -0.015 [-0.026, -0.005]: unclear |"
    )
    assert lines[3].endswith("| 2002 | not run | - | - | - | - |")
    assert lines[5:] == [
        f"### {KEY}",
        "",
        "Version 3 at commit 0123456789, seeds 4 to 8, 2030-01-02.",
        "",
        "| condition | measure | difference | 95 % interval | outcome |",
        "| --- | --- | --- | --- | --- |",
        "| `margin` - `uniform` | area accuracy | +0.043 | [+0.013, +0.074] | held |",
        "| `margin` - `uniform` above -0.005 | area accuracy | -0.015 | [-0.026, -0.005] | unclear |",
        "| `margin` - `uniform` | area accuracy | -0.200 | (no interval) | refuted (reported only) |",
    ]


def test_contrasts_of_more_arms() -> None:
    """(a - b) - (c - d), half of a, and a band."""
    measure = {"use": "last", "of": "accuracy"}
    numbers = {"estimate": 0.1, "low": 0.05, "high": 0.15, "outcome": "held"}
    four = {"of": {"a": 1.0, "b": -1.0, "c": -1.0, "d": 1.0}, "measure": measure, "above": 0.0}
    assert sentence({"condition": four, **numbers}) == (
        "`a` - `b` - `c` + `d`, last accuracy: +0.100 [+0.050, +0.150]: held"
    )
    band = {"of": {"a": 0.5, "b": -0.5}, "measure": measure, "above": None, "within": 0.2}
    assert sentence({"condition": band, **numbers}).startswith("0.5 `a` - 0.5 `b` within 0.2, last accuracy")


def test_writing_touches_nothing_but_the_table(root: Path) -> None:
    assert out_of_date(root) == ("README.md", "docs/papers.md") == write_pages(root)
    assert out_of_date(root) == () == write_pages(root)
    text = (root / "README.md").read_text()
    assert text == f"before\n{START}\n{short(root, '')}\n{END}\nafter\n"
    assert "old" not in (root / "docs/papers.md").read_text()
    path = root / "claims" / f"{KEY}.json"
    path.write_text(path.read_text().replace("2030-01-02", "2030-01-03"))
    assert out_of_date(root) == ("docs/papers.md",)


def test_a_page_without_a_place_for_it_is_refused(root: Path) -> None:
    (root / "README.md").write_text(f"{END}\n{START}\n")
    with pytest.raises(Refused, match="README.md: what is generated stands between"):
        out_of_date(root)
    (root / "README.md").unlink()
    with pytest.raises(Refused, match="there is no such page here"):
        write_pages(root)


def test_a_verdict_of_no_paper_is_refused(root: Path) -> None:
    (root / "claims" / "z2009_nobody.json").write_text("{}")
    with pytest.raises(Refused, match="z2009_nobody"):
        short(root, "")


def test_what_a_claim_writes_is_what_the_table_reads(root: Path, shelf_of, tmp_path: Path) -> None:
    """A claim that was really run: its numbers stand in both tables."""
    found = claim(KEY, "0:5", root=tmp_path / "runs", workers=0, folder=tmp_path / "other")
    kept = {"key": KEY, "verdict": None, "runs": [json.loads(json.dumps(found.record))], "replications": []}
    (root / "claims" / f"{KEY}.json").write_text(json.dumps(kept))
    one = found.judged[0]
    assert f"`margin` - `uniform`, last accuracy: {one.estimate:+.3f} [{one.low:+.3f}, {one.high:+.3f}]" in full(
        root, ""
    )
    assert f"[{found.outcome}](claims/{KEY}.json)" in short(root, "")


def test_the_pages_of_this_checkout_are_up_to_date() -> None:
    """Otherwise: tutelage papers --write. Every paper stands in both, counted by other means."""
    assert out_of_date() == ()
    top = Path(__file__).parents[2]
    for page in PAGES:
        assert sum(line.startswith("| [`") for line in (top / page).read_text(encoding="utf-8").splitlines()) == len(
            papers()
        )


def test_from_the_command_line(monkeypatch: pytest.MonkeyPatch, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tutelage.papers import table

    monkeypatch.setattr(table.out_of_date, "__defaults__", (root,))
    monkeypatch.setattr(table.write_pages, "__defaults__", (root,))
    assert main(["papers", "--check"]) == 1 and "out of date: README.md" in capsys.readouterr().out
    assert main(["papers", "--write"]) == 0 and main(["papers", "--check"]) == 0
    assert main(["papers", "--check", "--write"]) == 2 and main(["papers", KEY, "--check"]) == 2
