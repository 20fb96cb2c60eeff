"""replies: both layouts say the same, faults are told by row and field, prompts never stand on both sides."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Course
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.writing import Turn
from tutelage.data.replies import Replies
from tutelage.kit.prompts import prompts

TOLD = [(f"prompt {i}", f"reply {i}.{k}", "ab"[k % 2], float(i + k)) for i in range(8) for k in range(3)]


def jsonl(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def course(path: Path, seed: int = 0, **settings: Any) -> Course:
    made: Course = build("data", {"use": "replies", "path": str(path), **settings}).course(stream(seed, "data"))
    return made


def content(made: Course) -> Any:
    """Everything but ids and the names of groups."""
    pool, (block,) = made.parts["pool"].pool, made.exams["exam"].truth
    names = [name for name in pool.table.columns.column_names if name not in {"id", "group"}]
    return [pool.column(name).to_pylist() for name in names], names, block.given["text"].tolist()


def test_both_layouts_and_all_formats_say_the_same(tmp_path: Path) -> None:
    keys = ("prompt", "reply", "source", "reward")
    flat = [dict(zip(keys, row, strict=True)) for row in TOLD]
    nested = [{"prompt": f"prompt {i}", "reply": [{"text": r, "source": s, "reward": w} for p, r, s, w in TOLD
               if p == f"prompt {i}"]} for i in range(8)]  # fmt: skip
    csv = "\n".join([",".join(keys), *(",".join(map(str, row)) for row in TOLD)])
    (tmp_path / "a.csv").write_text(csv)
    (tmp_path / "a.tsv").write_text(csv.replace(",", "\t"))
    for name, rows in (("flat", flat), ("nested", nested)):
        jsonl(tmp_path / f"{name}.jsonl", rows)
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    made = [content(course(path, source="source", numbers=["reward"])) for path in sorted(tmp_path.iterdir())]
    assert len(made) == 6 and all(one == made[0] for one in made)
    assert made[0][1] == ["text", "reply", "source", "reward"] and len(made[0][2]) == 6


def test_a_conversation_reaches_the_student_as_turns(tmp_path: Path) -> None:
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    rows = [{"messages": [*said[:1], {"role": "user", "content": f"Hi {i}"}], "reply": ["a", "b"]} for i in range(4)]
    rows.append({"messages": "Plain?", "reply": ["c"]})
    made = course(jsonl(tmp_path / "a.jsonl", rows), prompt="messages", exam={"share": 0.3})
    pool, (block,) = made.parts["pool"].pool, made.exams["exam"].truth
    both = [*prompts(pool), *prompts(block.about.examples())]
    assert (Turn("system", "Be brief."), Turn("user", "Hi 0")) in both and "Plain?" in both
    assert "Be brief.\nHi 0" in [*pool.texts(), *block.about.examples().texts()]


def test_prompts_that_differ_in_case_and_space_are_one_and_repeats_are_dropped(tmp_path: Path) -> None:
    rows = [{"prompt": p, "reply": r} for p, r in [("Add  1", "a"), ("add 1", "a"), ("add 1", "b"), ("Sub 2", "a")]]
    made = course(jsonl(tmp_path / "a.jsonl", rows), exam={"file": str(jsonl(tmp_path / "e.jsonl", [
        {"prompt": "sub 2", "reply": ["x", "y"]}, {"prompt": "new", "reply": ["z"]}]))})  # fmt: skip
    pool, (block,) = made.parts["pool"].pool, made.exams["exam"].truth
    assert pool.column("reply").to_pylist() == ["a", "b"] and len(set(pool.column("group").to_pylist())) == 1
    assert block.given["text"].tolist() == ["x", "y", "z"]
    assert "1 replies repeat one" in " ".join(made.notes) and "1 replies to prompts of the exam" in " ".join(made.notes)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz")), min_size=4, max_size=30))
def test_no_prompt_on_both_sides_whatever_the_file(tmp_path_factory: Any, rows: list[tuple[str, str]]) -> None:
    path = jsonl(tmp_path_factory.mktemp("r") / "a.jsonl", [{"prompt": p, "reply": r} for p, r in rows])
    if len({p for p, _ in rows}) < 2:
        with pytest.raises(Refused, match="no reply is left"):
            course(path)
        return
    one, other = course(path), course(path, seed=1)
    pool, (block,) = one.parts["pool"].pool, one.exams["exam"].truth
    assert not {*pool.texts()} & {*block.about.examples().texts()}
    assert {*zip(pool.texts(), pool.column("reply").to_pylist(), strict=True),
            *zip(block.about.examples().texts(), block.given["text"], strict=True)} == {*rows}  # fmt: skip
    assert block.digest() == other.exams["exam"].truth[0].digest()


def test_references_sources_and_a_sample(tmp_path: Path) -> None:
    rows = [{"prompt": p, "reply": r, "source": s} for p, r, s, _ in TOLD]
    path = jsonl(tmp_path / "a.jsonl", rows)
    one = course(path, source="source", references=1, sources=["b"], pool=3)
    pool, (block,) = one.parts["pool"].pool, one.exams["exam"].truth
    assert len(pool) == 3 and set(pool.column("source").to_pylist()) == {"b"}
    assert [text[-2:] for text in block.given["text"]] == [".0", ".0"]
    assert block.about.examples().texts() == sorted(set(course(path).exams["exam"].truth[0].about.examples().texts()))
    with pytest.raises(Refused, match="no reply comes from 'c'"):
        course(path, source="source", sources=["c"])


FAULTS = [
    ({"prompt": "", "reply": "a"}, "row 2, field prompt", "the text is empty"),
    ({"prompt": "p", "reply": None}, "row 2, field reply", "the text is missing"),
    ({"prompt": "p", "reply": []}, "row 2, field reply", "the list of replies is empty"),
    ({"prompt": "p", "reply": ["a", {"note": "x"}]}, "row 2, field reply[2]", "the text is missing"),
    ({"prompt": "p", "reply": ["a", "x" * 60]}, "row 2, field reply[2]", "60 characters; 50 are allowed"),
    ({"prompt": 5, "reply": "a"}, "row 2, field prompt", "a text is expected, found 5"),
    ({"prompt": [{"role": "usr", "content": "x"}], "reply": "a"}, "row 2, field prompt[1]", "'usr'"),
    ({"prompt": [{"role": "assistant", "content": "x"}], "reply": "a"}, "row 2, field prompt", "turn of the user"),
    ({"prompt": "p", "reply": "a", "reward": "good"}, "row 2, field reward", "not a finite number"),
    ({"prompt": "p", "reply": "a", "id": "one"}, "row 2, field id", "stands in row 1, too"),
    ({"prompt": "p", "answer": "a", "id": "2"}, "row 2, field reply", "there is no column 'reply'"),
    (["p"], "line 2", "one JSON object is expected"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "where", "what"), FAULTS, ids=[what for _, _, what in FAULTS])
def test_every_fault_names_file_row_and_field(tmp_path: Path, row: Any, where: str, what: str) -> None:
    if isinstance(row, dict):
        row = {"id": "two", **row}
    path = jsonl(tmp_path / "a.jsonl", [{"prompt": "o", "reply": "a", "id": "one"}, row])
    with pytest.raises(Refused) as refused:
        course(path, id="id", numbers=["reward"], longest=50)
    assert any(fault.where == f"{path}, {where}" and what in fault.what for fault in refused.value.faults)


def test_faults_are_listed_together_and_counted(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [{"prompt": "p", "reply": "", "reward": "x"} for _ in range(30)])
    with pytest.raises(Refused) as refused:
        course(path, numbers=["reward"])
    assert refused.value.found == 60 and len(refused.value.faults) == 20


def test_other_files_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("prompt,reply\np\n")
    with pytest.raises(Refused, match="the row has 1 cells, the header 2"):
        course(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes("prompt,reply\np,ä\n".encode("latin-1"))
    with pytest.raises(Refused, match="utf-8"):
        course(tmp_path / "b.csv")
    (tmp_path / "c.txt").write_text("p\n")
    with pytest.raises(Refused, match="plain lines hold no replies"):
        course(tmp_path / "c.txt")
    with pytest.raises(Refused, match="no such file"):
        course(tmp_path / "nothing.jsonl")
    (tmp_path / "d.csv").write_text("prompt,antwort\np,a\n")
    with pytest.raises(Refused, match="no column 'reply'; the columns are: prompt, antwort"):
        course(tmp_path / "d.csv")
    with pytest.raises(Refused, match="an exam of replies is"):
        Replies(path=str(tmp_path / "d.csv"), exam={"bought": 5}).course(stream(0, "data"))
