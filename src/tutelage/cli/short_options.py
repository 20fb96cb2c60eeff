"""The short options of `run` and `plan`: a person's own file, how many labels, which seeds and arms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Your file: CSV, TSV, JSONL, Parquet, plain lines (.txt), or a folder of documents."),
]
Text = Annotated[
    str | None, typer.Option("--text", help="Its column of texts, or of prompts.", show_default="text, or prompt")
]
Candidates = Annotated[
    str | None,
    typer.Option("--candidates", help="Its column of replies to a prompt, or of lists of them.", show_default="reply"),
]
Source = Annotated[str | None, typer.Option("--source", help="Who wrote a reply: a column, or a key in the lists.")]
Keep = Annotated[
    str | None,
    typer.Option(
        "--keep",
        metavar="NAMES",
        help="What must not be lost beside new material: general, instructions, NAME=PATH of your own; with commas.",
    ),
]
LabelColumn = Annotated[
    str | None, typer.Option("--label", help="Its column of labels; empty cells are unlabelled rows.")
]
Labels = Annotated[
    int | None, typer.Option("--labels", min=1, help="How many labels may be bought; per_round follows.")
]
Id = Annotated[str | None, typer.Option("--id", help="Its column of ids.", show_default="row numbers")]
Group = Annotated[str | None, typer.Option("--group", help="A column whose equal values stay on one side of the exam.")]
ExamShare = Annotated[
    float | None,
    typer.Option(
        "--exam-share",
        min=0.01,
        max=0.9,
        help="Share of the labels in the file that becomes the exam.",
        show_default="0.25",
    ),
]
ExamLabels = Annotated[
    int | None, typer.Option("--exam-labels", min=1, help="Buy an exam of so many random rows instead.")
]
Seeds = Annotated[str | None, typer.Option("--seeds", help="5 are five seeds, 10:15 are 10 to 14.")]
Arms = Annotated[list[str] | None, typer.Option("--arm", help="Take this arm only; repeat for more.")]
