"""`tutelage predict`: what a taught student says about new rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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

Columns: id, label, probability, flag ("unsure" below --below), text. In CSV a text that begins like a formula gets
an apostrophe. Takes one arm at one seed and says which; it never picks the seed that did best on the exam."""

COLUMNS = ("id", "label", "probability", "flag", "text")
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
    format: Annotated[
        Literal["csv", "tsv", "jsonl", "parquet", "lines"] | None,
        typer.Option("--format", help="The file's format.", show_default="by suffix"),
    ] = None,
    below: Annotated[
        float, typer.Option("--below", min=0.0, max=1.0, help="Flag rows whose label has a lower probability.")
    ] = 0.5,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write .csv, .jsonl or .parquet.", show_default="CSV on standard output"),
    ] = None,
    runs: RunsFolder = None,
    json: Json = False,
) -> int:
    """Label new rows with a taught student: label, probability, and a flag where it is unsure."""
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
    vector = tuple(how.get("vector") or ())
    pool = rows_of(
        file, text or how.get("text", "text"), format, id=id, vector=vector, encoding=how.get("encoding", "utf-8")
    ).pool()
    say(f"{record.name}: arm {picked.arm} ({picked.why}), seed {picked.seed}")
    counts = _write(picked.load(), pool, below, out, json)
    told = {"run": record.name, "arm": picked.arm, "seed": picked.seed, **counts}
    if json and out is not None:
        as_json({**told, "written": str(out)})
    say(
        f"{counts['rows']:,} rows, {counts['unsure']:,} of them below {below:g}"
        + (f"; written to {out}" if out else "")
    )
    return 0


def _write(taught: Taught, pool: Pool, below: float, out: Path | None, json: bool) -> dict[str, int]:
    """Batch by batch to its place: the file, or standard output as CSV, or with --json as JSON lines."""
    kind = SUFFIXES[out.suffix.lower()] if out is not None else ("jsonl" if json else "csv")
    counts = {"rows": 0, "unsure": 0}
    batches = _batches(taught, pool, below, counts)
    if kind == "parquet":
        _parquet(batches, out)
    elif out is None:
        _lines(batches, kind, sys.stdout)
    else:
        part = out.with_name(f".{out.name}.part")
        with part.open("w", encoding="utf-8", newline="") as sink:
            _lines(batches, kind, sink)
        part.replace(out)
    return counts


def _batches(taught: Taught, pool: Pool, below: float, counts: dict[str, int]) -> Iterator[list[dict[str, Any]]]:
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


def _lines(batches: Iterator[list[dict[str, Any]]], kind: str, sink: Any) -> None:
    import csv
    import json

    from tutelage.cli.sheet import guarded

    writer = csv.DictWriter(sink, COLUMNS, lineterminator="\n")
    if kind == "csv":
        writer.writeheader()
    for rows in batches:
        if kind == "csv":
            writer.writerows(
                {**row, "id": guarded(row["id"]), "label": guarded(row["label"]), "text": guarded(row["text"])}
                for row in rows
            )
        else:
            sink.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _parquet(batches: Iterator[list[dict[str, Any]]], out: Path | None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    assert out is not None
    schema = pa.schema([(name, pa.float64() if name == "probability" else pa.string()) for name in COLUMNS])
    part = out.with_name(f".{out.name}.part")
    with pq.ParquetWriter(part, schema) as writer:
        for rows in batches:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    part.replace(out)
