"""Logs that inspect_ai wrote itself (see fixtures/make_logs.py), and logs that are odd or broken."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from tutelage.core.errors import Refused
from tutelage.study.foreign.columns import Asked
from tutelage.study.foreign.packed import member
from tutelage.study.foreign.read import sheet

LOGS = Path(__file__).parent / "fixtures" / "inspect"


def loaded(path: Path, name: str) -> object:
    with member(path, name) as text:
        return json.load(text)


@pytest.mark.parametrize("name", ["one.eval", "two.eval", "one_five.eval", "two_five.eval"])
def test_columns_are_the_samples_of_the_archive(name: str) -> None:
    """Summaries, the whole samples and the metrics that the tool computed all say the same."""
    path = LOGS / name
    read = sheet(path, Asked())
    head, summaries = loaded(path, "header.json"), loaded(path, "summaries.json")
    assert read.format == "inspect" and [one.title for one in read.scores] == ["sums/includes", "sums/match"]
    for one, told in zip(read.scores, head["results"]["scores"], strict=True):
        values = [{"C": 1.0, "I": 0.0}[sample["scores"][one.name]["value"]] for sample in summaries]
        assert one.values.tolist() == values
        assert one.items.to_pylist() == [sample["id"] for sample in summaries]
        assert one.draws.to_pylist() == [str(sample["epoch"]) for sample in summaries]
        assert one.values.mean() == pytest.approx(told["metrics"]["accuracy"]["value"])
        for sample in summaries:
            whole = loaded(path, f"samples/{sample['id']}_epoch_{sample['epoch']}.json")
            assert whole["scores"][one.name]["value"] == sample["scores"][one.name]["value"]
    assert sum(read.tokens.values()) == sum(use["total_tokens"] for use in head["stats"]["model_usage"].values())


@pytest.mark.parametrize("name", ["one.json", "two.json"])
def test_columns_are_the_samples_of_the_document(name: str) -> None:
    read, told = sheet(LOGS / name, Asked()), json.loads((LOGS / name).read_text())
    for one in read.scores:
        assert one.values.tolist() == [{"C": 1.0, "I": 0.0}[s["scores"][one.name]["value"]] for s in told["samples"]]
        assert one.items.to_pylist() == [sample["id"] for sample in told["samples"]]
    usage = told["stats"]["model_usage"]["mockllm/model"]
    assert read.tokens == {"input": usage["input_tokens"], "output": usage["output_tokens"]} and read.notes == ()


def test_a_compact_document_is_recognised_too(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(json.loads((LOGS / "one.json").read_text())))
    read, same = sheet(tmp_path / "a.json", Asked()), sheet(LOGS / "one.json", Asked())
    assert [one.values.tolist() for one in read.scores] == [one.values.tolist() for one in same.scores]


def made(path: Path, samples: list[dict], status: str = "success", **eval_: object) -> Path:
    head = {
        "version": 2,
        "status": status,
        "eval": {"task": "t", "created": path.name} | eval_,
        "stats": {"model_usage": {}},
    }
    path.write_text(json.dumps(head | {"samples": samples}, indent=1))
    return path


def sample(number: int, value: object, epoch: int = 1, **more: object) -> dict:
    return {"id": number, "epoch": epoch, "scores": {"judge": {"value": value}}} | more


def test_values_become_numbers_as_the_tool_makes_them(tmp_path: Path) -> None:
    values = ["C", "P", "I", "N", "yes", "False", True, 0.25, "1e-1", 3]
    read = sheet(made(tmp_path / "a.json", [sample(i, value) for i, value in enumerate(values)]), Asked())
    assert read.scores[0].values.tolist() == [1, 0.5, 0, 0, 1, 0, 1, 0.25, 0.1, 3]


def test_a_scorer_of_several_values_makes_several_measures(tmp_path: Path) -> None:
    read = sheet(
        made(tmp_path / "a.json", [sample(1, {"tone": 2, "fact": "C"}), sample(2, {"tone": 1, "fact": "I"})]), Asked()
    )
    assert [(one.name, one.values.tolist()) for one in read.scores] == [("judge/tone", [2, 1]), ("judge/fact", [1, 0])]


def test_samples_without_a_score_are_told(tmp_path: Path) -> None:
    samples = [
        sample(1, "C"),
        sample(2, float("nan")),
        {"id": 3, "epoch": 1, "error": {"message": "no"}},
        sample(4, "I"),
    ]
    read = sheet(made(tmp_path / "a.json", samples, status="error"), Asked())
    assert read.scores[0].items.to_pylist() == ["1", "4"]
    assert any("2 of 4 samples have no judge" in note for note in read.notes) and any(
        "'error'" in note for note in read.notes
    )


def test_values_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    path = made(tmp_path / "a.json", [sample(1, [1, 2]), sample(2, [1, 2])])
    with pytest.raises(
        Refused, match=r"no measure has a number for each item\n.*t/judge: a sample's value is \[1, 2\]"
    ):
        sheet(path, Asked())


def test_groups_are_a_key_of_the_metadata(tmp_path: Path) -> None:
    path = made(tmp_path / "a.json", [sample(i, "C", metadata={"author": i // 2}) for i in range(4)])
    assert sheet(path, Asked(group="author")).scores[0].groups.to_pylist() == ["0", "0", "1", "1"]
    with pytest.raises(Refused, match="sample 0 has no 'editor' in its metadata"):
        sheet(path, Asked(group="editor"))


def test_a_folder_of_logs_of_one_task_is_several_runs(tmp_path: Path) -> None:
    for number in (1, 2):
        made(tmp_path / f"{number}.json", [sample(7, number, epoch) for epoch in (1, 2)])
    read = sheet(tmp_path, Asked())
    assert read.scores[0].draws.to_pylist() == ["1.1", "1.2", "2.1", "2.2"] and read.scores[0].values.tolist() == [
        1,
        1,
        2,
        2,
    ]


def test_many_samples_pass_through_in_pieces(tmp_path: Path) -> None:
    """More than are kept at once, with a measure that begins late."""
    samples = [sample(i, i % 2) for i in range(9000)]
    samples[8500]["scores"]["late"] = {"value": 5}
    judge, late = sheet(made(tmp_path / "a.json", samples), Asked()).scores
    assert judge.values.tolist() == [i % 2 for i in range(9000)] and judge.items[8999].as_py() == "8999"
    assert late.items.to_pylist() == ["8500"] and late.values.tolist() == [5]


def repacked(path: Path, target: Path, method: int, keep=lambda name: True) -> Path:
    """The same archive, packed otherwise."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(target, "w", method) as made_:
        for name in filter(keep, archive.namelist()):
            with member(path, name) as text:
                made_.writestr(name, text.read())
    return target


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_packed_otherwise_say_the_same(tmp_path: Path, method: int) -> None:
    read = sheet(repacked(LOGS / "one.eval", tmp_path / "a.eval", method), Asked())
    assert [one.values.tolist() for one in read.scores] == [
        one.values.tolist() for one in sheet(LOGS / "one.eval", Asked()).scores
    ]
    with pytest.raises(Refused, match="packed with method 14"):
        sheet(repacked(LOGS / "one.eval", tmp_path / "b.eval", zipfile.ZIP_LZMA), Asked())


