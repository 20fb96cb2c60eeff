"""Agreement of JSON replies, field by field: by hand, against scikit-learn, and what is at fault."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from tutelage.assess.structured_agreement import StructuredAgreement, holds, share
from tutelage.core.data import Exam, Score
from tutelage.core.errors import ContractBroken, Refused
from tutelage.kit.reply_courses import references_of
from tutelage.kit.structured import compact
from tutelage.toys import Writer, replies_pool, stream, till


def examine(part: StructuredAgreement, pairs: list[tuple[str, str]], **columns: Any) -> dict[str, Score]:
    """pairs: the truth, and what the student says."""
    rows = [(f"prompt {place}", truth, f"r{place}") for place, (truth, _) in enumerate(pairs)]
    pool = replies_pool(rows, **columns)
    student = Writer({f"prompt {place}": (said,) for place, (_, said) in enumerate(pairs)})
    exam = Exam((references_of(pool.table, np.arange(len(pairs))),))
    return {score.name: score for score in part.assess(student, exam, till(), stream(0, "assess"))}


def one(action: str, state: str = "x", reply: str = "Well.") -> str:
    return compact({"action": action, "state": state, "reply": reply})


def test_by_hand() -> None:
    """Four items, truths 1 1 2 2, all in state x. Said: 1; 2; no JSON; 2 in state y.

    action: 2 of 4 right, of the parseable 3 it is 2. F1 of "1": 1 right, 2 truths, 1 answer: 2/3; of "2": 1 right, 2
    truths, 2 answers: 1/2; macro 7/12. state: 2 right of 4; all fields: the first alone, 1/4.
    """
    part = StructuredAgreement(fields=("action", "state"))
    found = examine(part, [(one("1"), one("1")), (one("1"), one("2")), (one("2"), "2"), (one("2"), one("2", "y"))])
    values = {name: score.value for name, score in found.items()}
    assert values == pytest.approx({
        "structured_agreement": 1 / 4, "parseable": 3 / 4,
        "accuracy_action": 1 / 2, "macro_f1_action": 7 / 12, "accuracy_action_parseable": 2 / 3,
        "accuracy_state": 1 / 2, "macro_f1_state": (2 * 2 / (4 + 2) + 0) / 2, "accuracy_state_parseable": 2 / 3,
    })  # fmt: skip
    assert found["accuracy_action"].items.tolist() == [1, 0, 0, 1]


VALUE = st.sampled_from(["1", "2", "3"])


@given(st.lists(st.tuples(VALUE, VALUE | st.none()), min_size=1, max_size=20))
def test_against_scikit_learn(pairs: list[tuple[str, str | None]]) -> None:
    """An unparseable reply is an answer of no class; accuracy over the parseable is that of the others alone."""
    told = [(one(truth), "?" if said is None else one(said)) for truth, said in pairs]
    found = examine(StructuredAgreement(fields=("action",)), told)
    truth, said = [pair[0] for pair in pairs], [pair[1] or "none" for pair in pairs]
    labels = sorted({*truth, *said} - {"none"})
    assert found["macro_f1_action"].value == pytest.approx(
        f1_score(truth, said, labels=labels, average="macro", zero_division=0)
    )
    assert found["accuracy_action"].value == pytest.approx(np.mean([a == b for a, b in pairs]))
    left = [a == b for a, b in pairs if b is not None]
    assert found["accuracy_action_parseable"].value == pytest.approx(np.mean(left) if left else np.nan, nan_ok=True)
    for score in found.values():
        assert score.value == pytest.approx(score.items.mean(dtype=np.float64), abs=1e-5, nan_ok=True)


def test_leaks_are_of_the_words_and_undue_where_the_tutor_does_not_say_it() -> None:
    """Answers 17. Said: it, where the truth does not; it, where the truth does; in another field; 117; and without JSON."""
    hint, solved = one("1", reply="Try 12 + 5."), one("1", reply="It is 17.")
    away = one("1", reply="It is 17, you see.")
    pairs = [
        (hint, away),
        (solved, solved),
        (hint, one("17", reply="No.")),
        (hint, one("1", reply="117")),
        (hint, "So 17"),
    ]
    found = examine(StructuredAgreement(fields=("action",), answer="answer"), pairs, answer=["17"] * 5)
    assert found["answer_leak"].items.tolist() == [1, 1, 0, 0, 1]
    assert found["undue_leak"].items.tolist() == [1, 0, 0, 0, 1]
    assert not found["answer_leak"].higher_is_better and "answer_leak" not in examine(
        StructuredAgreement(fields=("action",)), pairs
    )


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("17", True),
        ("=17!", True),
        ("17.", True),
        ("17.5", False),
        ("x17", False),
        ("3.17", False),
        ("170", False),
        ("", False),
    ],
)
def test_a_number_of_its_own(text: str, held: bool) -> None:
    assert holds([text], ["17"]).tolist() == [held]


def test_a_share_of_all_is_the_plain_mean() -> None:
    """The neutral limit: where every reply is parseable the items are those of the plain accuracy."""
    right = np.array([True, False, True])
    assert share(right, np.ones(3, dtype=bool)).tolist() == right.astype(float).tolist()
    assert np.isnan(share(right, np.zeros(3, dtype=bool))).all()


def test_a_truth_without_a_field_and_a_column_that_is_not_there() -> None:
    with pytest.raises(ContractBroken, match="lacks one of evaluation"):
        examine(StructuredAgreement(), [(one("1"), one("1"))])
    with pytest.raises(Refused, match="did you mean 'reply'"):
        examine(StructuredAgreement(fields=("action",), answer="replies"), [(one("1"), one("1"))])
