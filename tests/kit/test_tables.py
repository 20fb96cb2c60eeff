"""Files into tables: what is read, what is kept, what is refused and in which words."""

import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tutelage.core.errors import Refused
from tutelage.kit import tables
from tutelage.kit.layout import Layout
from tutelage.kit.tables import open_table, rows_of

pytestmark = pytest.mark.usefixtures("own_cache")


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path: Path, layout: Layout | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        open_table(path, layout or Layout())
    assert not list(tables.cache_folder("tables").glob("*.arrow")), "nothing is kept of a file that was refused"
    assert not list(tables.cache_folder("tables").glob("*.tmp"))
    return caught.value


ROWS = [("a", "eins, zwei", "x"), ("b", "drei\nvier", ""), ("c", 'sagt "fünf"', "y"), ("d", "sechs", " x ")]


def table_file(folder: Path, format: str) -> Path:
    """The same four rows in each format; the third text is not ASCII, the second label is empty."""
    path = folder / f"four.{format}"
    if format == "parquet":
        pq.write_table(
            pa.table(dict(zip(("key", "body", "queue"), map(list, zip(*ROWS, strict=True)), strict=True))), path
        )
    elif format == "jsonl":
        lines = [json.dumps(dict(zip(("key", "body", "queue"), row, strict=True)), ensure_ascii=False) for row in ROWS]
        path.write_text("\n".join(lines), encoding="utf-8")
    else:
        mark = "," if format == "csv" else "\t"
        cells = [mark.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in ROWS]
        path.write_text("\n".join([mark.join(("key", "body", "queue")), *cells]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl", "parquet"])
def test_each_format_gives_the_same_rows(tmp_path: Path, format: str) -> None:
    """By hand: labels x, y; codes 0, none, 1 and 0 (the spaces around x are removed and noted)."""
    opened = open_table(table_file(tmp_path, format), Layout(text="body", label="queue", id="key"))
    assert opened.table.pool().texts() == [row[1] for row in ROWS]
    assert opened.table.pool().ids() == ["a", "b", "c", "d"]
    assert opened.table.labels == ("x", "y") and opened.codes.tolist() == [0, -1, 1, 0]
    assert opened.first == {"x": 1, "y": 3} and "1 label cells had spaces" in opened.notes[0]
    assert opened.table.columns.schema.field("text").type == pa.large_string()
    assert "label" not in opened.table.columns.column_names, "a pool must not show its labels"


def test_default_ids_are_row_numbers_below_the_header(tmp_path: Path) -> None:
    table = rows_of(written(tmp_path, "a.csv", "text\nx\ny\n"))
    assert table.pool().ids() == ["1", "2"]


def test_plain_lines_leave_blank_lines_out(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path, "a.txt", "one\r\n\n  \ntwo\n")).pool().texts() == ["one", "two"]


def test_second_opening_maps_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table_file(tmp_path, "csv")
    layout = Layout(text="body", label="queue")
    first = open_table(path, layout)
    monkeypatch.setattr(tables, "_ingest", lambda *_: pytest.fail("read again"))
    again = open_table(path, layout)
    assert again.table.fingerprint == first.table.fingerprint and again.codes.tolist() == first.codes.tolist()


def test_a_large_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table_file(tmp_path, "csv")
    os.utime(path, ns=(10**18, 10**18))  # long ago, hence settled
    open_table(path, Layout(text="body"))
    monkeypatch.setattr(tables.hashlib, "file_digest", lambda *_: pytest.fail("hashed again"))
    open_table(path, Layout(text="body"))


def test_changed_content_or_layout_is_another_table(tmp_path: Path) -> None:
    path = table_file(tmp_path, "csv")
    first = open_table(path, Layout(text="body")).table.fingerprint
    assert open_table(path, Layout(text="key")).table.fingerprint != first
    path.write_text("body\nother\n")
    changed = open_table(path, Layout(text="body"))
    assert changed.table.fingerprint != first and changed.table.pool().texts() == ["other"]


def test_the_same_content_elsewhere_is_the_same_table(tmp_path: Path) -> None:
    one, two = written(tmp_path, "a.csv", "text\nx\n"), written(tmp_path, "b.csv", "text\nx\n")
    assert open_table(one).table.fingerprint == open_table(two).table.fingerprint


def test_a_damaged_cache_is_written_again(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "text\nx\n")
    open_table(path)
    for kept in tables.cache_folder("tables").glob("*.arrow"):
        kept.write_bytes(kept.read_bytes()[:-10])
    assert open_table(path).table.pool().texts() == ["x"]


BAD = {
    "missing": ("no.csv", None, Layout(), "there is no such file"),
    "empty": ("a.csv", "", Layout(), "the file is empty (0 bytes)"),
    "blank": ("a.csv", "\n\n", Layout(), "blank lines only"),
    "header only": ("a.csv", "text,label\n", Layout(), "a header and no rows"),
    "no column": ("a.csv", "body,queue\nx,y\n", Layout(text="boddy"), "there is no column 'boddy'; the columns are: body, queue"),
    "nearest column": ("a.csv", "body,queue\nx,y\n", Layout(text="boddy"), "setting text: did you mean 'body'?"),
    "column twice": ("a.csv", "text,text\nx,y\n", Layout(), "stands 2 times in the header"),
    "semicolons": ("a.csv", "text;label\nx;y\n", Layout(), 'set separator: ";"'),
    "tabs": ("a.csv", "text\tlabel\nx\ty\n", Layout(), 'set separator: "\\t"'),
    "commas": ("a.tsv", "text,label\nx,y\n", Layout(), 'set separator: ","'),
    "encoding": ("a.csv", b"text\nab\ncaf\xe9\n", Layout(), "line 3: byte 0xe9 at position 4 of the line is not utf-8"),
    "encoding, advice": ("a.csv", b"text\nab\ncaf\xe9\n", Layout(), "set encoding: to what the file was saved in, often cp1252"),
    "encoding, mixed": ("a.csv", b"text\n\xc3\xa9\ncaf\xe9\n", Layout(), "the file mixes encodings"),
    "encoding, header": ("a.csv", b"t\xe9xt\nx\n", Layout(), "line 1: byte 0xe9"),
    "encoding, wide": ("a.csv", "text\nx\n".encode("utf-16"), Layout(), "set encoding: utf-16"),
    "encoding, not wide": ("a.csv", b"text\nxyz", Layout(encoding="utf-16"), "the bytes are not utf-16"),
    "encoding, unknown": ("a.csv", "text\nx\n", Layout(encoding="utf-9"), "no encoding is called 'utf-9'"),
    "encoding, json": ("a.jsonl", b'{"text": "caf\xe9"}\n', Layout(), "line 1: byte 0xe9 at position 14"),
    "encoding, lines": ("a.txt", b"ab\ncaf\xe9\n", Layout(), "line 2: byte 0xe9"),
    "duplicate ids": ("a.csv", "id,text\nq,x\nr,y\nq,z\n", Layout(id="id"), "row 3, field id: the id 'q' stands in 2 rows: 1, 3"),
    "empty id": ("a.csv", "id,text\n,x\n", Layout(id="id"), "row 1, field id: the id is empty"),
    "empty text": ("a.csv", "text,label\nx,a\n  ,b\n", Layout(), "row 2, field text: the text is empty"),
    "empty text, json": ("a.jsonl", '{"text": "x"}\n{"text": null}\n', Layout(), "row 2, field text: the text is missing"),
    "long text": ("a.csv", "text\nabc\nabcdé\n", Layout(longest=4), "row 2, field text: the text has 5 characters; 4 are allowed"),
    "long text, setting": ("a.csv", "text\nabcde\n", Layout(longest=4), "raise the setting `longest`"),
    "NaN": ("a.csv", "a,b\n1,2\nnan,3\n", Layout(vector=("a", "b")), "row 2, field a: nan is not a finite number"),
    "infinity": ("a.jsonl", '{"a": 1}\n{"a": Infinity}\n', Layout(vector=("a",)), "row 2, field a: inf is not a finite number"),
    "too large": ("a.csv", "a\n1e300\n", Layout(vector=("a",)), "row 1, field a: inf is not a finite number"),
    "no number": ("a.csv", "a,b\n1,2\n1,zwei\n", Layout(vector=("a", "b")), "row 2, field b: 'zwei' is not a number"),
    "empty number": ("a.csv", "a,b\n1,2\n,3\n", Layout(vector=("a", "b")), "row 2, field a: the cell is empty"),
    "vector width": ("a.jsonl", '{"v": [1, 2]}\n{"v": [1]}\n', Layout(vector=("v",)), "row 2, field v: the vector has 1 numbers, the first one 2"),
    "ragged": ("a.csv", "text,label\nx,a\n\ny\nz,b,c\n", Layout(), "row 2: the row has 1 cells, the header 2"),
    "ragged, quote": ("a.csv", 'text,label\n"x,a\ny,b\n', Layout(), "an unclosed quotation mark?"),
    "bad JSON": ("a.jsonl", '{"text": "x"}\n\n{"text": "y"\n', Layout(), "line 3: this is not JSON"),
    "JSON list": ("a.jsonl", '["x"]\n', Layout(), "line 1: one JSON object is expected"),
    "JSON number": ("a.jsonl", '{"text": "x"}\n{"text": 5}\n', Layout(), "row 2, field text: a string is expected, found 5"),
    "half a pair": ("a.jsonl", '{"text": "\\ud800"}\n', Layout(), "row 1, field text: the string holds half of a surrogate pair"),
    "no JSON column": ("a.jsonl", '{"body": "x"}\n', Layout(), "there is no column 'text'; the columns are: body"),
    "no Parquet": ("a.parquet", "text\nx\n", Layout(), "cannot be read as parquet"),
    "suffix": ("a.xlsx", "text\nx\n", Layout(), "set format: csv, tsv, jsonl or parquet"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_has_its_own_sentence(tmp_path: Path, case: str) -> None:
    name, content, layout, sentence = BAD[case]
    path = tmp_path / name if content is None else written(tmp_path, name, content)
    said = str(refused(path, layout))
    assert sentence in said and name in said


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert "text_folder" in str(refused(tmp_path))


def test_parquet_columns_of_another_type(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [1, 2]}), tmp_path / "a.parquet")
    assert "a column of text is expected, this one holds int64" in str(refused(tmp_path / "a.parquet"))


def test_parquet_bytes_that_are_no_text(tmp_path: Path) -> None:
    broken = pa.array([b"ok", b"caf\xe9"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": broken}), tmp_path / "a.parquet")
    assert "row 2, field text: the bytes are not UTF-8" in str(refused(tmp_path / "a.parquet"))


def test_all_faults_of_a_file_at_once_and_the_first_twenty_listed(tmp_path: Path) -> None:
    """30 empty texts, 1 ragged row and 1 duplicate id: 32 found, 20 listed."""
    rows = ["id,text", *(f"{i}, " for i in range(30)), "a,b,c", "q,x", "q,y"]
    error = refused(written(tmp_path, "a.csv", "\n".join(rows)), Layout(id="id"))
    assert error.found == 32 and len(error.faults) == 20 and "... and 12 more" in str(error)


def test_rows_after_a_ragged_row_keep_their_numbers(tmp_path: Path) -> None:
    """Row 2 is ragged, row 4 is empty: both are told under these numbers."""
    error = refused(written(tmp_path, "a.csv", "text,label\nx,a\ny\nz,b\n ,c\n"))
    assert [fault.where.rpartition("a.csv, ")[2] for fault in error.faults] == ["row 2", "row 4, field text"]


def test_rows_after_a_bad_json_line_keep_their_numbers(tmp_path: Path) -> None:
    error = refused(written(tmp_path, "a.jsonl", '{"text": "x"}\n{\n{"text": ""}\n'))
    assert [fault.where.rpartition("a.jsonl, ")[2] for fault in error.faults] == ["line 2", "row 3, field text"]


def test_labels_that_differ_only_in_case_are_a_note(tmp_path: Path) -> None:
    opened = open_table(written(tmp_path, "a.csv", "text,label\nx,Spam\ny,spam\nz,spam\n"), Layout(label="label"))
    assert opened.table.labels == ("Spam", "spam")
    assert opened.notes == (
        "These labels differ only in upper and lower case and are kept apart: 'Spam' (1), 'spam' (2).",
    )


def test_json_labels_may_be_numbers_or_absent(tmp_path: Path) -> None:
    """Arrow's parser refuses this block, the slow path must read it: labels 3 and true, then none."""
    lines = '{"text": "x", "label": 3}\n{"text": "y", "label": true}\n{"text": "z"}\n'
    opened = open_table(written(tmp_path, "a.jsonl", lines), Layout(label="label"))
    assert opened.table.labels == ("3", "true") and opened.codes.tolist() == [0, 1, -1]


def test_json_read_slowly_equals_json_read_quickly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(json.dumps({"text": f"tëxt \u2603 {i}\n", "label": "ab"[i % 2], "n": i}) + "\n" for i in range(50))
    quick = open_table(written(tmp_path, "a.jsonl", lines), Layout(label="label"))
    from tutelage.kit import lines as reading

    called = []
    monkeypatch.setattr(reading, "quick_batch", lambda *_: called.append(1))
    slow = open_table(written(tmp_path, "b.jsonl", lines), Layout(label="label", longest=99_999))
    assert called and slow.table.columns.equals(quick.table.columns) and (slow.codes == quick.codes).all()


def test_other_encodings_and_separators_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "text;label\ncafé;x\n".encode("cp1252"))
    assert open_table(path, Layout(encoding="cp1252", separator=";")).table.pool().texts() == ["café"]
    assert rows_of(written(tmp_path, "b.csv", "text\ncafé\n".encode("utf-16")), encoding="utf-16").pool().texts() == [
        "café"
    ]
    assert rows_of(written(tmp_path, "c.csv", b"\xef\xbb\xbftext\nx\n")).pool().texts() == ["x"], "a byte order mark"
    assert rows_of(written(tmp_path, "d.jsonl", b'\xef\xbb\xbf{"text": "x"}')).pool().texts() == ["x"]


def test_vectors_from_columns_and_from_lists(tmp_path: Path) -> None:
    wide = rows_of(written(tmp_path, "a.csv", "a,b\n1,2.5\n-3,4\n"), vector=("a", "b")).pool()
    assert wide.holds == {"vector"} and wide.vectors().tolist() == [[1, 2.5], [-3, 4]]
    pq.write_table(pa.table({"v": pa.array([[1.0, 2.5], [-3.0, 4.0]], pa.list_(pa.float32()))}), tmp_path / "a.parquet")
    np.testing.assert_array_equal(rows_of(tmp_path / "a.parquet", vector=("v",)).pool().vectors(), wide.vectors())


def test_many_batches_keep_order_and_numbers(tmp_path: Path) -> None:
    """40,000 rows are three batches of JSON and one row group of Parquet read in several batches."""
    texts = [f"text {i} {'x' * (i % 50)}" for i in range(40_000)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    path = written(tmp_path, "a.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts))
    for made in (rows_of(tmp_path / "a.parquet"), rows_of(path)):
        rows = np.array([39_999, 0, 17, 17, 20_000])
        assert made.pool().take(rows).texts() == [texts[row] for row in rows]
        assert made.pool().take(rows).ids() == [str(row + 1) for row in rows]
