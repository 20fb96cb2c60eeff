"""continuation: halves, who goes on, what is left out and counted, what it costs, and what carries loss."""

import numpy as np
import pytest

from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.pupil import Pupil
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.core.writing import CanWrite
from tutelage.teach.continuation import Continuation
from tutelage.toys import Writer, till, view

TEXTS = ["It rains in Spain.", "Tea", "Milk is white and cold.", "Please write a poem now and here."]
POOL = Table.of("texts", {"id": ["a", "b", "c", "d"], "text": TEXTS}).pool()
KNOWS = Writer({"It rains": ("often.",), "Milk is white": ("Sure! Cold it is. And",), "Please write a": ("No.",)})
ALL = Rows(POOL, np.arange(4))


class Closed:
    """Answers that must stay closed."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"answers.{name} was used")


def teach(asked: Rows = ALL, student: object = KNOWS, seed: int = 0, purse: object = None, **how: object) -> Taught:
    part = Continuation(**{"ask": "{x}", **how})
    return part.teach(asked, view(POOL, student, purse=purse or till()), Closed(), stream(seed, "teach"))


def pairs(taught: Taught) -> dict[str, tuple[str, str]]:
    return {
        name: pair
        for block in taught.lessons
        for name, *pair in zip(
            block.about.examples().ids(), block.about.examples().texts(), block.given["text"].tolist(), strict=True
        )
        for pair in [tuple(pair)]
    }


def test_human_by_hand() -> None:
    """The spaces of the first text end at 3, 9 and 12 of 18: 9 is the half. "Tea" has fewer than 10 characters."""
    taught = teach(by="human", student=None)
    assert pairs(taught) == {
        "a/continuation/1": ("It rains ", "in Spain."),
        "c/continuation/1": ("Milk is white ", "and cold."),
        "d/continuation/1": ("Please write a ", "poem now and here."),
    }
    assert taught.facts == {"pairs": 3, "short": 1, "empty": 0, "instructions": 0, "opened": 0, "echoed": 0}
    assert taught.lessons[0].cost.tolist() == [0, 0, 0] and taught.lessons[0].kind is Text
    for name, (first, second) in pairs(taught).items():
        assert first + second == TEXTS["abcd".index(name[0])]


def test_teacher_by_hand() -> None:
    """Three prompts of 2, 3 and 3 words; replies of 1, 5 and 1, each with its end: 4, 9 and 5 tokens, and a call each."""
    purse = till()
    taught = teach(purse=purse)
    assert pairs(taught) == {
        "a/continuation/1": ("It rains ", "often."),
        "c/continuation/1": ("Milk is white ", "Sure! Cold it is."),
        "d/continuation/1": ("Please write a ", "No."),
    }
    assert taught.lessons[0].cost.tolist() == [5, 10, 6]
    assert purse.book.ledger.spent["calls"] == 3 and purse.book.ledger.spent["teacher_tokens"] == 4 + 9 + 5
    assert taught.facts["opened"] == pytest.approx(1 / 3)


def test_openers_and_broken_ends_can_go_or_stay() -> None:
    assert pairs(teach(openers="strip"))["c/continuation/1"][1] == "Cold it is."
    assert pairs(teach(whole=False))["c/continuation/1"][1] == "Sure! Cold it is. And"


def test_filtered_pairs_are_counted() -> None:
    """Of three pairs one shows "Please write a"."""
    taught = teach(filtered=True)
    assert set(pairs(taught)) == {"a/continuation/1", "c/continuation/1"} and taught.facts["instructions"] == 1


def test_shuffled_replies_are_the_same_ones_and_none_is_at_home() -> None:
    """Compared with the teacher's under five seeds: the same prompts, the same replies, every one elsewhere."""
    asked = [f"{letter} is a letter of many" for letter in "ABCDEFG"]
    pool = Table.of("letters", {"id": list("ABCDEFG"), "text": asked}).pool()
    speaks = Writer({text[: text.index(" of") - 7]: (f"{text[0]} it is.",) for text in asked})
    for seed in range(5):
        told, mixed = (
            pairs(Continuation(ask="{x}", by=by).teach(Rows(pool, np.arange(7)), view(pool, speaks, purse=till()), Closed(),
                                                        stream(seed, "teach")))
            for by in ("teacher", "shuffled")
        )  # fmt: skip
        assert told.keys() == mixed.keys() and sorted(y for _, y in told.values()) == sorted(
            y for _, y in mixed.values()
        )
        assert all(told[key][0] == mixed[key][0] and told[key][1] != mixed[key][1] for key in told)


