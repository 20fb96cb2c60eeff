"""A frozen language model in a GGUF file, run on the processor by llama.cpp: it writes, and is never taught.

    reply_ij ~ softmax(z / temperature), token by token, with the luck of prompt i and draw j; at temperature 0 the
    likeliest token each time

Every token can be drawn: no top-k, no top-p, no penalty. `template: auto` is the chat template in the file, or ChatML
where it holds none; `none` is plain text. A prompt that does not fit `window` with its reply is refused, not shortened.
The weights are used as they are in the file, without torch. Products are made with activations rounded to 8 bits, so
log-probabilities are not those of the same file in fp32, under `text.causal`: SmolLM2's differ by 0.04 nats a token on
average, 0.2 at most (`benchmarks/writing.py`). Replies may differ with them, and this student does not judge. A prompt
is read anew in every call, once for all its draws, so that no reply depends on what was asked before.
Answering a pool with labels, its answer is the label that the reply names, and none where it names none.

Source: llama.cpp by Gerganov and others (2023), through its server's interface, in this process. Luck is a seed for
each reply, as in `text.endpoint`.
Neutral limit: none; it answers as the model in the file does.

>>> Gguf(window=512).model
'smollm2-135m-instruct'
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from tutelage.assets.dequantised import MEMBER
from tutelage.assets.fetch import asset, hashes
from tutelage.core.data import Block, Kinds, Modality, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused, TutelageError, nearest
from tutelage.core.method import method, settings
from tutelage.core.parts import missing_extra
from tutelage.core.writing import CanWrite, Prompt, Written
from tutelage.kit.luck import seeds
from tutelage.kit.words import in_words
from tutelage.student import _head
from tutelage.student.text._openai import Said, framed, gathered, question, said
from tutelage.student.text._place import assets, hashed

PLAIN = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "typical_p": 1.0, "repeat_penalty": 1.0}


class File(NamedTuple):
    """Where the weights are; print_ is of their content."""

    path: Path
    print_: str


@dataclass(frozen=True, eq=False)
class GgufStudent:
    """Settings and labels; the weights are shared by all of this process."""

    maker: Gguf
    names: tuple[str, ...]
    file: File

    @property
    def labels(self) -> tuple[str, ...]:
        return self.names

    @functools.cached_property
    def fingerprint(self) -> str:
        told = {key: value for key, value in settings(self.maker).items() if key != "model"}
        return digest(told, list(self.names), self.file.print_)

    def asks(self, pool: Pool) -> list[Prompt]:
        """The prompts with which it answers these rows."""
        return framed(pool, self.maker.instruction, self.maker.pattern)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        told = self.write(self.asks(pool), 1, rng, max_tokens=self.maker.max_tokens, temperature=0)
        return in_words(pool, told, "text.gguf")

    def write(
        self,
        prompts: Sequence[Prompt],
        k: int,
        rng: Rng,
        *,
        max_tokens: int = 64,
        temperature: float = 1.0,
        stop: Sequence[str] = (),
    ) -> Written:
        chat, draws = self.maker.template == "auto", k if temperature > 0 else min(k, 1)
        how = {**PLAIN, "max_tokens": max_tokens, "temperature": temperature, "stop": list(stop)}
        luck, replies = seeds(prompts, draws, rng), []
        for row, prompt in enumerate(prompts):
            asked = {**how, **question(prompt, chat)}
            for draw in range(draws):  # the first reads the prompt anew; what later ones find is then its reading alone
                one = {**asked, "seed": int(luck[row, draw]) >> 32, "cache_prompt": draw > 0}
                reply = self._said(one, chat, stop)
                replies.append(reply if draw == 0 else reply._replace(read=0))
        return gathered(replies, len(prompts), draws, k // draws if draws else 1)

    def save(self, folder: Path) -> None:
        """Settings and labels; the weights stay where they are."""
        _head.save(folder, self.maker, self, {})

    def _said(self, body: dict[str, Any], chat: bool, stop: Sequence[str]) -> Said:
        server = _server(self.file.path, self.maker.window, self.maker.threads, os.getpid())
        told = (server.handle_chat_completions if chat else server.handle_completions)(body)
        if "error" in told:
            fault = Fault("student.text.gguf", str(told["error"].get("message", told["error"])))
            if told["error"].get("type") == "exceed_context_size_error":
                raise Refused(fault._replace(where="student.window", help="a larger window, or a shorter prompt"))
            raise Refused(fault)
        reply = said(told, chat, stop)
        if reply.read + body["max_tokens"] > self.maker.window:
            what = f"a prompt of {reply.read} tokens leaves no room for {body['max_tokens']} more"
            raise Refused(Fault("student.window", f"{what} in {self.maker.window}", "a larger window"))
        return reply


@method
class Gguf:
    model: str = "smollm2-135m-instruct"  # an asset or a .gguf file
    template: Literal["auto", "none"] = "auto"  # the chat template in the file, or plain text
    instruction: str = ""  # said first when it answers a pool
    pattern: Annotated[str, Field(pattern=r"\{x\}")] = "{x}"  # how a text is asked about when it answers a pool
    max_tokens: Annotated[int, Field(ge=1)] = 256  # of such an answer
    window: Annotated[int, Field(ge=64)] = 2048  # tokens of a prompt with its reply
    threads: Annotated[int, Field(ge=1)] = 1

    reads: ClassVar[frozenset[Modality]] = frozenset({"text"})
    can: ClassVar[Kinds] = frozenset({CanWrite})

    @property
    def assets(self) -> tuple[str, ...]:
        """What has to be fetched for it."""
        return (self.model,) if self.model in assets() else ()

    def begin(self, pool: Pool, rng: Rng) -> GgufStudent:
        return GgufStudent(self, pool.labels, _file(self.model))

    def load(self, folder: Path) -> GgufStudent:
        labels, _ = _head.read(folder, self)
        student = GgufStudent(self, labels, _file(self.model))
        _head.checked(folder, student)
        return student


def _file(model: str) -> File:
    """Missing, with the command that gets it, when an asset is not here; Refused for what is no GGUF file."""
    if model in assets():
        return File(asset(model) / MEMBER, digest("gguf", hashes(model)[MEMBER]))
    path = Path(model).expanduser()
    if not path.is_file():
        what = f"{model!r} is no asset and no file"
        raise Refused(Fault("student.model", what, nearest(model, assets(), "tutelage list assets")))
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise Refused(Fault("student.model", f"{path} does not begin as a GGUF file does"))
    told = path.stat()
    return File(path.resolve(), digest("gguf", hashed(path, told.st_size, told.st_mtime_ns)))


@functools.lru_cache(maxsize=2)
def _server(path: Path, window: int, threads: int, process: int) -> Any:
    """The model, loaded once a process. llama.cpp also listens on a port of this machine: a secret shuts it."""
    try:
        from xllamacpp import CommonParams, Server
    except ModuleNotFoundError as error:
        raise missing_extra("student: text.gguf", error.name or "xllamacpp") from error
    wanted = CommonParams()
    wanted.model.path = str(path)
    wanted.n_ctx, wanted.n_parallel, wanted.n_gpu_layers = window, 1, 0
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = threads
    wanted.warmup, wanted.verbosity, wanted.cache_ram_mib, wanted.ui = False, 0, 0, False
    wanted.port, wanted.api_keys = 0, [os.urandom(24).hex()]
    try:
        return Server(wanted)
    except RuntimeError as error:
        raise TutelageError(f"llama.cpp cannot load {path}: {error}") from error
