"""Tables of scores in four formats: the same columns from all, and a message for what is wrong with one."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.core.errors import Refused
from tutelage.study.foreign.columns import Asked, Sheet
from tutelage.study.foreign.json_columns import Wanted, json_columns
from tutelage.study.foreign.read import sheet


def written(path: Path, columns: dict[str, list]) -> Path:
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in table.to_pylist()) + "\n")
    else:
        pacsv.write_csv(table, path, pacsv.WriteOptions(delimiter="\t" if path.suffix == ".tsv" else ","))
    return path


def refusal(path: Path, text: str | bytes, **asked) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Refused) as caught:
        sheet(path, Asked(**asked))
    return str(caught.value)


def content(read: Sheet) -> list:
    (one,) = read.scores
    columns = [None if column is None else column.to_pylist() for column in (one.items, one.draws, one.groups)]
    return [*columns, one.values.tolist()]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_format_gives_the_same(tmp_path: Path, suffix: str) -> None:
    columns = {
        "item": [7, 8, 7, 8],
        "group": ["u", "v", "u", "v"],
        "seed": [0, 0, 1, 1],
        "score": [0.5, 1.0, 0.25, -3.0],
    }
    read = sheet(written(tmp_path / f"a{suffix}", columns), Asked())
    assert content(read) == [["7", "8", "7", "8"], ["0", "0", "1", "1"], ["u", "v", "u", "v"], [0.5, 1.0, 0.25, -3.0]]
    assert read.format == suffix[1:] and read.notes == ("id = item, score = score, seed = seed, group = group",)


def test_the_content_and_not_the_suffix_says_what_a_file_is(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", {"item": ["x"], "score": [1]})
    assert sheet(path.rename(tmp_path / "a.csv"), Asked()).format == "jsonl"


def test_columns_are_named_by_options(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv", {"q": ["x", "y"], "f1": [0.1, 0.2], "run": [3, 3], "author": ["m", "n"], "item": [1, 2]}
    )
    read = sheet(path, Asked(id="q", score="f1", seed="run", group="author"))
    assert content(read) == [["x", "y"], ["3", "3"], ["m", "n"], [0.1, 0.2]]


def test_a_metric_column_makes_measures(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        {"item": ["x", "x", "y", "y"], "metric": ["f1", "em", "f1", "em"], "score": [0.5, 1, 0.25, 0]},
    )
    read = sheet(path, Asked())
    assert [(one.name, one.items.to_pylist(), one.values.tolist()) for one in read.scores] == [
        ("f1", ["x", "y"], [0.5, 0.25]),
        ("em", ["x", "y"], [1, 0]),
    ]
    assert [one.name for one in sheet(path, Asked(metric="em")).scores] == ["em"]
    with pytest.raises(Refused, match="no measure is called 'emm'; there are: f1, em"):
        sheet(path, Asked(metric="emm"))


def test_truth_values_are_scores(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("item,correct\nx,True\ny,false\n")
    assert content(sheet(tmp_path / "a.csv", Asked()))[3] == [1, 0]
    (tmp_path / "a.jsonl").write_text('{"item": "x", "correct": true}\n{"item": "y", "correct": false}\n')
    assert content(sheet(tmp_path / "a.jsonl", Asked()))[3] == [1, 0]
    (tmp_path / "b.jsonl").write_text('{"item": "x", "correct": true}\n\n{"item": 2, "correct": 0.5, "more": [1]}\n')
    assert content(sheet(tmp_path / "b.jsonl", Asked()))[::3] == [["x", "2"], [1, 0.5]]


def test_semicolons_and_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes('\ufeffitem;score\n"x;1";0.5\n'.encode())
    assert content(sheet(tmp_path / "a.csv", Asked()))[::3] == [["x;1"], [0.5]]
    (tmp_path / "a.jsonl").write_bytes('\ufeff{"item": "é", "score": 1}\n'.encode())
    assert content(sheet(tmp_path / "a.jsonl", Asked()))[::3] == [["é"], [1]]


def test_what_is_wrong_is_told_with_row_and_field(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    said = refusal(path, "item,score\nx,1\ny,good\nz,\n,0\nv,nan\nw,1_0\n")
    assert "row 2, field score: a finite number is expected, found 'good'" in said
    assert "row 3, field score: the cell is empty" in said and "row 4, field item: the cell is empty" in said
    assert "row 5, field score: a finite number" in said and "row 6, field score: a finite number" in said
    assert "row 2: the row has 3 cells" in refusal(path, "item,score\nx,1\ny,2,3\n")
    assert "a header and no row" in refusal(path, "item,score\n")
    assert "byte 0xe9" in refusal(path, b"item,score\n\xe9,1\n")


def test_what_is_wrong_in_json_lines_is_told_with_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    said = refusal(
        path,
        '{"item": 1, "score": 1}\n{"item": 2, "score": "1"}\n\n{"item": 2.5, "score": NaN}\n[1]\n{"item": 3\n{"score": 1}\n',
    )
    assert 'line 2, field score: a finite number is expected, found "1"' in said
    assert "line 4, field item: a text or a whole number is expected, found 2.5" in said
    assert "line 4, field score: a finite number is expected, found NaN" in said
    assert "line 5: one JSON object a line is expected" in said and "line 6: this is not JSON" in said
    assert "line 7, field item: a text or a whole number is expected, found nothing" in said
    assert "half of a surrogate pair" in refusal(path, '{"item": "\\ud800", "score": 1}\n')
    assert "byte 0xe9" in refusal(path, b'{"item": 1, "score": 1}\n{"item": "\xe9", "score": 1}\n')


def test_columns_that_are_not_there_or_not_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    said = refusal(path, "name,f1\nx,1\n")
    assert "no column of the id (called item or id or item_id); the columns are: name, f1" in said
    assert "no column of the score" in said and "--score NAME says which" in said
    assert "columns item and id could both be the id" in refusal(path, "item,id,score\nx,1,1\n")
    assert "did you mean 'f1'?" in refusal(path, "item,f1\nx,1\n", score="f_1")
    assert "stands 2 times" in refusal(path, "item,score,score\nx,1,1\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "the file is empty"),
        (b"[\n{}]", "a JSON array"),
        (b'{\n "a": 1\n}\n', "JSON over several lines that is no log"),
        (b"PK\x05\x06" + b"\0" * 18, "a zip archive, but no log"),
        (b"\x7fELF\0\0\0", "neither text, nor zip, nor Parquet"),
        (b'{"results": {}, "higher_is_better": {}}', "the results of whole tasks"),
    ],
)
def test_what_cannot_be_recognised(tmp_path: Path, text: bytes, says: str) -> None:
    assert says in refusal(tmp_path / "a", text)


def test_no_such_file_and_no_such_format(tmp_path: Path) -> None:
    (tmp_path / "base.csv").write_text("item,score\nx,1\n")
    with pytest.raises(Refused, match=r"no such file\n.*did you mean 'base.csv'"):
        sheet(tmp_path / "bas.csv", Asked())
    with pytest.raises(Refused, match="'lm_eval' is no format\n.*did you mean 'lm-eval'"):
        sheet(tmp_path / "base.csv", Asked(format="lm_eval"))


@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl", "parquet", "lm-eval", "inspect"])
def test_a_wrong_format_is_refused_whatever_it_is(tmp_path: Path, format: str) -> None:
    with pytest.raises(Refused, match="there is no such file"):
        sheet(tmp_path / "none", Asked(format=format))
    said = refusal(tmp_path / "a", b"\x00\x01not a file of scores\xff\xfe\n", format=format)
    assert str(tmp_path / "a") in said
    if format in ("lm-eval", "inspect"):
        assert "lm-eval" in said or "inspect_ai" in said or "JSON" in said
        assert str(tmp_path / "a") in refusal(tmp_path / "a", '{"item": 1, "score": 1}\n', format=format)


def test_lists_in_parquet_are_no_columns_of_scores(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", {"item": [1, 2], "score": [[1.0], [2.0]]})
    with pytest.raises(Refused, match="no column of the score"):
        sheet(path, Asked())


ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": st.one_of(st.integers(-(2**60), 2**60), st.text(st.characters(codec="utf-8"), min_size=1)), "v": st.one_of(st.booleans(), st.integers(-9, 9), st.floats(-1e9, 1e9))},
        optional={"more": st.one_of(st.none(), st.lists(st.integers()))},
    ),
    min_size=1,
)  # fmt: skip


@settings(max_examples=60)
@given(rows=ROWS)
def test_json_columns_are_what_the_standard_library_reads(
    rows: list[dict], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    read = json_columns(path, Wanted({"id": ("id",)}, ("v",)))
    assert read.text("id").to_pylist() == [row["id"] if isinstance(row["id"], str) else str(row["id"]) for row in rows]
    assert np.array_equal(read.value("v"), np.array([float(row["v"]) for row in rows]))
