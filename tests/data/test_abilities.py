"""abilities: every answer follows from its problem, and no exam item is taught."""

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.data.abilities import FORMS, PROGRAMS, Abilities, form, order, program


def test_by_hand() -> None:
    """rev of drop of abcde: abcd, dcba. tail of swap of abcd: bacd, acd."""
    assert PROGRAMS["rev"](PROGRAMS["drop"]("abcde")) == "dcba" and PROGRAMS["tail"](PROGRAMS["swap"]("abcd")) == "acd"
    assert [FORMS[name](("x", "y")) for name in FORMS] == ["1. x 2. y", "'x' 'y'", "x-y", "x and y."]


@pytest.mark.parametrize("seed", range(20))
def test_answers_follow_from_problems(seed: int) -> None:
    """Single digits compare as their letters do."""
    luck = np.random.default_rng(seed)
    text, answer = order(luck)
    name, *digits = text.split()
    assert answer == {"sort": " ".join(sorted(digits)), "max": max(digits), "min": min(digits)}[name]
    asked, made = program(luck, 2)
    outer, inner, word = asked.split()
    assert made == PROGRAMS[outer](PROGRAMS[inner](word)) and made
    name, one, two = form(luck)[0].split()
    assert name in FORMS and one != name and two


def test_both_exams_are_fixed_and_stand_in_no_pool() -> None:
    one, two = (Abilities(math=300, code=300, general=300, exam=40).course(stream(seed, "data")) for seed in (0, 1))
    dev = Abilities(exam=40, split="dev").course(stream(0, "data"))
    held = [made.exams["exam"].truth[0].about.examples() for made in (one, two, dev)]
    assert held[0].texts() == held[1].texts() and not set(held[0].texts()) & set(held[2].texts())
    pools = [set(made.parts["pool"].pool.texts()) for made in (one, two)]
    assert pools[0] != pools[1] and not (pools[0] | pools[1]) & (set(held[0].texts()) | set(held[2].texts()))
    assert sorted(set(held[0].column("source").to_pylist())) == ["code", "general", "math"] and len(held[0]) == 120


def test_an_ability_may_be_left_out_but_not_all() -> None:
    pool = Abilities(math=0, code=5, general=0, exam=2).course(stream(0, "data")).parts["pool"].pool
    assert set(pool.column("source").to_pylist()) == {"code"}
    with pytest.raises(Refused):
        build("data", {"use": "abilities", "math": -1})
