"""The forgetting ledger on the page: places on a line by hand, one scale an ability, words and signs, and no section without it."""

import math
from typing import Any

import pytest

from tutelage.report.build import render
from tutelage.report.ledger import ledger
from tutelage.study.abilities import Ability
from tutelage.study.estimate import Estimate


def ability(name: str, gained: tuple[float, float, float], higher: bool = True, task: str = "") -> Ability:
    how = "seeds x items" if math.isfinite(gained[1]) else ""
    change = "gained" if gained[1] > 0 else "lost" if gained[2] < 0 else "unclear"
    first = 0.5 if higher else 2.0
    last = first + gained[0] * (1 if higher else -1)
    return Ability(name, task, higher, (-1, 0), (first, last), Estimate(*gained, how), Estimate(0.1, 0.0, 0.2, "seeds"),
                   24, change)  # fmt: skip


@pytest.fixture
def kept(told: Any) -> Any:
    """A finished study of two arms with a ledger."""
    made = told()
    several = [(ability("accuracy", (0.2, 0.1, 0.3)), ability("loss", (-0.5, -0.75, -0.25), higher=False)),
               (ability("accuracy", (-0.05, -0.15, 0.05)), ability("loss", (0.0, math.nan, math.nan), higher=False))]  # fmt: skip
    arms = [arm._replace(abilities=those) for arm, those in zip(made.arms, several, strict=False)]
    return made._replace(arms=tuple(arms))


def test_each_ability_has_one_scale_for_all_arms(kept: Any) -> None:
    """Accuracy from -0.15 to 0.3: 8 % of 0.45 more on each side, so 0 lies at (0.15 + 0.036) / 0.522 = 35.63 %."""
    accuracy, loss = ledger(kept)
    first, second = accuracy.entries
    assert first.strip.reference == second.strip.reference == pytest.approx(35.63, abs=0.01)
    assert first.strip.at == pytest.approx(100 * (0.2 + 0.186) / 0.522, abs=0.01)
    assert (accuracy.title, accuracy.lower, loss.lower) == ("accuracy", False, True)


def test_numbers_words_and_signs(kept: Any) -> None:
    accuracy, loss = ledger(kept)
    one = accuracy.entries[0]
    assert (one.before, one.after, one.gained, one.interval, one.forgotten) == ("50.0 %", "70.0 %", "+20.0", "[10.0, 30.0]", "10.0 %")  # fmt: skip
    assert (one.word, one.badge) == ("gained", "better")
    lost = loss.entries[0]
    assert (lost.before, lost.after, lost.gained, lost.word, lost.badge) == (
        "2.000",
        "2.500",
        "−0.500",
        "lost",
        "worse",
    )
    assert (loss.entries[1].interval, loss.entries[1].word) == ("–", "unclear")


def test_the_page_has_the_section_where_there_is_a_ledger_and_only_there(kept: Any) -> None:
    page = render(kept)
    assert "What was learned and what was lost" in page and "less is better" in page
    bare = kept._replace(arms=tuple(arm._replace(abilities=()) for arm in kept.arms))
    assert "What was learned and what was lost" not in render(bare)


def test_an_ability_of_which_nothing_could_be_measured_is_shown_as_such(kept: Any) -> None:
    """An exam whose one item does not fit into the student's window has no score."""
    nan = (math.nan, math.nan, math.nan)
    arms = tuple(arm._replace(abilities=(ability("loss", nan, higher=False),)) for arm in kept.arms)
    (account,) = ledger(kept._replace(arms=arms))
    assert account.entries[0].interval == "–" and account.entries[0].word == "unclear"
    assert "What was learned and what was lost" in render(kept._replace(arms=arms))
