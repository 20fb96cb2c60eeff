"""The GGUF student with the real SmolLM2: greedy and drawn replies, luck, windows, files, and that its port is shut."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tutelage.core.data import Table, Text
from tutelage.core.errors import Missing, Refused, TutelageError
from tutelage.core.parts import build
from tutelage.core.writing import CanJudge, Turn
from tutelage.student.text import gguf
from tutelage.toys import stream

pytestmark = pytest.mark.slow
POOL = Table.of("asked", {"text": ["What is 2 + 2?", "Name a colour."]}).pool()


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """No model stays in memory behind these tests."""
    yield
    gguf._server.cache_clear()


def student(**settings: Any) -> Any:
    pytest.importorskip("xllamacpp")
    try:
        return build("student", {"use": "text.gguf", "window": 512, **settings}).begin(POOL, stream(0, "student"))
    except Missing as missing:
        pytest.skip(str(missing))


def test_greedy_is_the_likeliest_and_drawn_once() -> None:
    told = student(template="none").write(["The capital of France is"], 3, stream(0, "w"), max_tokens=4, temperature=0)
    assert "Paris" in told.texts[0, 0] and len(set(told.texts[0])) == 1
    assert told.tokens_in.tolist() == [5] and told.tokens_out.tolist() == [[4, 0, 0]]
    part = student(template="none").write(["The capital of France is"], 1, stream(0, "w"), max_tokens=4, temperature=0, stop=["aris"])  # fmt: skip
    assert part.texts[0, 0] == told.texts[0, 0].split("aris")[0]


def test_a_reply_is_the_same_whatever_is_asked_beside_or_before_it() -> None:
    model, prompts = (
        student(),
        ["Name a colour.", (Turn("system", "Be brief."), Turn("user", "Name a fruit.")), "Go on."],
    )
    many = model.write(prompts, 3, stream(1, "w"), max_tokens=6)
    assert (model.write(prompts[1:2], 3, stream(1, "w"), max_tokens=6).texts[0] == many.texts[1]).all()
    assert (student().write(prompts[::-1], 2, stream(1, "w"), max_tokens=6).texts == many.texts[::-1, :2]).all()
    assert (
        len(set(many.texts.ravel())) > 3
        and (model.write(prompts, 3, stream(2, "w"), max_tokens=6).texts != many.texts).any()
    )


def test_every_token_can_be_drawn() -> None:
    """At temperature 30 the tokens are nearly uniform over 49,152: none of 40 first tokens is drawn more than three times.

    With a top-k of 40, as llama.cpp has it unless told otherwise, some would be.
    """
    told = student().write(["Name a colour."], 40, stream(0, "w"), max_tokens=1, temperature=30.0).texts[0]
    assert max(list(told).count(one) for one in set(told) if one) <= 3 and len(set(told)) > 30


def test_it_answers_a_pool() -> None:
    model = student(instruction="Answer with one word.", pattern="{x}", max_tokens=4)
    block = model.answer(POOL, stream(0, "a"))
    assert block.kind is Text and block.cost.min() > 10 and not isinstance(model, CanJudge)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(Refused, match="student.window.*context size"):
        student().write(["a " * 3000], 1, stream(0, "w"))
    with pytest.raises(Refused, match="leaves no room for 64 more in 512"):
        student().write(["a " * 430], 1, stream(0, "w"))


def test_files(tmp_path: Path) -> None:
    """A path to the asset's file is the same student; what is no GGUF file is refused, a torn one cannot be loaded."""
    one = student()
    assert student(model=str(one.file.path)).fingerprint == one.fingerprint != student(instruction="x").fingerprint
    with pytest.raises(Refused, match="no asset and no file"):
        student(model="nope")
    (tmp_path / "not.gguf").write_bytes(b"PK\x03\x04")
    with pytest.raises(Refused, match="does not begin as a GGUF file"):
        student(model=str(tmp_path / "not.gguf"))
    (tmp_path / "torn.gguf").write_bytes(one.file.path.read_bytes()[:5000])
    with pytest.raises(TutelageError, match="cannot load"):
        student(model=str(tmp_path / "torn.gguf")).write(["x"], 1, stream(0, "w"))
    one.save(tmp_path / "s")
    assert one.maker.load(tmp_path / "s").fingerprint == one.fingerprint


def test_its_port_is_shut() -> None:
    """Anybody on this machine may knock; without the secret nobody is answered."""
    model = student()
    model.write(["x"], 1, stream(0, "w"), max_tokens=1)
    server = gguf._server(model.file.path, 512, 1, os.getpid())
    body = json.dumps({"prompt": "x", "max_tokens": 1}).encode()
    request = urllib.request.Request(
        server.listening_address + "/v1/completions", body, {"Content-Type": "application/json"}
    )
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
    refused.value.close()


def test_listing_students_imports_no_runtime() -> None:
    code = (
        "import sys; from tutelage.core.parts import load, names\n"
        "for name in ('text.gguf', 'text.endpoint'): assert name in names('student'); load('student', name)\n"
        "print([m for m in ('torch', 'transformers', 'xllamacpp', 'openai', 'ssl') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() in ("[]", "['ssl']")
