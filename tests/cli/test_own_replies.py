"""A person's own replies: what the short options stand for, what is refused, and lengths said before anything runs."""

import json
from pathlib import Path

import pytest

from tutelage.cli.stranger import Short, meant
from tutelage.core.errors import Missing, Refused
from tutelage.recipe.read import read
from tutelage.study.lengths import lengths
from tutelage.study.run import go_on, prepare, start
from tutelage.study.summary import summary


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Eight prompts, two replies of 8 characters each; a quarter of the prompts becomes the exam."""
    rows = [{"question": f"say {i}", "answers": [f"reply {i}a", {"text": f"reply {i}b", "who": "b"}]} for i in range(8)]
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_short_options_by_hand(file: Path) -> None:
    """6 prompts stay in the pool: 3 passes over 6 replies of 8 characters, 4 a token, are 36 tokens."""
    short = Short(data=file, text="question", candidates="answers", source="who", seeds="5", exam_share=0.25)
    spelt = meant(short, "which-data", ())
    assert spelt.sets == (
        "data.use=replies", f"data.path={file}", "data.prompt=question", "data.candidates=answers", "data.source=who",
        "data.exam={share: 0.25}", "order.tokens=36", "seeds=5",
    )  # fmt: skip
    assert "36 tokens" in spelt.notes[0]
    assert not any("order" in item for item in meant(short, "which-data", ("order.tokens=9",)).sets)


def test_options_that_mean_nothing_here_are_refused(file: Path) -> None:
    with pytest.raises(Refused, match="--label: prompts with replies have no labels"):
        meant(Short(data=file, label="x"), "which-data", ())
    with pytest.raises(Refused, match="add --data FILE"):
        meant(Short(candidates="answers"), "which-data", ())
    with pytest.raises(Refused, match="no column 'reply'"):
        meant(Short(data=file, text="question"), "which-data", ())


def test_from_a_file_to_paired_scores(file: Path, tiny_decoder: Path, tmp_path: Path) -> None:
    """The whole way but for training: lengths are told, each arm takes one reply a prompt, the arms differ in which.

    One token a byte: "reply 0a" and its end are 9; a window of 40 leaves 31 for the 23 tokens of "say 0" in its frame.
    """
    spelt = meant(Short(data=file, text="question", candidates="answers", seeds="2"), "which-data", ())
    sets = (*spelt.sets, f"student.model={tiny_decoder}", "student.window=40", "learn.use=nothing")
    try:
        prepared = prepare(read("which-data", sets))
    except Missing as error:
        pytest.skip(str(error))
    assert lengths(prepared) == (
        "Tokens of 12 replies in the pool, their ends included: median 9, 95 % up to 9, most 9; of their prompts as "
        "shown: median 23, 95 % up to 23, most 23. No prompt is cut.",
    )
    narrow = prepare(read("which-data", (*sets, "student.window=29")))
    assert lengths(narrow)[0].endswith("12 prompts are cut at their end to fit.")
    record = start(prepared, tmp_path / "runs", sets)
    assert go_on(record, 0) == "done"
    told = summary(record)
    assert {arm.name for arm in told.arms} == {"grape", "uniform"} and told.status == "done"
