"""Choosing that would take hours or too much memory is refused before a label is bought, with what would fit."""

import re
from pathlib import Path

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.kit.cost import RATE, Cost, Size, cost_of
from tutelage.recipe.read import read_text
from tutelage.study import limits
from tutelage.study.limits import Limits, choices
from tutelage.study.run import prepare

ROWS = 60_000
STUDY = """
arms:
  first:
    data: {{use: table, path: {path}, text: body, label: queue}}
    student: {{use: text.embedded}}
    choose: {{use: uniform}}
    per_round: 50
  second: {{choose: {{use: vote_k, neighbours: 100}}}}
  third: {{choose: {{use: margin}}}}
seeds: 10
budget: {{labels: 1000}}
control: none
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.csv"
    rows = [f"text number {i} of many,{'abc'[i % 3]}" for i in range(ROWS)]
    path.write_text("\n".join(["body,queue", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def two_cores(monkeypatch) -> None:
    monkeypatch.setattr(limits, "cores", lambda: 2)
    monkeypatch.setattr("tutelage.study.run._fetched", lambda *given: None)  # nothing is encoded here
    for name in ("TUTELAGE_MEMORY", "TUTELAGE_MINUTES"):
        monkeypatch.delenv(name, raising=False)


def said(text: str, sets: tuple[str, ...] = ()) -> str:
    with pytest.raises(Refused) as caught:
        prepare(read_text(text, "s.yaml", sets))
    return str(caught.value)


def test_hours_are_refused_and_what_is_offered_fits(large: Path, own_cache: Path) -> None:
    text = STUDY.format(path=large)
    told = said(text)
    assert told.startswith("s.yaml, line 8, choose: vote_k among 45,000 rows would take about")
    assert "200 choices on 2 cores, and all arms together have 20 minutes" in told
    assert "margin" not in told and told.count("would take") == 1
    sampled = "arms.second.choose={use: sampled, most: 20000, of: {use: vote_k, neighbours: 100}}"
    near = "arms.second.choose={use: near_labelled, of: {use: vote_k, neighbours: 100}}"
    assert re.findall(r"--set '(.*)' fits", told) == [sampled]  # 100 neighbours of 1,000 labels are the whole pool
    assert re.findall(r"--set '(.*)' fits", said(text, ("per_round=15", "budget.labels=300"))) == [sampled, near]
    prepare(read_text(text, "s.yaml", (sampled,)))
    prepare(read_text(text, "s.yaml", (near, "per_round=15", "budget.labels=300")))


def test_the_environment_allows_it(large: Path, own_cache: Path, monkeypatch) -> None:
    text = STUDY.format(path=large)
    minutes = re.search(r"TUTELAGE_MINUTES=(\d+)", said(text))
    monkeypatch.setenv("TUTELAGE_MINUTES", minutes[1])
    prepare(read_text(text, "s.yaml"))
    monkeypatch.setenv("TUTELAGE_MINUTES", str(int(minutes[1]) - 1))
    said(text)


def test_memory_is_refused_and_what_is_offered_fits(large: Path, own_cache: Path, monkeypatch) -> None:
    text = STUDY.format(path=large)
    monkeypatch.setenv("TUTELAGE_MINUTES", "1e6")
    monkeypatch.setenv("TUTELAGE_MEMORY", "1")
    told = said(text)
    assert re.search(r"vote_k among 45,000 rows would hold 1\.\d GB in a process that may hold 1 GB", told)
    assert "TUTELAGE_MINUTES" not in told and "TUTELAGE_MEMORY=2" in told
    for offer in re.findall(r"--set '(.*)' fits", told):
        prepare(read_text(text, "s.yaml", (offer,)))


def test_what_cannot_be_mended_offers_only_the_environment(large: Path, own_cache: Path, monkeypatch) -> None:
    monkeypatch.setenv("TUTELAGE_MEMORY", "0.1")
    told = said(STUDY.format(path=large))
    assert "--set" not in told and "TUTELAGE_MEMORY=2" in told


@pytest.mark.parametrize("wrong", ["four", "0", "-1", "nan"])
def test_a_limit_that_is_no_number(wrong: str, monkeypatch) -> None:
    monkeypatch.setenv("TUTELAGE_MEMORY", wrong)
    with pytest.raises(Refused, match=rf"\$TUTELAGE_MEMORY: a number over 0 is expected; found '{wrong}'"):
        limits.limits()


def test_the_usual_limits() -> None:
    assert limits.limits() == Limits(4e9, 1200)


def test_a_small_pool_is_never_refused_for_time(study, monkeypatch) -> None:
    monkeypatch.setenv("TUTELAGE_MINUTES", "1e-9")
    prepare(read_text(study(), "s.yaml", ("choose.use=typical", "student={use: text.embedded}")))


def test_choices_are_counted_by_hand(large: Path, own_cache: Path) -> None:
    """1,000 labels by 50 are 20 rounds at 10 seeds; the exam takes a quarter, so 45,000, 44,950 ... 44,050 rows."""
    made = prepare(read_text(STUDY.format(path=large), "s.yaml", ("arms.second.choose.use=margin",)))
    (found,) = choices("second", made.parts["second"], made.courses["second"], made.read)
    assert len(found.sizes) * found.times == pytest.approx(200)
    assert found.sizes[0] == Size(45_000, 384, 3, 50, 0) and found.sizes[-1] == Size(44_050, 384, 3, 50, 950)
    each = cost_of(found.chooser, found.sizes[0])
    whole: Cost = found.cost(found.chooser)
    assert whole.bytes == each.bytes
    assert 195 < whole.flop / each.flop < 200  # the pool shrinks a little


def test_an_entry_that_arms_share_is_named_where_it_stands(large: Path, own_cache: Path) -> None:
    """The first arm's own entry is set without its name; an arm that says nothing of its own takes the first one's."""
    text = STUDY.format(path=large).replace("{use: uniform}", "{use: prob_cover}").replace("third: {choose: {use: margin}}", "third: {per_round: 40}")  # fmt: skip
    offers = re.findall(r"--set '(.*?)=", said(text, ("arms.second.choose.use=margin",)))
    assert set(offers) == {"choose"}


def test_rounds_between_those_worked_out_are_counted(large: Path, own_cache: Path) -> None:
    made = prepare(read_text(STUDY.format(path=large), "s.yaml", ("per_round=5", "arms.second.choose.use=margin")))
    (found,) = choices("second", made.parts["second"], made.courses["second"], made.read)
    assert len(found.sizes) == limits.LOOKS and len(found.sizes) * found.times == pytest.approx(2000)
    assert np.diff([size.held for size in found.sizes]).min() > 0
    assert found.sizes[-1].held == 995


def test_the_rate_is_stated() -> None:
    assert Cost(flop=RATE).seconds == 1
