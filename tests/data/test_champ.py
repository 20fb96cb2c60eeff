"""champ: which answers count as verified, on a problem written by hand, and what the real file gives."""

import json
from pathlib import Path
from typing import Any

import pytest

from tutelage.assets.fetch import asset
from tutelage.core.errors import Missing
from tutelage.core.rng import stream
from tutelage.data.champ import Champ, numbers, shortened, the_number, verified


def talk(answer: str | None, summary: str | None, error: str | None = None) -> dict[str, Any]:
    said = [
        ("System", "Be good."),
        ("User", "Solve."),
        ("Model.X", answer),
        ("User", "Summarise."),
        ("Model.X", summary),
    ]
    turns = [{"role": role, "text": text, "error": None} for role, text in said]
    turns[2]["error"] = error
    return {"messages": turns}


def test_verified_by_hand(tmp_path: Path) -> None:
    """239 in the summary counts, 29 does not, nor what broke off, nor what an expert faulted, nor a shown solution."""
    problem = {
        "_raw_text": "How many strings of length @@6@@?", "_raw_answer": "239",
        "fws_annotations": {"GPT-4|No C w/o H": {"text": "Lucky.", "start_idx": 0}},
        "conversations": {
            "GPT-3.5|0-Shot": talk("By recursion.", "There are 239."),
            "GPT-3.5|5-Shot": talk("Otherwise.", "There are 29."),
            "GPT-3.5|Direct C w/ H": talk("With a hint.", "It is $239$."),
            "GPT-3.5|2/3 Soln": talk("As shown.", "There are 239."),
            "GPT-4|No C w/o H": talk("Lucky.", "There are 239."),
            "GPT-4 Turbo|0-Shot": talk("Cut", "There are 239.", "LENGTH_CURRENT"),
        },
    }  # fmt: skip
    beside = {**problem, "_raw_text": "Is it 239?"}
    path = tmp_path / "problems.json"
    path.write_text(json.dumps({"problems": {"P_1": problem, "P_2": beside, "P_3": {**problem, "_raw_answer": "No"}}}))
    found = verified(path)
    assert [(one.problem, one.model, one.helped, one.answer) for one in found] == [
        ("P_1", "GPT-3.5", False, "By recursion."), ("P_1", "GPT-3.5", True, "With a hint."),
    ]  # fmt: skip
    assert found[0].text == "How many strings of length 6?" and found[0].summary == "There are 239."


@pytest.mark.parametrize(
    ("answer", "problem", "number"),
    [("239", "x", "239"), ("1,000", "x", "1000"), ("1/3", "x", "1/3"), ("-9", "x", "-9"), ("-9", "a = 9", "-9"),
     ("100 (i.e., all values)", "x", "100"), ("0 is the only possible value", "x", "0"), ("No", "x", None),
     ("2 and 3", "x", None), ("76", "besides 76", None), ("7", "besides 76", "7")],
)  # fmt: skip
def test_the_number(answer: str, problem: str, number: str | None) -> None:
    assert the_number(answer, problem) == number


def test_a_number_is_whole() -> None:
    assert "29" not in numbers("There are 239 of 2.9, x29 and 291.") and "29" in numbers("It is 29.")


def test_shortened_ends_with_a_sentence_and_never_grows() -> None:
    text = "We add 1.5 and 2.\nThat is 3.5. Therefore it holds"
    assert shortened(text, None) == shortened(text, 99) == text
    assert shortened(text, 20) == "We add 1.5 and 2." and shortened(text, 35) == "We add 1.5 and 2.\nThat is 3.5."
    assert all(len(shortened(text, most)) <= most for most in range(40, 60))


def test_the_real_answers() -> None:
    """What the notes say is counted again here; sources leave the exam as it is; a smaller sample is a sample."""
    try:
        path = asset("champ") / "problems.json"
    except Missing as error:
        pytest.skip(str(error))
    found = verified(path)
    assert len({one.problem for one in found}) == 92
    whole, one = (Champ(sources=sources).course(stream(0, "data")) for sources in (None, ("GPT-4",)))
    assert whole.exams["exam"].truth[0].digest() == one.exams["exam"].truth[0].digest()
    pool = one.parts["pool"].pool
    assert set(pool.column("source").to_pylist()) == {"GPT-4"} and len(pool) == len(set(pool.texts()))
    cut = Champ(cut=400, pool=20).course(stream(0, "data")).parts["pool"].pool
    assert max(map(len, cut.column("reply").to_pylist())) <= 400 and len(set(cut.texts())) == 20
    dev = Champ(split="dev").course(stream(0, "data"))
    sides = [{*whole.exams["exam"].truth[0].about.examples().texts()}, {*dev.parts["pool"].pool.texts()},
             {*dev.exams["exam"].truth[0].about.examples().texts()}]  # fmt: skip
    assert len(set.union(*sides)) == sum(map(len, sides)) == 92
