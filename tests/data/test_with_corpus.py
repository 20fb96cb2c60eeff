"""with_corpus: the part that is there beside, what is not in it, and who is refused for want of it before anything runs."""

import json
from pathlib import Path

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.recipe.fit import fit
from tutelage.recipe.read import read_text
from tutelage.study.checks import of_material

PASSAGES = [f"Rule {i}: whoever comes on day {i} signs the book of that day." for i in range(20)]


@pytest.fixture
def own(tmp_path: Path) -> dict:
    """A user's file of prompts with replies, and a handbook of twenty rules."""
    rows = [{"prompt": f"What on day {i}?", "reply": f"On day {i} you sign the book."} for i in range(24)]
    (tmp_path / "asked.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    (tmp_path / "handbook.md").write_text("\n\n".join(PASSAGES), encoding="utf-8")
    of = {"use": "replies", "path": str(tmp_path / "asked.jsonl")}
    return {"of": of, "corpus": {"use": "passages", "path": str(tmp_path / "handbook.md"), "passage": 70}}


def test_every_passage_is_there_at_every_seed_and_the_rest_is_as_it_was(own: dict) -> None:
    """Nobody sits the handbook's exam here, so what would be held out as that exam is in the corpus."""
    one, two = (build("data", {"use": "with_corpus", **own}).course(stream(seed, "data")) for seed in (0, 1))
    assert one.parts["corpus"].pool.texts() == PASSAGES
    assert one.parts["corpus"].pool.fingerprint == two.parts["corpus"].pool.fingerprint
    alone = build("data", own["of"]).course(stream(0, "data"))
    assert one.parts["pool"].pool.fingerprint == alone.parts["pool"].pool.fingerprint
    assert one.exams["exam"].truth[0].digest() == alone.exams["exam"].truth[0].digest()
    assert not one.parts["corpus"].answers.known(one.parts["corpus"].pool).any()


def test_a_passage_that_is_an_item_of_the_exam_is_left_out(own: dict, tmp_path: Path) -> None:
    made = build("data", own["of"]).course(stream(0, "data"))
    item = made.exams["exam"].truth[0].about.examples().texts()[0]
    (tmp_path / "handbook.md").write_text("\n\n".join([*PASSAGES, item.upper()]), encoding="utf-8")
    found = build("data", {"use": "with_corpus", **own}).course(stream(0, "data"))
    assert found.parts["corpus"].pool.texts() == PASSAGES and "1 passages stand in an exam" in found.notes[-1]


def test_what_does_not_go_together_is_refused(own: dict) -> None:
    with pytest.raises(Refused, match="the rows hold vector, the passages text"):
        build("data", {"use": "with_corpus", **own, "of": {"use": "digits"}}).course(stream(0, "data"))
    twice = {"use": "with_corpus", **own, "of": {"use": "with_corpus", **own}}
    with pytest.raises(Refused, match="have a part 'corpus' already"):
        build("data", twice).course(stream(0, "data"))


STUDY = """
control: none
arms:
  main:
    data: %s
    student: {use: text.tiny, hidden: 16, layers: 1, heads: 2}
    choose: {use: refusal_filter, of: {use: grounded, encoder: onnx, part: %s}}
    teach: {use: recorded}
    learn: {use: gradient}
    assess: [{use: reply_loss}]
"""


@pytest.mark.parametrize(
    ("corpus", "part", "says"),
    [(True, "corpus", ""), (False, "corpus", "no part called"), (True, "corps", "no part called")],
)
def test_a_study_without_the_part_is_refused_before_it_runs(own: dict, corpus: bool, part: str, says: str) -> None:
    data = {"use": "with_corpus", **own} if corpus else own["of"]
    read = read_text(STUDY % (json.dumps(data), part), "mine.yaml")
    parts = fit(read)
    course = parts["main"].data.course(stream(0, "data"))
    faults = of_material(read, parts, {"main": course})
    assert [fault.what for fault in faults] == ([f"the data have no part called {part!r}"] if says else [])
    if says:
        assert "choose.of.part" in faults[0].where
        empty = course._replace(
            parts={
                **course.parts,
                part: course.parts["pool"]._replace(pool=course.parts["pool"].pool.take(np.zeros(0, int))),
            }
        )
        assert "is empty" in of_material(read, parts, {"main": empty})[0].what
