"""verifiable_instructions: every reference follows its instruction, in words of its own and not in others' sizes."""

import re

import numpy as np
import pytest

from tutelage.core.rng import stream
from tutelage.data.verifiable_instructions import DRAWS, THINGS, VerifiableInstructions
from tutelage.kit.instructions import RULES, follows


@pytest.mark.parametrize("rule", DRAWS)
@pytest.mark.parametrize("seed", range(10))
def test_what_is_asked_stands_in_the_words_and_the_reference_has_it(rule: str, seed: int) -> None:
    told = DRAWS[rule](np.random.default_rng(seed))
    assert follows(rule, told.asked, told.reply) and not follows(rule, told.asked, "and so on and so on and so on and")
    named = [word for word in re.findall(r"[a-z]+", told.text) if word in THINGS]
    assert named
    if rule == "capitals":
        assert told.reply == " ".join(named).upper()
    elif rule == "repeat":
        number, word = told.asked.split()
        assert named == [word] and f" {number} " in told.text
    elif rule == "words":
        assert re.findall(r"\d", told.text) == [told.asked]
    elif rule == "list":
        number, sign = told.asked.split()
        assert len(named) == int(number) and sign in told.text and told.reply == "\n".join(f"{sign} {x}" for x in named)
    else:
        counts = {name: named.count(name) for name in named}
        assert told.reply == ("yes" if max(counts.values()) == 2 else "no")


def test_rules_come_in_turn_and_no_exam_item_is_taught() -> None:
    one, two = (VerifiableInstructions(pool=500, exam=100).course(stream(seed, "data")) for seed in (0, 1))
    dev = VerifiableInstructions(exam=100, split="dev").course(stream(0, "data"))
    held = [made.exams["exam"].truth[0].about.examples() for made in (one, two, dev)]
    assert held[0].texts() == held[1].texts() and not set(held[0].texts()) & set(held[2].texts())
    pool = one.parts["pool"].pool
    assert len(set(pool.texts())) == 500 and pool.texts() != two.parts["pool"].pool.texts()
    assert not set(pool.texts()) & {*held[0].texts(), *held[2].texts()}
    counts = {rule: pool.column("source").to_pylist().count(rule) for rule in RULES}
    assert set(counts.values()) == {100} and DRAWS.keys() == RULES.keys()
