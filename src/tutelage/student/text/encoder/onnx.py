"""A small English sentence encoder that needs no torch: paraphrase-MiniLM-L3 run by onnxruntime, 384 numbers a text.

v(x) = mean over the tokens t of x of h_t,  h the last hidden states; divided by its length when `normalize` is on,
so that a dot product of two vectors is their cosine. Texts are cut after `max_tokens` WordPiece tokens, the two
special ones included. A text's vector depends on the text alone: not on what is encoded beside it, nor on padding
(bit for bit in the tests; 1e-5 is what is promised for another processor).

Cost: about 11 million floating-point operations a token.
Source: Reimers and Gurevych (2019), section 3 (mean pooling); Wang et al. (2020) for MiniLM.
Neutral limit: a text of one token has that token's state between those of the two special tokens, their mean.

>>> Onnx(max_tokens=64).width
384
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from tutelage.assets.fetch import asset, hashes
from tutelage.core.data import Floats32, Ints
from tutelage.core.digest import digest
from tutelage.core.errors import Missing
from tutelage.core.method import method
from tutelage.kit.pooling import pooled

MODEL, TOKENIZER = "minilm-onnx", "minilm-tokenizer"
STATES = "onnx::Shape_422"  # the graph's name for the last hidden states (b, t, 384)
WIDTH = 384


@method
class Onnx:
    normalize: bool = True  # vectors of length 1
    max_tokens: Annotated[int, Field(ge=3, le=512)] = 128  # the graph has 512 positions
    batch: Annotated[int, Field(ge=1)] = 16  # texts encoded at once; changes speed only
    threads: Annotated[int, Field(ge=1)] = 1  # of one process; changes speed only

    assets: ClassVar[tuple[str, ...]] = (MODEL, TOKENIZER)

    @property
    def width(self) -> int:
        return WIDTH

    @property
    def fingerprint(self) -> str:
        files = [hashes(MODEL)["model.onnx"], hashes(TOKENIZER)["tokenizer.json"]]
        return digest("onnx", files, STATES, "mean", self.normalize, self.max_tokens)

    def encode(self, texts: Sequence[str]) -> Floats32:
        """(n, 384). Missing when the model or its tokenizer has not been fetched."""
        graph = session(asset(MODEL) / "model.onnx", self.threads)
        tokens = tokenizer(asset(TOKENIZER) / "tokenizer.json", self.max_tokens)
        ids = [one.ids for one in tokens.encode_batch(list(texts))]

        def states(batch: Ints, mask: Ints) -> Floats32:
            found: Floats32 = graph.run([STATES], {"input_ids": batch, "attention_mask": mask})[0]
            return found

        return pooled(ids, WIDTH, self.batch, states, self.normalize)


@functools.lru_cache(maxsize=4)
def session(path: Path, threads: int) -> Any:
    """The loaded graph, kept for this process. Missing when the file is not the graph that is meant."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    made = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    found = {node.name: node.shape for node in made.get_outputs()}
    if STATES not in found or found[STATES][-1] != WIDTH:
        what = f"{path} has no output {STATES!r} of width {WIDTH}; it has {', '.join(found)}"
        raise Missing(what, f"tutelage fetch {MODEL}")
    return made


@functools.lru_cache(maxsize=4)
def tokenizer(path: Path, longest: int) -> Any:
    """The WordPiece tokenizer, kept for this process, cutting after `longest` tokens and padding nothing."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_file(str(path))
    made.no_padding()
    made.enable_truncation(longest)
    return made
