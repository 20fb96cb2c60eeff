"""What a labelling session makes of each typed line; nothing prints, so nothing has to be caught."""

from collections.abc import Callable

import pytest

from tutelage.cli.labelling import Session, session
from tutelage.runs.answered import Question

LABELS = ["card_lost", "card_stolen", "cash withdrawal", "exchange_rate", "top_up"]
QUESTIONS = [Question(f"k{i}", f"row {i}", f"text {i}", "labels") for i in range(4)]


@pytest.fixture
def saved() -> list[tuple[str, object]]:
    return []


@pytest.fixture
def sitting(saved: list[tuple[str, object]]) -> Session:
    return session(QUESTIONS, LABELS, lambda key, value: saved.append((key, value)))


def at(sitting: Session) -> str | None:
    return None if sitting.question is None else sitting.question.key


def test_a_part_that_only_one_label_has_is_taken(sitting: Session, saved: list[tuple[str, object]]) -> None:
    assert sitting.type("exch").done and saved == [("k0", {"label": "exchange_rate"})] and at(sitting) == "k1"


def test_words_may_be_written_as_people_write_them(sitting: Session, saved: list[tuple[str, object]]) -> None:
    sitting.type("lost card")
    sitting.type("Top Up")
    assert [value for _, value in saved] == [{"label": "card_lost"}, {"label": "top_up"}]


def test_several_matches_are_offered_and_enter_takes_the_first(
    sitting: Session, saved: list[tuple[str, object]]
) -> None:
    reply = sitting.type("card")
    assert not reply.done and reply.say == ">1 card_lost   2 card_stolen" and saved == []
    assert sitting.type("").done and saved == [("k0", {"label": "card_lost"})]


def test_a_number_takes_what_stands_beside_it(sitting: Session, saved: list[tuple[str, object]]) -> None:
    sitting.type("card")
    sitting.type("2")
    assert saved == [("k0", {"label": "card_stolen"})]
    assert sitting.offered[0] == "card_stolen", "the label used most comes first now"
    sitting.type("1")
    assert saved[1] == ("k1", {"label": "card_stolen"})


def test_enter_alone_takes_nothing_before_a_search(sitting: Session, saved: list[tuple[str, object]]) -> None:
    assert not sitting.type("").done and saved == []


def test_labels_that_are_numbers(saved: list[tuple[str, object]]) -> None:
    """`3` is the label 3, wherever it stands; shortcuts are written with a # then."""
    sitting = session(QUESTIONS, ["7", "3", "5"], lambda key, value: saved.append((key, value)))
    assert sitting.offer() == " #1 7   #2 3   #3 5"
    sitting.type("3")
    sitting.type("#1")
    assert [value for _, value in saved] == [{"label": "3"}, {"label": "3"}]


def test_a_label_called_like_a_command(saved: list[tuple[str, object]]) -> None:
    sitting = session(QUESTIONS, ["q", "other"], lambda key, value: saved.append((key, value)))
    assert not sitting.type("q").ended and saved == [("k0", {"label": "q"})]
    assert sitting.type(":q").ended


def test_a_new_label_is_added_after_a_word_about_its_likeness(
    sitting: Session, saved: list[tuple[str, object]]
) -> None:
    assert "'exchange_rate' is there already and looks alike" in sitting.type("+exchange_rates").say
    assert sitting.type("no").say == "not added" and saved == []
    assert "looks alike" not in sitting.type("+refund").say
    assert sitting.type("y").done and saved == [("k0", {"label": "refund"})] and "refund" in sitting.labels


def test_a_new_label_that_is_an_old_one_in_capitals_is_the_old_one(
    sitting: Session, saved: list[tuple[str, object]]
) -> None:
    sitting.type("+CARD_LOST")
    assert saved == [("k0", {"label": "card_lost"})] and sitting.labels == LABELS


def test_undo_goes_back_one_question_at_a_time(sitting: Session, saved: list[tuple[str, object]]) -> None:
    sitting.type("exch")
    sitting.type("?")
    sitting.type("u")
    assert at(sitting) == "k1" and saved[-1] == ("k1", None)
    sitting.type("u")
    assert at(sitting) == "k0" and saved[-1] == ("k0", None) and sitting.used["exchange_rate"] == 0
    assert "nothing to undo" in sitting.type("u").say


def test_skipped_questions_come_back_at_the_end(sitting: Session) -> None:
    order = []
    sitting.type("s")
    while sitting.question is not None:
        order.append(at(sitting))
        sitting.type("top")
    assert order == ["k1", "k2", "k3", "k0"]


def test_undo_after_the_last_answer(sitting: Session) -> None:
    for _ in QUESTIONS:
        sitting.type("top")
    assert sitting.question is None and "no open question" in sitting.type("top").say
    sitting.type("u")
    assert at(sitting) == "k3"


def test_a_typing_error_finds_the_nearest_label(sitting: Session, saved: list[tuple[str, object]]) -> None:
    assert sitting.type("exchange_rtae").say == ">1 exchange_rate" and saved == []
    assert sitting.type("").done
    assert "no label contains 'zebra'; +zebra adds it" in sitting.type("zebra").say


@pytest.mark.parametrize("line", ["l", "h"])
def test_help_and_list_change_nothing(sitting: Session, saved: list[tuple[str, object]], line: str) -> None:
    assert sitting.type(line).say and saved == [] and at(sitting) == "k0"


def test_an_answer_that_could_not_be_written_is_not_taken(sitting: Session) -> None:
    """The question stays open when the disk is full."""

    def full(key: str, value: object) -> None:
        raise OSError("no space left")

    sitting.save = full
    with pytest.raises(OSError, match="no space"):
        sitting.type("top")
    assert at(sitting) == "k0" and sitting.past == []


def test_many_labels_are_found_by_few_letters() -> None:
    """77 labels do not fit on keys: the first match is at most three words away."""
    labels = [f"topic {chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(77)]
    never: Callable[[str, object], None] = lambda key, value: None
    assert session(QUESTIONS, labels, never).matches("ca") == ["topic ca"]
    assert len(session(QUESTIONS, labels, never).matches("topic")) == 77
