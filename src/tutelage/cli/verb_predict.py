"""`tutelage predict`: what a taught student says about new rows, labels or replies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from tutelage.cli.options import Arm, Json, RunName, RunsFolder, Seed, runs_folder
from tutelage.cli.say import as_json, say

if TYPE_CHECKING:
    from tutelage.core.data import Pool
    from tutelage.taught import Taught

EXAMPLES = """Examples:

\b
  tutelage predict last new.csv --text body
  tutelage predict last mails.txt --below 0.6 --out answers.jsonl
  tutelage predict last big.parquet --arm uniform --out answers.parquet
  tutelage predict last asked.jsonl --text prompt --task task

Columns: id, label, probability, flag ("unsure" below --below), text; of a student that writes: id, reply, tokens, text,
where the text is the prompt. In CSV a text that begins like a formula gets
an apostrophe. Takes one arm at one seed and says which; it never picks the seed that did best on the exam."""

LABELS, REPLIES = ("id", "label", "probability", "flag", "text"), ("id", "reply", "tokens", "text")
AT_ONCE = 32  # prompts between two lines of progress; a reply takes seconds
Batches: TypeAlias = "Iterator[list[dict[str, Any]]]"
SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet"}


def predict(
    run: RunName,
    file: Annotated[Path, typer.Argument(help="Plain lines (.txt), CSV, TSV, JSONL or Parquet.")],
    arm: Arm = None,
    seed: Seed = None,
    text: Annotated[
        str | None, typer.Option("--text", help="The column of texts.", show_default="as in the run's recipe")
    ] = None,
    id: Annotated[str | None, typer.Option("--id", help="The column of ids.", show_default="row numbers")] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", help="The column that says which task a row is of, for a student that goes by it."),
    ] = None,
    format: Annotated[
        Literal["csv", "tsv", "jsonl", "parquet", "lines"] | None,
        typer.Option("--format", help="The file's format.", show_default="by suffix"),
    ] = None,
    below: Annotated[
        float, typer.Option("--below", min=0.0, max=1.0, help="Flag rows whose label has a lower probability.")
    ] = 0.5,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=1, help="The longest reply of a student that writes.")
    ] = 256,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write .csv, .jsonl or .parquet.", show_default="CSV on standard output"),
    ] = None,
    runs: RunsFolder = None,
    json: Json = False,
) -> int:
    """Label new rows with a taught student, with a flag where it is unsure; or have one that writes reply to them."""
    from tutelage.core.errors import Fault, Refused
    from tutelage.kit.tables import rows_of
    from tutelage.runs.record import find
    from tutelage.study.summary import summary
    from tutelage.taught import pick

    if out is not None and out.suffix.lower() not in SUFFIXES:
        raise Refused(
            Fault(
                str(out), f"the suffix {out.suffix!r} does not say what to write", "end it in .csv, .jsonl or .parquet"
            )
        )
    record = find(run, runs_folder(runs))
    picked = pick(record, summary(record), arm, seed)
    how = record.read().recipes[picked.arm].data
    how = how["of"] if isinstance(how.get("of"), dict) else how  # new material, whose own data name the columns
    vector = tuple(how.get("vector") or ())
    taught = picked.load()
    usual = "prompt" if taught.writes and how["use"] != "passages" else "text"
    column = text or how.get("text") or how.get("prompt") or usual
    encoding = how.get("encoding", "utf-8")
    pool = rows_of(file, column, format, id=id, task=task, vector=vector, encoding=encoding).pool()
    say(f"{record.name}: arm {picked.arm} ({picked.why}), seed {picked.seed}")
    counts = {"rows": 0} if taught.writes else {"rows": 0, "unsure": 0}
    batches = _replies(taught, pool, max_tokens, counts) if taught.writes else _labels(taught, pool, below, counts)
    _write(batches, REPLIES if taught.writes else LABELS, out, json)
    told = {"run": record.name, "arm": picked.arm, "seed": picked.seed, **counts}
    if json and out is not None:
        as_json({**told, "written": str(out)})
    unsure = "" if taught.writes else f", {counts['unsure']:,} of them below {below:g}"
    say(f"{counts['rows']:,} rows{unsure}" + (f"; written to {out}" if out else ""))
    return 0


def _write(batches: Batches, columns: tuple[str, ...], out: Path | None, json: bool) -> None:
    """Batch by batch to its place: the file, or standard output as CSV, or with --json as JSON lines."""
    kind = SUFFIXES[out.suffix.lower()] if out is not None else ("jsonl" if json else "csv")
    if kind == "parquet":
        _parquet(batches, columns, out)
    elif out is None:
        _lines(batches, columns, kind, sys.stdout)
    else:
        part = out.with_name(f".{out.name}.part")
        with part.open("w", encoding="utf-8", newline="") as sink:
            _lines(batches, columns, kind, sink)
        part.replace(out)


def _replies(taught: Taught, pool: Pool, max_tokens: int, counts: dict[str, int]) -> Batches:
    from tutelage.cli.progress import Progress
    from tutelage.kit.words import questions

    with Progress("rows") as bar:
        for batch in pool.batches(AT_ONCE):
            texts = batch.texts()
            told = "task" in batch.table.columns.column_names
            said = taught.reply(questions(taught.student, batch) if told else texts, max_tokens)
            lines = zip(batch.ids(), said.texts, said.tokens.tolist(), texts, strict=True)
            rows = [dict(zip(REPLIES, one, strict=True)) for one in lines]
            counts["rows"] += len(rows)
            bar("replying", counts["rows"], len(pool))
            yield rows


def _labels(taught: Taught, pool: Pool, below: float, counts: dict[str, int]) -> Batches:
    from tutelage.cli.progress import Progress

    done = 0
    payload = "text" in pool.holds
    with Progress("rows") as bar:
        for batch in pool.batches(4096):
            said = taught.predict_pool(batch)
            sure = said.confidence
            texts = batch.texts() if payload else [""] * len(batch)
            rows = [
                {
                    "id": id,
                    "label": label,
                    "probability": round(float(p), 6),
                    "flag": "unsure" if p < below else "",
                    "text": text,
                }
                for id, label, p, text in zip(batch.ids(), said.labels, sure, texts, strict=True)
            ]
            done += len(rows)
            counts["rows"], counts["unsure"] = done, counts["unsure"] + sum(bool(row["flag"]) for row in rows)
            bar("predicting", done, len(pool))
            yield rows


def _lines(batches: Batches, columns: tuple[str, ...], kind: str, sink: Any) -> None:
    import csv
    import json

    from tutelage.cli.sheet import guarded

    writer = csv.DictWriter(sink, columns, lineterminator="\n")
    if kind == "csv":
        writer.writeheader()
    for rows in batches:
        if kind == "csv":
            writer.writerows(
                {name: guarded(value) if isinstance(value, str) and name != "flag" else value
                 for name, value in row.items()} for row in rows
            )  # fmt: skip
        else:
            sink.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _parquet(batches: Batches, columns: tuple[str, ...], out: Path | None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    assert out is not None
    numbers = {"probability": pa.float64(), "tokens": pa.int64()}
    schema = pa.schema([(name, numbers.get(name, pa.string())) for name in columns])
    part = out.with_name(f".{out.name}.part")
    with pq.ParquetWriter(part, schema) as writer:
        for rows in batches:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    part.replace(out)
