"""One file or folder as the scores of an arm, recognised by its first bytes and names, or as --format says."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from tutelage.core.errors import Fault, Refused, nearest
from tutelage.study.foreign.columns import FORMATS, Asked, Sheet, chosen
from tutelage.study.foreign.harness import harness, is_harness
from tutelage.study.foreign.inspect_log import inspect_log
from tutelage.study.foreign.own_table import own_table

HEAD = 1 << 16  # bytes
INSPECT = {"header.json", "_journal/start.json"}
HELP = f"--format says what it is: {', '.join(FORMATS)}"


def sheet(path: Path, asked: Asked) -> Sheet:
    """Everything that one arm's file or folder holds of the measures asked for."""
    if asked.format is not None and asked.format not in FORMATS:
        raise Refused(Fault("--format", f"{asked.format!r} is no format", nearest(asked.format, FORMATS)))
    _there(path)
    if path.is_dir():
        files = _logs(path)
        formats = {recognised(file) for file in files} if asked.format is None else {asked.format}
        if len(formats) > 1 or not formats <= {"lm-eval", "inspect"}:
            what = f"a folder may hold the logs of one arm by one tool; found {', '.join(sorted(formats))}"
            raise Refused(Fault(str(path), what, "name the file itself"))
        format = formats.pop()
    else:
        files, format = [path], asked.format or recognised(path)
    if format == "lm-eval":
        made = harness(files, path, asked)
    elif format == "inspect":
        made = inspect_log(files, path, asked)
    else:
        made = own_table(path, format, asked)
    if not made.scores:
        raise Refused(Fault(str(path), "no measure has a number for each item", "; ".join(made.notes)))
    return chosen(made, asked)


def recognised(path: Path) -> str:
    """The format of a file, by its content. Refused when the content does not say."""
    _there(path)
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(b"PAR1"):
        return "parquet"
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if INSPECT & set(archive.namelist()):
                return "inspect"
        raise Refused(Fault(str(path), "a zip archive, but no log of inspect_ai", HELP))
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"{":
        return _json(path, text)
    if text[:1] == b"[":
        raise Refused(Fault(str(path), "a JSON array; one JSON object a line is read", "write a line for each item"))
    if b"\0" in head:
        raise Refused(Fault(str(path), "the file is neither text, nor zip, nor Parquet", HELP))
    return _table(text)


def _there(path: Path) -> None:
    """Refused when there is nothing to read."""
    if not path.exists():
        beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        raise Refused(Fault(str(path), "there is no such file", nearest(path.name, beside) if beside else ""))
    if path.is_file() and path.stat().st_size == 0:
        raise Refused(Fault(str(path), "the file is empty (0 bytes)", "was it written to the end?"))


def _json(path: Path, text: bytes) -> str:
    """JSON lines when the first line is an object by itself; otherwise one document, which only one tool writes."""
    line = text.partition(b"\n")[0]
    if len(line) == len(text):  # longer than what was read
        with path.open("rb") as file:
            line = next(raw for raw in file if not raw.isspace())
    try:
        first = json.loads(line)
    except ValueError:
        first = {}
    if is_harness(first):
        return "lm-eval"
    if {"eval", "status"} <= set(first) or (not first and re.search(rb'^\s*"eval"\s*:\s*\{', text, re.MULTILINE)):
        return "inspect"
    if {"results", "higher_is_better"} & set(first) or (not first and b'"results"' in text):
        what = "the results of whole tasks, without the items"
        raise Refused(Fault(str(path), what, "run with --log_samples and name samples_<task>_<time>.jsonl"))
    if not first:
        raise Refused(Fault(str(path), "JSON over several lines that is no log known here", HELP))
    return "jsonl"


def _table(text: bytes) -> str:
    header = text.partition(b"\n")[0]
    return "tsv" if b"\t" in header and b"," not in header else "csv"


def _logs(folder: Path) -> list[Path]:
    """The logs in a folder; where it holds none, those of its only sub-folder that does."""
    held: dict[Path, list[Path]] = {}
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".eval" or re.fullmatch(r"samples_.*\.jsonl", file.name) or _inspect_json(file):
            held.setdefault(file.parent, []).append(file)
    if folder in held:
        return held[folder]
    if len(held) > 1:
        what = f"logs stand in {len(held)} folders below it: {', '.join(str(one.relative_to(folder)) for one in held)}"
        raise Refused(Fault(str(folder), what, "name one of them for each arm"))
    if not held:
        what = "no log in this folder (samples_*.jsonl of lm-eval, .eval or .json of inspect_ai)"
        raise Refused(Fault(str(folder), what, "lm-eval writes samples with --log_samples"))
    return next(iter(held.values()))


def _inspect_json(file: Path) -> bool:
    if file.suffix != ".json" or file.name.startswith("results_") or not file.is_file():
        return False
    with file.open("rb") as opened:
        return b'"eval"' in opened.read(4096)
