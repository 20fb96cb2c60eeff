"""Have a language model say sentences to study in other words, for foils of recognition.

    python docs/memories/paraphrases.py OUT.jsonl [--split dev] [--count 40] [--model smollm2-135m-instruct]

writes one line a sentence, `text` and `paraphrase`, for

    data: {use: study_sentences, foils: [paraphrase], paraphrases: OUT.jsonl}

A reply that is empty or not at its end at the limit of tokens is left out and counted. Read what was written before
relying on it. The default model, about a second a sentence of one core, is good for trying this out and for no more: of
its replies to the first 24 development sentences a reader found some seven that say the same in other words; three
repeated the sentence, which the data set leaves out, and the others said something else, which it cannot see.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tutelage.assets.fetch import asset
from tutelage.core.data import Table
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import able
from tutelage.core.writing import CanWrite
from tutelage.data._sentences import source

ASK = "Rewrite this sentence in other words, with the same meaning. Say only the sentence.\n\n{x}"
LIMIT = 96  # tokens of a reply


def main() -> None:
    """Sentences in the order of a hash of their text, so that a longer file begins with a shorter one."""
    asked = argparse.ArgumentParser()
    asked.add_argument("out", type=Path)
    asked.add_argument("--split", default="dev", choices=("dev", "test"))
    asked.add_argument("--count", type=int, default=40)
    asked.add_argument("--model", default="smollm2-135m-instruct")
    asked.add_argument("--shortest", type=int, default=8)
    asked.add_argument("--longest", type=int, default=28)
    how = asked.parse_args()
    held = source(asset("encyclopaedia"), how.split, how.shortest, how.longest).held[: how.count].tolist()
    maker = build("student", {"use": "text.causal", "model": how.model})
    writer = able(maker.begin(Table.of("sentences", {"text": held}).pool(), stream(0, "student")), CanWrite)
    prompts = [ASK.replace("{x}", text) for text in held]
    written = writer.write(prompts, 1, stream(0, "write"), max_tokens=LIMIT, temperature=0.0)
    rows = zip(held, written.texts[:, 0], written.tokens_out[:, 0], strict=True)
    whole = [(text, " ".join(said.split())) for text, said, size in rows if size < LIMIT and said.strip()]
    lines = [json.dumps({"text": text, "paraphrase": said}, ensure_ascii=False) + "\n" for text, said in whole]
    how.out.write_text("".join(lines), encoding="utf-8")
    sys.stdout.write(f"{len(whole)} of {len(held)} sentences have a reply in {how.out}\n")


if __name__ == "__main__":
    main()
