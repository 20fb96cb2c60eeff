"""Pairs where student and teacher disagree: which turns give one, what it holds, what is counted and charged."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Preference, Rows, Text
from tutelage.core.errors import Refused, Spent
from tutelage.core.parts import build
from tutelage.core.stages import Taught
from tutelage.kit.structured import compact
from tutelage.runs.till import RecordedTill, till
from tutelage.teach.disagreement import Disagreement
from tutelage.teach.recorded import Recorded
from tutelage.toys import ANSWERS, Writer, replies_pool, stream, view

GOLD = {"evaluation": "a", "action": "1", "state": "x", "reply": "Try again."}


def said(**changes: Any) -> str:
    return compact({name: one for name, one in {**GOLD, **changes}.items() if one is not None})


def teach(part: Any, book: Mapping[str, tuple[str, str]], purse: RecordedTill | None = None, seed: int = 0) -> Taught:
    """book: prompt -> what the teacher said, and what the student says."""
    pool = replies_pool([(prompt, theirs, prompt) for prompt, (theirs, _) in book.items()])
    student = Writer({prompt: (ours,) for prompt, (_, ours) in book.items()})
    now = view(pool, student, purse=purse or till())
    return part.teach(Rows(pool, np.arange(len(book))), now, ANSWERS, stream(seed, "teach"))


CASES = {
    "agrees": (said(), said(reply="Once more.")),
    "wrong evaluation": (said(), said(evaluation="b")),
    "wrong action": (said(), said(action="2")),
    "wrong state": (said(), said(state="y")),
    "no state": (said(), said(state=None)),
    "no JSON": (said(), "Try again."),
    "teacher unparseable": ("Try again", said()),
    "teacher without action": (said(action=None), said()),
}


def test_by_hand() -> None:
    """Eight turns. Two teacher's turns are skipped, one agrees, and five disagree, each in its own way: five pairs.

    The student reads the 6 others: words and ends, as the toy counts tokens, are charged with a call each, and the five
    lessons share them.
    """
    purse = till()
    taught = teach(Disagreement(), CASES, purse)
    (block,) = taught.lessons
    told = list(CASES)[1:6]
    assert block.kind is Preference and block.about.examples().ids() == told
    assert block.given["chosen"].tolist() == [CASES[name][0] for name in told]
    assert block.given["rejected"].tolist() == [CASES[name][1] for name in told]
    facts = dict(taught.facts)
    tokens = facts.pop("tokens")
    assert facts == {
        "asked": 8, "skipped": 2, "agrees": 1, "unparseable": 1, "missing": 1,
        "differs_evaluation": 1, "differs_action": 1, "differs_state": 1,
    }  # fmt: skip
    # prompts of 1, 2, 2, 2, 2, 2 words; replies of 2 ("Once more."), 2 x 5 words, each with its end
    assert tokens == 11 + 12 + 6 and purse.book.ledger.spent == {"teacher_tokens": tokens, "calls": 6}
    assert block.cost == pytest.approx(np.full(5, (tokens + 6) / 5))


@pytest.mark.parametrize("name", list(CASES))
def test_each_turn_alone(name: str) -> None:
    """Agreement and the teacher's faults give nothing, each kind of disagreement exactly one pair."""
    taught = teach(Disagreement(), {name: CASES[name]})
    wanted = 0 if name == "agrees" or name.startswith("teacher") else 1
    assert sum(block.size for block in taught.lessons) == wanted


KIND = st.sampled_from(list(CASES.values()))


@given(st.lists(KIND, min_size=1, max_size=12))
def test_counts_sum_to_what_was_asked(several: list[tuple[str, str]]) -> None:
    taught = teach(Disagreement(), {f"turn {place}": one for place, one in enumerate(several)})
    facts = {name: number for name, number in taught.facts.items() if name not in ("asked", "tokens")}
    assert sum(facts.values()) == taught.facts["asked"] == len(several)
    given_ = sum(block.size for block in taught.lessons)
    assert given_ == len(several) - facts["agrees"] - facts["skipped"]


def test_only_the_named_fields_count() -> None:
    book = {name: CASES[name] for name in ("wrong action", "wrong state", "no state")}
    assert sum(block.size for block in teach(Disagreement(fields=("action",)), book).lessons) == 1
    assert sum(block.size for block in teach(Disagreement(fields=("evaluation",)), book).lessons) == 0


def test_the_chosen_alone_are_the_better_half_of_the_same_pairs_at_the_same_price() -> None:
    """Neutral limit: where nobody agrees they are what `recorded` teaches."""
    (pairs,) = teach(Disagreement(), CASES).lessons
    (alone,) = teach(Disagreement(pairs=False), CASES, seed=3).lessons
    assert alone.kind is Text and alone.given.keys() == {"text"} and alone.cost.tolist() == pairs.cost.tolist()
    assert alone.given["text"].tolist() == pairs.given["chosen"].tolist()
    assert alone.about.numbers.tolist() == pairs.about.numbers.tolist()
    never = {name: one for name, one in CASES.items() if name in list(CASES)[1:6]}
    (ours,), (theirs,) = teach(Disagreement(pairs=False), never).lessons, teach(Recorded(), never).lessons
    assert (
        ours.given["text"].tolist() == theirs.given["text"].tolist() and ours.weight.tolist() == theirs.weight.tolist()
    )


def test_a_student_that_agrees_everywhere_is_taught_nothing() -> None:
    taught = teach(Disagreement(), {"agrees": CASES["agrees"]})
    assert taught.lessons == () and taught.facts["agrees"] == taught.facts["asked"] == 1


def test_where_the_teacher_says_nothing_of_use_the_student_is_not_asked() -> None:
    purse = till()
    taught = teach(Disagreement(), {"teacher unparseable": CASES["teacher unparseable"]}, purse)
    assert taught.lessons == () and taught.facts["skipped"] == 1 and purse.book.charged == {}


def test_a_budget_of_calls_ends_it() -> None:
    with pytest.raises(Spent):
        teach(Disagreement(), CASES, till({"calls": 0}))


def test_a_pool_without_replies_and_an_empty_list_of_fields_are_refused() -> None:
    from tutelage.core.data import Table

    pool = Table.of("bare", {"text": ["x"]}).pool()
    with pytest.raises(Refused, match="no column 'reply'"):
        Disagreement().teach(Rows(pool, np.arange(1)), view(pool, Writer()), ANSWERS, stream(0, "teach"))
    with pytest.raises(Refused, match="teach.fields"):
        build("teach", {"use": "disagreement", "fields": []})
