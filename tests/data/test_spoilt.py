"""spoilt: each defect by its definition, shares as drawn, the exam left alone."""

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.spoilt import DEFECTS, PADDING, Spoilt
from tutelage.data.worked_problems import WorkedProblems

OF = WorkedProblems(prompts=40, exam=10)
WHOLE = WorkedProblems(prompts=40, exam=10).course(stream(0, "data"))


def spoilt(shares: dict[str, float] | None, seed: int = 0) -> tuple[list[str], list[str], list[str], list[str]]:
    """Replies before and after, the defects, the prompts after; the clean course is the one drawn by the same luck."""
    made = Spoilt(of=OF, shares=shares).course(stream(seed, "data"))
    before = WorkedProblems(prompts=40, exam=10).course(stream(seed, "data")).parts["pool"].pool
    assert made.exams["exam"].truth[0].digest() == WHOLE.exams["exam"].truth[0].digest()
    pool = made.parts["pool"].pool
    assert pool.ids() == before.ids()
    replies = [one.column("reply").to_pylist() for one in (before, pool)]
    return replies[0], replies[1], pool.column("defect").to_pylist(), pool.texts()


def test_each_defect_by_its_definition() -> None:
    for name in DEFECTS:
        before, after, defects, _ = spoilt({name: 1.0})
        assert set(defects) == {name}
        for old, new in zip(before, after, strict=True):
            words = old.split()
            assert {
                "clean": new == old,
                "truncated": new.split() == words[: max(1, -(-len(words) // 3))],
                "mismatched": new in before,
                "shuffled": sorted(new.split()) == sorted(words),
                "duplicated": new == old,  # there is no clean row that could be copied
                "padded": new == old + PADDING,
            }[name]
    before, after, _, texts = spoilt({"mismatched": 1.0})
    answers = dict(zip(zip(WHOLE.parts["pool"].pool.texts(), before, strict=True), before, strict=True))
    assert sum((text, new) in answers for text, new in zip(texts, after, strict=True)) < 10  # same words by chance


def test_copies_are_of_clean_rows_and_whole() -> None:
    _, after, defects, texts = spoilt({"clean": 1, "duplicated": 1})
    clean = {(t, r) for t, r, d in zip(texts, after, defects, strict=True) if d == "clean"}
    copied = [(t, r) for t, r, d in zip(texts, after, defects, strict=True) if d == "duplicated"]
    assert copied and all(one in clean for one in copied)


def test_shares_as_given_and_as_drawn() -> None:
    counts = [spoilt({"clean": 3, "padded": 1}, seed)[2].count("clean") / 200 for seed in range(6)]
    assert all(0.6 < share < 0.9 for share in counts)
    drawn = [spoilt(None, seed)[2].count("clean") / 200 for seed in range(12)]
    assert np.std(drawn) > 0.05  # a flat Dirichlet's first share has a standard deviation of 0.14


def test_unknown_defects_are_refused() -> None:
    with pytest.raises(Refused, match="no defect 'cut'"):
        Spoilt(of=OF, shares={"cut": 1}).course(stream(0, "data"))
