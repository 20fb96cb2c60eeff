"""The short options of new-material, spelt out: what is read, what is kept, which conditions follow, what is refused."""

from pathlib import Path

import pytest
import yaml

from tutelage.cli.own_material import meant, of_material
from tutelage.cli.stranger import Short
from tutelage.cli.stranger import meant as anything
from tutelage.core.errors import Refused
from tutelage.recipe.read import read


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "hand-book.md"
    path.write_text("One rule.\n\nAnother rule.", encoding="utf-8")
    return path


def study(short: Short):
    return read("new-material", meant(short, "new-material", ())[0])


def test_a_folder_or_file_of_texts_is_read_as_passages(book: Path) -> None:
    made = study(Short(data=book, exam_share=0.3))
    (first, *_) = made.recipes.values()
    assert first.data["of"] == {"use": "passages", "path": str(book), "share": 0.3}
    assert first.teach["use"] == "itself" and set(first.data["keep"]) == {"general", "instructions"}


def test_prompts_with_replies_are_recorded_replies(book: Path) -> None:
    made = study(Short(data=book.with_suffix(".jsonl"), text="question", candidates="answer"))
    (first, *_) = made.recipes.values()
    assert first.data["of"] == {"use": "replies", "path": str(book.with_suffix(".jsonl")), "prompt": "question",
                                "candidates": "answer"}  # fmt: skip
    assert first.teach["use"] == "recorded"


def test_conditions_follow_what_is_kept(book: Path) -> None:
    """As many conditions on abilities as abilities, the one on the new material last."""
    made = study(Short(data=book, keep=f"instructions,{book},faq={book}"))
    of = [condition.measure.of for condition in made.study.shows]
    assert of == ["reply_loss_instructions", "reply_loss_hand_book", "reply_loss_faq", "reply_loss"]
    (first, *_) = made.recipes.values()
    assert first.data["keep"]["faq"] == {"use": "passages", "path": str(book)}
    assert first.data["keep"]["instructions"] == {"use": "construction_faq"}
    usual = yaml.safe_load("above: -0.05")["above"]
    assert [one.above for one in read("new-material", ()).study.shows][-1] == made.study.shows[-1].above == usual


@pytest.mark.parametrize(("short", "said"), [
    ({"keep": "genral"}, "did you mean 'general'"),
    ({"keep": ","}, "it names nothing to keep"),
    ({"labels": 5}, "--labels: new material has no labels to buy"),
    ({"source": "who"}, "--candidates COLUMN"),
])  # fmt: skip
def test_what_is_refused(book: Path, short: dict, said: str) -> None:
    with pytest.raises(Refused) as refused:
        meant(Short(data=book, **short), "new-material", ())
    assert said in str(refused.value)


def test_columns_without_a_file_and_keep_with_another_recipe_are_refused(book: Path) -> None:
    with pytest.raises(Refused, match="no --data names one"):
        meant(Short(text="body", keep="general"), "new-material", ())
    with pytest.raises(Refused, match="no material beside the new one"):
        anything(Short(keep="general"), "few-labels", ())
    assert not of_material(Short(), "new-material", ())