def test_a_single_pair_cannot_be_shuffled_and_stays() -> None:
    assert pairs(teach(Rows(POOL, np.array([0])), by="shuffled")) == {"a/continuation/1": ("It rains ", "often.")}


def test_pinned_luck_is_the_same_under_every_seed_and_bought_once() -> None:
    chatty = Writer({"It rains": tuple(f"{number} times." for number in range(50))})
    purse, one = till(), Rows(POOL, np.array([0]))
    first = teach(one, chatty, 0, purse, luck=7)
    spent = dict(purse.book.ledger.spent)
    assert pairs(teach(one, chatty, 1, purse, luck=7)) == pairs(first) and purse.book.ledger.spent == spent
    own = {pairs(teach(one, chatty, seed))["a/continuation/1"] for seed in range(5)}
    assert len(own) > 1


def test_a_teacher_of_ones_own_is_asked_instead_of_the_student() -> None:
    other = Pupil(maker=None, student=Writer({"It rains": ("never.",)}))
    part = Continuation(ask="{x}", teacher=other)
    assert part.needs == frozenset() and part.students_need == {CanWrite} and Continuation().needs == {CanWrite}
    told = part.teach(Rows(POOL, np.array([0])), view(POOL, None, purse=till()), Closed(), stream(0, "teach"))
    assert pairs(told) == {"a/continuation/1": ("It rains ", "never.")}
    assert Continuation(by="human").needs == frozenset() == Continuation(by="human").spends


def test_replies_that_say_nothing_are_counted() -> None:
    silent = Writer({"It rains": ("",)})
    taught = teach(Rows(POOL, np.array([0])), silent)
    assert taught.lessons == () and taught.facts == {"pairs": 0, "short": 0, "empty": 1, "instructions": 0}


def test_a_question_without_a_place_for_the_text_is_refused() -> None:
    with pytest.raises(Refused, match="ask"):
        build("teach", {"use": "continuation", "ask": "Go on."})


def said(student: object, block: Block) -> list[int]:
    """How many tokens of each lesson carry loss."""
    batch = student.encode((block,)).batch(np.arange(block.size))
    return batch.inputs["said"].sum(dim=(1, 2)).tolist()


def test_loss_is_on_the_reply_and_its_end_and_is_that_of_the_second_half() -> None:
    """One token a byte. "in Spain." has 9 bytes and an end; its loss, the token between the halves taken away, is that
    of a plain language model on the same bytes behind the same bytes, to 1e-6.
    """
    torch = pytest.importorskip("torch")
    student = build("student", {"use": "text.tiny", "hidden": 16, "layers": 1, "heads": 2}).begin(
        POOL, stream(0, "student")
    )
    (block,) = teach(Rows(POOL, np.array([0])), by="human").lessons
    assert said(student, block) == [10]
    batch = student.encode((block,)).batch(np.array([0]))
    assert student.module.token_logprobs(batch).mask.sum() == 10
    ids = batch.inputs["ids"][0, 0]
    plain = torch.cat([ids[:10], ids[11:]])  # <s>, nine bytes of x1, without <a>; then x2 and its end
    assert len(plain) == 1 + 18 + 1
    inputs = {"ids": plain[None, None], "said": torch.arange(20)[None, None] >= 10}
    ours = student.module.token_logprobs(batch._replace(inputs=inputs)).logprobs.sum()
    with torch.no_grad():
        logits = student.source.base().model(plain[None]).logits[0]
    theirs = sum(torch.log_softmax(logits[at - 1], dim=0)[plain[at]] for at in range(10, 20))
    assert float(ours.detach()) == pytest.approx(float(theirs), abs=1e-5)
