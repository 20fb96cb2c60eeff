"""Families of pretrained encoders: what their models take, and what a model's config.json says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from transformers import AutoConfig

from tutelage.core.errors import Fault, Refused


class Kind(NamedTuple):
    """What the models of one family take."""

    types: bool  # token types
    behind: bool  # positions count from behind the number of the padding token
    pooler: bool  # a layer for next-sentence prediction can be left out


KINDS = {
    "bert": Kind(True, False, True),
    "electra": Kind(True, False, False),
    "distilbert": Kind(False, False, False),
    "roberta": Kind(True, True, True),
    "xlm-roberta": Kind(True, True, True),
    "mpnet": Kind(False, True, True),
}


class Shape(NamedTuple):
    """What a model's config.json says."""

    kind: str
    width: int
    positions: int  # tokens of a text at most
    filler: int  # the padding token


def shape(folder: Path) -> Shape:
    """Refused for a model of a family that is not known."""
    told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kind = told.get("model_type")
    if kind not in KINDS:
        help = f"text.transformer reads {', '.join(KINDS)}; a decoder is read by text.causal"
        raise Refused(Fault("student.model", f"{folder} holds a model of the family {kind!r}", help))
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    filler = int(config.pad_token_id or 0)
    first = filler + 1 if KINDS[kind].behind else 0
    return Shape(kind, int(config.hidden_size), int(config.max_position_embeddings) - first, filler)
