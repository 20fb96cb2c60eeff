"""A stronger English sentence encoder for torch: all-MiniLM-L6-v2, 384 numbers a text (needs the `text` extra).

v(x) = mean over the tokens t of x of h_t,  h the last hidden states; divided by its length when `normalize` is on,
so that a dot product of two vectors is their cosine. Texts are cut after `max_tokens` WordPiece tokens, the two
special ones included. A text's vector does not depend on what is encoded beside it, within 1e-5: a matrix product
over more rows or more padding may round differently.

Cost: about 21 million floating-point operations a token.
Source: Reimers and Gurevych (2019), section 3 (mean pooling); Wang et al. (2020) for MiniLM.
Neutral limit: a text of one token has that token's state between those of the two special tokens, their mean.

>>> Minilm(max_tokens=64).width
384
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from tutelage.assets.fetch import asset, hashes
from tutelage.core.data import Floats32, Ints
from tutelage.core.digest import digest
from tutelage.core.method import method
from tutelage.core.parts import missing_extra
from tutelage.kit.pooling import pooled

MODEL = "minilm"
WIDTH = 384


@method
class Minilm:
    normalize: bool = True  # vectors of length 1, as the model was trained to be used
    max_tokens: Annotated[int, Field(ge=3, le=512)] = 128  # the model has 512 positions
    batch: Annotated[int, Field(ge=1)] = 32  # texts encoded at once; changes speed only

    assets: ClassVar[tuple[str, ...]] = (MODEL,)

    @property
    def width(self) -> int:
        return WIDTH

    @property
    def fingerprint(self) -> str:
        files = [hashes(MODEL)[name] for name in ("config.json", "model.safetensors", "tokenizer.json")]
        return digest("minilm", files, "mean", self.normalize, self.max_tokens)

    def encode(self, texts: Sequence[str]) -> Floats32:
        """(n, 384). Missing when the model has not been fetched or the `text` extra is not installed."""
        folder = asset(MODEL)
        run, tokens = model(folder), tokenizer(folder / "tokenizer.json", self.max_tokens)
        ids = [one.ids for one in tokens.encode_batch(list(texts))]
        return pooled(ids, WIDTH, self.batch, run, self.normalize)


@functools.lru_cache(maxsize=2)
def model(folder: Path) -> Any:
    """(ids, mask) -> states of the loaded model, kept for this process. Missing without torch and transformers."""
    try:
        import torch
        from safetensors.torch import load_file
        from transformers import BertConfig, BertModel

        from tutelage.kit.device import device
    except ModuleNotFoundError as error:
        raise missing_extra("student.text.encoder: minilm", error.name or "torch") from error
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    with torch.device("meta"):  # no weights are drawn, so no luck is used up
        made = BertModel(BertConfig(**config), add_pooling_layer=False)
    weights = {name: value for name, value in load_file(folder / "model.safetensors").items() if "pooler" not in name}
    weights.pop("embeddings.position_ids", None)  # a constant that older versions of the library saved
    made.load_state_dict(weights, strict=True, assign=True)
    place = device()
    made.float().eval()
    for parameter in made.parameters():  # not its buffers: constants that are handed over with every call instead
        parameter.data = parameter.data.to(place)

    def states(ids: Ints, mask: Ints) -> Floats32:
        with torch.inference_mode():
            seats = torch.arange(ids.shape[1], device=place).expand(ids.shape[0], -1)
            given = torch.from_numpy(ids).to(place)
            found = made(
                input_ids=given, attention_mask=torch.from_numpy(mask).to(place), position_ids=seats,
                token_type_ids=torch.zeros_like(given),
            )  # fmt: skip
            return np.asarray(found.last_hidden_state.cpu().numpy(), dtype=np.float32)

    return states


@functools.lru_cache(maxsize=2)
def tokenizer(path: Path, longest: int) -> Any:
    """The WordPiece tokenizer, kept for this process, cutting after `longest` tokens and padding nothing."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_file(str(path))
    made.no_padding()
    made.enable_truncation(longest)
    return made
