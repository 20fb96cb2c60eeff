"""syllabus: answers follow from the pairs, levels rest on each other, and no exam wording is taught."""

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.data.syllabus import BODIES, LEVELS, OPENERS, SUBJECTS, SYMBOLS, Syllabus, dealt, pairs, worded

COLUMNS = ("subject", "stage", "concept", "bloom_level", "reply")


def rows(course, where: str = "pool") -> list[dict]:
    pool = course.parts["pool"].pool if where == "pool" else course.exams["exam"].truth[0].about.examples()
    return [
        dict(zip(COLUMNS, row, strict=True)) for row in zip(*(pool.column(n).to_pylist() for n in COLUMNS), strict=True)
    ]


@pytest.mark.parametrize("where", ["pool", "exam"])
@pytest.mark.parametrize("stages", [1, 2])
def test_each_level_rests_on_the_one_below(stages: int, where: str) -> None:
    """understand undoes remember, apply is remember twice; both worked out from the table's own rows."""
    made = rows(Syllabus(each=2, concepts=7, stages=stages).course(stream(3, "data")), where)
    says = {(row["concept"], row["bloom_level"]): row["reply"] for row in made}
    assert len(says) == 6 * 7 * 3
    for row in made:
        subject, symbol = row["concept"].split()
        given = says[f"{subject} {symbol}", "remember"]
        assert subject == row["subject"] and given != symbol
        assert says[f"{subject} {given}", "understand"] == symbol
        assert says[f"{subject} {symbol}", "apply"] == says[f"{subject} {given}", "remember"] != symbol
        assert {r["stage"] for r in made if r["concept"] in (f"{subject} {symbol}", f"{subject} {given}")} == {
            row["stage"]
        }


def test_by_hand() -> None:
    """7 concepts in two stages are 4 and 3; a cycle visits all of its symbols before it comes back."""
    gives, stage = pairs("law", 7, 2)
    assert stage.tolist() == [0, 0, 0, 0, 1, 1, 1]
    for part in (range(4), range(4, 7)):
        seen, at = [], part[0]
        for _ in part:
            seen.append(at)
            at = int(gives[at])
        assert sorted(seen) == list(part) and at == part[0]
    assert worded("law", "apply", 8 + 1, "k") == "law: what is two after k"


def test_subjects_disagree() -> None:
    """Any two of the twelve, warm-up included, agree on three of their six symbols at most, on 1.2 on average by luck."""
    names = [*SUBJECTS["train"], *SUBJECTS["warm_up"]]
    every = np.stack([pairs(name, 6, 1)[0] for name in names])
    assert len(names) == len(set(names)) == 12
    agree = (every[:, None] == every[None]).sum(axis=2)[np.triu_indices(12, 1)]
    assert agree.max() <= 3 and 0.9 < agree.mean() < 1.5


def test_wordings_are_dealt_out_once_each() -> None:
    for level in LEVELS:
        parts = [dealt()[name][level] for name in ("train", "dev", "test")]
        assert [len(part) for part in parts] == [58, 14, 24]
        assert sorted(sum(parts, [])) == list(range(len(OPENERS) * len(BODIES[level])))


def test_the_pool_is_a_syllabus_in_its_order() -> None:
    made = rows(Syllabus(each=3, stages=2).course(stream(0, "data")))
    keys = [(SUBJECTS["train"].index(row["subject"]), row["stage"], SYMBOLS.index(row["concept"][-1]),
             LEVELS.index(row["bloom_level"])) for row in made]  # fmt: skip
    assert keys == sorted(keys) and len(made) == 6 * 6 * 3 * 3


def test_exams_are_fixed_and_their_wordings_are_in_no_pool() -> None:
    one, two = (Syllabus(each=58).course(stream(seed, "data")) for seed in (0, 1))
    dev = Syllabus(split="dev").course(stream(0, "data"))
    held = [made.exams["exam"].truth[0].about.examples().texts() for made in (one, two, dev)]
    assert held[0] == held[1] and not set(held[0]) & set(held[2]) and len(held[0]) == 6 * 6 * 3 * 4
    pool = one.parts["pool"].pool.texts()
    assert len(set(pool)) == len(pool) == 6 * 6 * 3 * 58
    assert set(pool) == set(two.parts["pool"].pool.texts()) and pool != two.parts["pool"].pool.texts()
    warm = Syllabus(material="warm_up").course(stream(0, "data"))
    assert not set(warm.parts["pool"].pool.column("subject").to_pylist()) & set(SUBJECTS["train"])
    assert warm.exams["exam"].truth[0].about.examples().texts() == held[0]


def test_stages_without_enough_concepts_are_refused() -> None:
    with pytest.raises(Refused, match="5 concepts are too few for 2 stages"):
        Syllabus(concepts=5, stages=2).course(stream(0, "data"))
    with pytest.raises(Refused):
        build("data", {"use": "syllabus", "subjects": 7})
