"""Where a language model is: an asset by its name, a folder, or a model of the hub that was downloaded before."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import NamedTuple

from tutelage.assets.catalog import catalogue
from tutelage.assets.dequantised import MEMBER, dequantised
from tutelage.assets.fetch import asset, hashes
from tutelage.assets.unpack import sha256_of
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Missing, Refused, nearest
from tutelage.core.parts import missing_extra

READ = ("*.safetensors", "*.json", "*.jinja")  # what answering depends on
ENCODERS = "model.safetensors"  # the file that an asset holds which is an encoder; MEMBER: one which is a decoder


class Place(NamedTuple):
    """folder: None while an asset has not been made a folder yet. print_: of the files' contents."""

    name: str
    folder: Path | None
    print_: str

    def made(self) -> Path:
        """The folder, which takes half a minute the first time an asset is used."""
        return dequantised(self.name) if self.folder is None else self.folder


def assets(member: str = MEMBER) -> tuple[str, ...]:
    """The assets that are language models; those that hold this file."""
    return tuple(name for name, entry in catalogue().items() if member in entry.members.values())


def place(model: str, member: str = MEMBER) -> Place:
    """Missing, with the command that gets it, when the model is not on this machine; nothing is downloaded."""
    if model in assets(member):
        folder = asset(model)
        if member == MEMBER:
            return Place(model, None, digest("gguf", hashes(model)[MEMBER]))
        return Place(model, folder, digest("asset", dict(hashes(model))))
    folder = Path(model).expanduser()
    if not folder.is_dir():
        folder = _from_hub(model, member)
    files = sorted(path for pattern in READ for path in folder.glob(pattern))
    if not any(path.suffix == ".safetensors" for path in files) or not (folder / "config.json").is_file():
        what = f"{folder} holds no model: config.json and *.safetensors are read, pickled weights never are"
        raise Refused(Fault("student.model", what))
    told = [[path.name, hashed(path, path.stat().st_size, path.stat().st_mtime_ns)] for path in files]
    return Place(model, folder.resolve(), digest("folder", told))


def _from_hub(model: str, member: str) -> Path:
    """The snapshot of a hub model in the user's own hub cache."""
    if model.count("/") != 1 or model.startswith((".", "/", "~")):
        what = f"{model!r} is no folder, no asset and no name of a hub model (OWNER/NAME)"
        raise Refused(Fault("student.model", what, nearest(model, assets(member), "tutelage list assets")))
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ModuleNotFoundError as error:
        raise missing_extra(f"the model {model!r}", error.name or "huggingface_hub") from error
    try:
        return Path(snapshot_download(model, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise Missing(f"the hub model {model!r} is not on this machine", f"hf download {model}") from error


@functools.lru_cache(maxsize=256)
def hashed(path: Path, size: int, changed: int) -> str:
    """SHA-256 of a file, once a process as long as its size and date stay."""
    return sha256_of(path)
