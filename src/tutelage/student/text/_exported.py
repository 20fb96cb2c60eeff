"""A taught language model as other people's files: an adapter as peft reads it, a whole model as transformers does."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM

from tutelage.core.data import Array
from tutelage.core.errors import ContractBroken, Fault, Refused
from tutelage.kit import grown_blocks
from tutelage.kit.grafts import BLOCKS, ROW, SECOND, STACK
from tutelage.kit.soft_prompt import Prefix
from tutelage.student.text._decoder import quiet
from tutelage.student.text._language import BEFORE, opened
from tutelage.student.text._shared import twin
from tutelage.student.text._speaker import State

NEAR = 1e-4  # between their logits and ours
HOW = {
    True: """from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("{name}")
model = PeftModel.from_pretrained(base, "THIS FOLDER/files")""",
    False: """from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("THIS FOLDER/files")""",
}
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def exported(folder: Path, base: Any, state: State, name: str) -> str:
    """`folder` gets an adapter where the base is unchanged, else the whole model, copied layers in their row; always
    the tokenizer.

    name: what the base is called, for peft to find it. The files are read again by those libraries, and what they make
    of a few tokens is compared with the student. Returns the lines of Python that load them. Refused for what no other
    library reads, such as an adapter over weights that have moved; ContractBroken when they read something else.
    """
    graft = json.loads(state.graft) if state.graft else {}
    for key, what in ((STACK, "a stack"), (SECOND, "a second network")):
        if key in graft:
            words = f"no other library reads {what} beside a model"
            raise Refused(Fault("export", words, "tutelage.load reads `model`"))
    added = {key for key in state.arrays if ".lora_" in key or key.startswith(BEFORE)}
    if added and added != set(state.arrays):
        what = "weights of the base moved as well as those added to it, and no other library has a file for both"
        raise Refused(Fault("export", what, "tutelage.load reads `model`"))
    folder.mkdir(parents=True, exist_ok=True)
    base.tokenizer.save_pretrained(folder)
    if not added:
        model = opened(base, state).model
        if BLOCKS in graft:
            grown_blocks.joined(model)
        model.save_pretrained(folder)
    else:
        config, arrays = _one(graft, state.arrays) if ROW in graft else (graft, state.arrays)
        if state.before:
            before = opened(base, state).before
            arrays = {f"{BEFORE}values": before.values.detach().cpu().numpy()}
            config = _config(base.model.config, before.kind, arrays[f"{BEFORE}values"])
        told = {**config, "base_model_name_or_path": name, "inference_mode": True}
        (folder / CONFIG).write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        save_file({_named(key): np.ascontiguousarray(_shaped(key, one)) for key, one in arrays.items()},
                  folder / WEIGHTS)  # fmt: skip
        (folder / WEIGHTS).chmod(0o644)  # as every other file that is handed out
    _checked(folder, base, state, bool(added))
    return HOW[bool(added)].format(name=name)


def _one(graft: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[dict[str, Any], dict[str, Array]]:
    """The low-rank layers of several episodes as one of their summed rank, for which alpha grows alike."""
    count, config = graft["count"], dict(graft["config"])
    config |= {"r": config["r"] * count, "lora_alpha": config["lora_alpha"] * count}
    made = {}
    for key in arrays:
        if ".episode_1." in key:
            parts = [arrays[key.replace(".episode_1.", f".episode_{number + 1}.")] for number in range(count)]
            joined = np.concatenate(parts, axis=0 if ".lora_A." in key else 1)
            made[key.replace(".episode_1.", ".default.")] = joined
    return config, made


def _checked(folder: Path, base: Any, state: State, adapter: bool) -> None:
    """That the files mean to others what the student means to us."""
    ids = torch.arange(1, 9)[None] % base.model.config.get_text_config().vocab_size
    mine = opened(base, state)
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that will go
        if adapter:
            from peft import PeftModel

            theirs: Any = PeftModel.from_pretrained(twin(base.model), str(folder))
        else:
            given: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
            theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=base.model.dtype, **given)
    ids, theirs = ids.to(base.model.device), theirs.to(base.model.device)
    with torch.no_grad():
        said = theirs.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0, -1].float()
        ours = mine.logits(ids)[0, -1]
    if float((said - ours).abs().max()) > NEAR * max(float(ours.abs().max()), 1.0):
        raise ContractBroken("the files that were written answer otherwise than the student")


def _named(key: str) -> str:
    if key.startswith(BEFORE):
        return "prompt_embeddings"
    return "base_model.model." + key.removeprefix("model.").replace(".default.", ".")


def _shaped(key: str, array: Any) -> Any:
    return array.reshape(len(array), -1) if key.startswith(BEFORE) else array


def _config(config: Any, kind: str, values: Array) -> dict[str, Any]:
    """What peft wants to know of a learned prompt; a row of them is one long prompt to it."""
    text, prefix = config.get_text_config(), kind == Prefix.kind
    heads = values.shape[3] if prefix else text.num_attention_heads
    width = values.shape[3] * values.shape[4] if prefix else values.shape[1]
    return {
        "peft_type": "PREFIX_TUNING" if prefix else "PROMPT_TUNING", "task_type": "CAUSAL_LM",
        "num_virtual_tokens": len(values), "token_dim": width, "num_transformer_submodules": 1,
        "num_attention_heads": heads, "num_layers": text.num_hidden_layers,
    }  # fmt: skip
