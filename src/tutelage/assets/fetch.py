"""Fetch, find and verify assets: pinned archives, hashed members, nothing imported and nothing unpickled."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tutelage.assets.catalog import Catalogue, Entry, catalogue, entry, sharing
from tutelage.assets.pypi import Progress, download
from tutelage.assets.unpack import check_archive, damaged, manifest_of, unpack
from tutelage.core.errors import Fault, Missing, Refused
from tutelage.kit.cache import cache_folder

LIMIT = 1800.0  # seconds that one download may take


class Status(NamedTuple):
    """What `tutelage doctor` says about one asset. `size`: bytes on disk when here, else of the download."""

    name: str
    what: str
    here: bool
    size: int
    makes_possible: str
    licence: str  # of the content
    get: str  # the command that gets it; "" when it is here


def fetch(
    name: str,
    from_file: Path | None = None,
    progress: Progress | None = None,
    shelf: Catalogue | None = None,
    limit: float = LIMIT,
) -> Path:
    """The asset's folder, downloaded if it is not there yet or no longer what it was.

    `from_file`: use this archive instead of downloading; its hash must be the pinned one all the same. Entries that
    come in the same archive are unpacked together, so that none is downloaded twice. `limit`: seconds for the download.
    Missing when the client or the registry does not answer, Refused for a wrong name, a wrong hash or an absent member.
    """
    wanted = _fetchable(entry(name, shelf))
    root = cache_folder("assets")
    place = root / wanted.folder
    if from_file is None and manifest_of(place) and not damaged(place):
        return place
    work = Path(tempfile.mkdtemp(prefix=".get-", dir=root))
    try:
        archive = _given(from_file) if from_file is not None else download(wanted, work, limit, progress)
        check_archive(wanted, archive, progress)
        for one in sharing(wanted, shelf):
            if one is wanted or not manifest_of(root / one.folder):
                unpack(one, archive, root, progress)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return place


def asset(name: str, shelf: Catalogue | None = None) -> Path:
    """The folder of an asset that has been fetched. Missing, with the command that gets it, when it has not."""
    wanted = _fetchable(entry(name, shelf))
    place = cache_folder("assets") / wanted.folder
    members = manifest_of(place)
    if not members or not all((place / member).is_file() for member in wanted.members.values()):
        raise Missing(
            f"the asset {name!r} is not on this machine: {wanted.what} ({megabytes(wanted.size)} to download)",
            f"tutelage fetch {name}",
        )
    return place


def hashes(name: str) -> Mapping[str, str]:
    """Member -> SHA-256 of a fetched asset, as hashed when it was unpacked. Missing when it has not been fetched."""
    return manifest_of(asset(name))


def verify(name: str) -> tuple[str, ...]:
    """The members of a fetched asset that are gone or changed; reads every byte. Missing when it was not fetched."""
    return damaged(asset(name))


def status(shelf: Catalogue | None = None) -> list[Status]:
    """Every asset of the catalogue, in its order: whether it is here, how large, and what it makes possible."""
    return [_status(one, shelf) for one in (catalogue() if shelf is None else shelf).values()]


def _status(one: Entry, shelf: Catalogue | None) -> Status:
    here, size, get = True, one.size, ""
    if one.source != "builtin":
        try:
            place = asset(one.name, shelf)
            size = sum((place / member).stat().st_size for member in one.members.values())
        except Missing:
            here, get = False, f"tutelage fetch {one.name}"
    return Status(one.name, one.what, here, size, one.makes_possible, one.licence.content, get)


def megabytes(size: int) -> str:
    """Bytes for people.

    >>> megabytes(27538947)
    '27.5 MB'
    """
    return f"{size / 1e6:.1f} MB"


def _fetchable(one: Entry) -> Entry:
    if one.source == "builtin":
        raise Refused(Fault(one.name, f"comes with {one.package}, there is nothing to fetch", "tutelage doctor"))
    return one


def _given(path: Path) -> Path:
    if not path.is_file():
        raise Refused(Fault(str(path), "there is no such file"))
    return path