def test_a_run_that_was_cut_off_is_read_from_its_journal(tmp_path: Path) -> None:
    path = repacked(
        LOGS / "one.eval", tmp_path / "a.eval", zipfile.ZIP_STORED, lambda name: name.startswith("_journal")
    )
    read = sheet(path, Asked())
    assert [len(one.items) for one in read.scores] == [20, 20] and any("'started'" in note for note in read.notes)


def test_broken_logs_are_refused(tmp_path: Path) -> None:
    whole = (LOGS / "one.json").read_text()
    (tmp_path / "a.json").write_text(whole[: len(whole) // 2])
    with pytest.raises(Refused, match="not whole JSON"):
        sheet(tmp_path / "a.json", Asked())
    with pytest.raises(Refused, match="no log of inspect_ai as it is known here: KeyError 'epoch'"):
        sheet(made(tmp_path / "b.json", [{"id": 1}]), Asked())
    raw = bytearray((LOGS / "one.eval").read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(raw))) as archive:
        at = archive.getinfo("summaries.json").header_offset
    raw[at + 60 : at + 160] = bytes(100)
    (tmp_path / "c.eval").write_bytes(bytes(raw))
    with pytest.raises(Refused, match="no log of inspect_ai"):
        sheet(tmp_path / "c.eval", Asked())


def test_two_tools_in_one_folder_are_refused(tmp_path: Path) -> None:
    shutil.copy(LOGS / "one.eval", tmp_path / "a.eval")
    (tmp_path / "samples_x.jsonl").write_text('{"doc_id": 1, "metrics": ["acc"], "acc": 1}\n')
    with pytest.raises(Refused, match="logs of one arm by one tool; found inspect, lm-eval"):
        sheet(tmp_path, Asked())
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(Refused, match="no log in this folder"):
        sheet(empty, Asked())
