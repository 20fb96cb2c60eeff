"""A taught language model as other people's files: an adapter as peft reads it, a whole model as transformers does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tutelage.core.errors import ContractBroken
from tutelage.student.text._language import opened
from tutelage.student.text._speaker import State

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def exported(folder: Path, base: Any, state: State, name: str) -> None:
    """`folder` gets an adapter where the base is unchanged, else the whole model; always the tokenizer.

    name: what the base is called, for peft to find it. ContractBroken for an adapter over weights that have moved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    base.tokenizer.save_pretrained(folder)
    added = {key for key in state.arrays if ".lora_" in key or key.startswith("before.")}
    if not added:
        opened(base, state).model.save_pretrained(folder)
    elif added != set(state.arrays):
        raise ContractBroken("weights of the base moved as well as those added to it; peft has no file for both")
    else:
        config = json.loads(state.graft) if state.graft else _config(base.model.config, state)
        told = {**config, "base_model_name_or_path": name, "inference_mode": True}
        (folder / CONFIG).write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        save_file({_named(key): np.ascontiguousarray(_shaped(key, one)) for key, one in state.arrays.items()},
                  folder / WEIGHTS)  # fmt: skip


def _named(key: str) -> str:
    if key.startswith("before."):
        return "prompt_embeddings"
    return "base_model.model." + key.removeprefix("model.").replace(".default.", ".")


def _shaped(key: str, array: Any) -> Any:
    return array.reshape(len(array), -1) if key.startswith("before.") else array


def _config(config: Any, state: State) -> dict[str, Any]:
    """What peft wants to know of a learned prompt."""
    text = config.get_text_config()
    values = state.arrays["before.values"]
    heads = text.num_attention_heads if state.before == "prompt" else values.shape[3]
    width = values.shape[1] if state.before == "prompt" else values.shape[3] * values.shape[4]
    return {
        "peft_type": {"prompt": "PROMPT_TUNING", "prefix": "PREFIX_TUNING"}[state.before], "task_type": "CAUSAL_LM",
        "num_virtual_tokens": len(values), "token_dim": width, "num_transformer_submodules": 1,
        "num_attention_heads": heads, "num_layers": text.num_hidden_layers,
    }  # fmt: skip
