"""instruction_following: every rule by hand, and the exam's own replies follow what is asked."""

import numpy as np
import pytest

from tutelage.assess.instruction_following import InstructionFollowing
from tutelage.core.data import Block, Exam, Rows, Table, Text
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.verifiable_instructions import VerifiableInstructions
from tutelage.kit.instructions import RULES, follows
from tutelage.toys import Writer, till

CASES = [
    ("capitals", "", "MOON RIVER 2.", True),
    ("capitals", "", "Moon", False),
    ("capitals", "", "3 + 4", False),  # no letter at all
    ("repeat", "3 moon", " Moon  moon moon. ", True),
    ("repeat", "3 moon", "moon moon", False),
    ("repeat", "2 moon", "moon, moon", False),
    ("words", "2", "cold, bright", True),
    ("words", "2", "it is cold", False),
    ("list", "2 *", "* moon\n * river \n", True),
    ("list", "2 *", "* moon\n- river", False),
    ("list", "2 *", "* moon", False),
    ("list", "1 *", "*moon", False),
    ("list", "1 *", "* ", False),
    ("yes_no", "", "Yes.", True),
    ("yes_no", "", "yes it is", False),
]


def exam(columns: dict[str, list[str]]) -> Exam:
    pool = Table.of("asked", columns).pool()
    truth = {"text": np.array(["?"] * len(pool), dtype=object)}
    zeros = np.zeros(len(pool))
    return Exam((Block(Rows(pool, np.arange(len(pool))), None, Text, truth, "file", zeros, zeros + 1),))


@pytest.mark.parametrize(("rule", "asked", "said", "right"), CASES)
def test_rules_by_hand(rule: str, asked: str, said: str, right: bool) -> None:
    assert follows(rule, asked, said) is right
    assert not follows(rule, asked, " \n")


def test_by_hand() -> None:
    """Two of three followed; of the two of `yes_no` one: items 1.5 and 0, of `words` 3, each against n / n_r."""
    asked = exam({"text": ["a", "b", "c"], "source": ["yes_no", "words", "yes_no"], "asked": ["", "1", ""]})
    knows = Writer({"a": ("no",), "b": ("cold",), "c": ("maybe",)})
    scores = InstructionFollowing().assess(knows, asked, till(), stream(0, "assess"))
    assert [(one.name, pytest.approx(one.value)) for one in scores] == [
        ("instruction_following", 2 / 3), ("followed_words", 1.0), ("followed_yes_no", 0.5)
    ]  # fmt: skip
    assert scores[1].items.tolist() == [0, 3, 0] and scores[2].items.tolist() == [1.5, 0, 0]


def test_who_repeats_the_references_follows_everything_and_who_is_silent_nothing() -> None:
    made = VerifiableInstructions(pool=5, exam=100).course(stream(0, "data")).exams["exam"]
    (block,) = made.truth
    asked, said = block.about.examples().texts(), block.given["text"].tolist()
    whole = InstructionFollowing(max_tokens=1000)
    for reply, value in ((said, 1.0), ([""] * len(said), 0.0)):
        knows = Writer({text: (one,) for text, one in zip(asked, reply, strict=True)})
        scores = whole.assess(knows, made, till(), stream(0, "assess"))
        assert {one.name for one in scores} == {"instruction_following", *(f"followed_{rule}" for rule in RULES)}
        assert all(one.value == pytest.approx(value) for one in scores)


def test_an_exam_that_asks_for_nothing_known_is_refused() -> None:
    plain = exam({"text": ["a"]})
    strange = exam({"text": ["a"], "source": ["wrods"], "asked": ["2"]})
    with pytest.raises(Refused, match="no column 'source'"):
        InstructionFollowing().assess(Writer({}), plain, till(), stream(0, "assess"))
    with pytest.raises(Refused, match="did you mean 'words'"):
        InstructionFollowing().assess(Writer({}), strange, till(), stream(0, "assess"))
