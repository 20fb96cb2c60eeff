"""A fetched GGUF file as a plain folder of safetensors, tokenizer and config, made once and kept in the user's cache.

Reading GGUF takes half a minute of processor time for 135 million weights and far longer for larger ones; the folder
loads in under a second. Its weights are the quantised ones, written as float32: nothing is gained back.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tutelage.assets.fetch import asset, hashes
from tutelage.core.parts import missing_extra
from tutelage.kit.cache import cache_folder

MEMBER = "model.gguf"


def dequantised(name: str) -> Path:
    """The folder for this asset and this content. Missing when it has not been fetched or the extra is not there."""
    source = asset(name)
    root = cache_folder("models")
    place = root / f"{name}-{hashes(name)[MEMBER][:16]}"
    if place.is_dir():
        return place
    with _alone(root / ".lock"):  # another process may be at it: what it made is then found here
        if not place.is_dir():
            staging = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
            try:
                _convert(source, staging)
                staging.chmod(0o755)
                staging.rename(place)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    return place


def _convert(source: Path, target: Path) -> None:
    try:
        import gguf  # noqa: F401  # transformers asks for it only when it has begun
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        raise missing_extra("reading a GGUF file", error.name or "gguf") from error
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    # The reader of GGUF draws its own progress bar, whatever the setting above says.
    quiet = contextlib.redirect_stderr(io.StringIO())
    try:
        with quiet:
            model = AutoModelForCausalLM.from_pretrained(source, gguf_file=MEMBER, dtype=torch.float32)
        model.hf_quantizer = None  # the weights are plain now, and a model that says otherwise cannot be saved
        del model.config.quantization_config
        model.save_pretrained(target)
        AutoTokenizer.from_pretrained(source, gguf_file=MEMBER).save_pretrained(target)
    finally:
        if shown:
            logging.enable_progress_bar()
    for path in target.iterdir():
        path.chmod(0o644)
        with path.open("rb") as file:
            os.fsync(file.fileno())


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time; whoever dies lets go."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
