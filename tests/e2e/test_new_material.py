"""Golden path 3 with a person's own files and a decoder small enough for a test: run, read, hand out, ask."""

import json
from pathlib import Path

import pytest

import tutelage
from tutelage.cli.main import main

SMALL = ["--set", "student={use: text.tiny, hidden: 16, layers: 1, heads: 2, window: 256}", "--set", "data.probes=3",
         "--set", "learn.adapter={use: lora, r: 2, targets: linear}", "--set", "learn.passes=1", "--workers", "0"]  # fmt: skip


@pytest.fixture
def book(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    folder.mkdir()
    for k in range(6):
        rule = f"# Rule {k}\n\nWhoever comes on day {k} signs the book.\n\nWhoever leaves on day {k} says so."
        (folder / f"{k}.md").write_text(rule, encoding="utf-8")
    return folder


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    path = tmp_path / "faq.jsonl"
    rows = [{"prompt": f"What is {k} and {k}?", "reply": f"It is {2 * k}."} for k in range(12)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_folder_is_learned_beside_what_is_kept_and_handed_out(
    book: Path, faq: Path, tmp_path: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "new-material", "--data", str(book), "--keep", f"faq={faq}", "--seeds", "2", "--runs",
             str(tmp_path / "runs"), "--name", "mine", *SMALL]  # fmt: skip
    assert main(words) == 0
    said = capsys.readouterr()
    assert "what was learned and what was lost" in said.out
    assert "stand for 'faq'" in said.err and "texts in the pool" in said.err
    assert main(["report", str(tmp_path / "runs" / "mine"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    ledger = {arm["name"]: {one["name"]: one for one in arm["abilities"]} for arm in told["arms"]}
    assert set(ledger) == {"retained", "plain"} and set(ledger["plain"]) == {"reply_loss", "reply_loss_faq"}
    assert ledger["retained"]["reply_loss"]["gained"]["value"] > 0, "it learned to read the handbook at all"
    assert ledger["retained"]["reply_loss_faq"]["gained"]["how"] == ""  # two seeds give no interval
    lessons = {arm["name"]: arm["facts"][-1]["lessons"] for arm in told["arms"]}
    assert lessons["retained"] == lessons["plain"], "what is replayed is no new lesson"
    spent = {arm["name"]: arm["spent"]["training_tokens"] for arm in told["arms"]}
    assert spent["retained"] > spent["plain"]

    assert main(["export", str(tmp_path / "runs" / "mine"), str(tmp_path / "model")]) == 0
    loaded = tutelage.load(tmp_path / "model")
    assert len(loaded.reply(["Who signs the book?"], max_tokens=5).texts) == 1
    ask = tmp_path / "ask.jsonl"
    ask.write_text(json.dumps({"text": "Who signs?"}) + "\n", encoding="utf-8")
    assert main(["predict", str(tmp_path / "runs" / "mine"), str(ask), "--max-tokens", "3"]) == 0


def test_a_folder_without_documents_is_refused_before_anything_is_made(
    tmp_path: Path, faq: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    words = ["run", "new-material", "--data", str(tmp_path / "empty"), "--keep", f"faq={faq}", "--runs",
             str(tmp_path / "runs"), *SMALL]  # fmt: skip
    assert main(words) == 2
    assert "holds no file that ends with .txt, .md" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
