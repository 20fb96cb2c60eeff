"""A person's own prompts with replies: from a file to an adapter that other libraries read, and replies to new prompts."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import torch

import tutelage
from tutelage.core.errors import Refused

OPTIONS = ["--data", "mine.jsonl", "--candidates", "replies", "--seeds", "1", "--set", "order.tokens=40",
           "--set", "learn.lr=0.01", "--set", "student.window=64"]  # fmt: skip


@pytest.fixture
def asked(at_home: Path, tiny_decoder: Path, own_cache: Path) -> list[str]:
    """Options of a study of eight prompts with two replies each, and a model of 2 layers that has never learnt."""
    rows = [{"prompt": f"say {i}", "replies": [f"it is {i}", f"{i}, I think"]} for i in range(8)]
    (at_home / "mine.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return [*OPTIONS, "--set", f"student.model={tiny_decoder}"]


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft asks for it
def test_from_replies_to_an_adapter(cli, asked: list[str], at_home: Path) -> None:
    """Planned, run, reported, exported and asked; peft and transformers read the adapter and answer alike."""
    planned = cli("plan", "which-data", *asked)
    assert planned.code == 0, planned.err
    head = next(line for line in planned.out.splitlines() if line.startswith("arm"))
    assert "training tokens" in head and "FLOP" in head and "?" not in planned.out.split("in all")[1].splitlines()[0]

    ended = cli("run", "which-data", *asked, "--workers", "0", "--name", "own")
    assert ended.code in (0, 4), ended.err  # one seed says nothing about luck
    assert "Tokens of 12 replies in the pool" in ended.err and "No prompt is cut." in ended.err
    page = (at_home / "runs/own/report.html").read_text(encoding="utf-8")
    assert "training tokens" in page and "reply_loss" in page

    assert cli("export", "own", "model").code == 0
    names = {path.name for path in Path("model/files").iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json"} <= names
    assert not Path("model/labels.json").exists()
    card = Path("model/README.md").read_text(encoding="utf-8")
    assert "A language model that replies to prompts" in card and ".reply(" in card and "PeftModel" in card
    assert "labels" not in card.split("## Recipe")[0].replace("0 labels", "")

    taught = tutelage.load("model")
    ids = torch.tensor([[0, 5, 6, 7, 40, 41]])
    there: dict = {}
    lines = card.split("## As other libraries read it")[1].split("```python\n")[1].split("```")[0]
    exec(lines.replace("THIS FOLDER", "model"), there)
    with torch.no_grad():
        theirs = there["model"].eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        torch.testing.assert_close(theirs, taught.student.module.logits(ids), atol=1e-4, rtol=0)
    with pytest.raises(Refused, match=r"reply\(\[\.\.\.\]\)"):
        taught.predict(["say 1"])

    (at_home / "new.jsonl").write_text('{"prompt": "say 9"}\n{"prompt": "say 10"}\n', encoding="utf-8")
    said = cli("predict", "own", "new.jsonl", "--max-tokens", "7", "--json")
    assert said.code == 0, said.err
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert [row["text"] for row in rows] == ["say 9", "say 10"] and all(0 < row["tokens"] <= 7 for row in rows)
    assert rows[0]["reply"] == taught.reply(["say 9"], 7).texts[0]
    assert cli("predict", "own", "new.jsonl", "--max-tokens", "3", "--out", "new.csv").code == 0
    assert Path("new.csv").read_text(encoding="utf-8").startswith("id,reply,tokens,text\n")
    assert cli("predict", "own", "new.jsonl", "--max-tokens", "3", "--out", "new.parquet").code == 0
