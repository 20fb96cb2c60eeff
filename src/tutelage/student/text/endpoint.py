"""A model behind any OpenAI-compatible server, here or elsewhere: it writes, and is never taught.

    reply_ij ~ model(. | prompt_i),   one request for each reply, its seed that of prompt i and draw j

`url` is what the server calls its base, often ending in /v1; vLLM, llama.cpp and the paid services speak this
interface. `key_env` names the environment variable that holds the key; the key itself stands in no recipe, record or
message. `concurrency` requests are under way at once. A request without an answer after `timeout` seconds, or one that
a busy or broken server turned away, is made again up to `retries` times; it may then be paid twice. A prompt is billed
for every reply, so `tokens_in` counts it k times. At temperature 0 one reply is asked for, however many are wanted.

`guard` looks for keys and personal data in every prompt before any is sent, whatever the address: a server on this
machine may pass it on. Whether the same seed gives the same reply is up to the server; a record keeps the replies.
Answering a pool with labels, its answer is the label that the reply names, and none where it names none.

Source: none needed; this is a wire, not a method. Servers do not agree on log-probabilities of a given text, so this
student does not judge. The standard library's client is used: a request is one line of JSON, and answers, retries and
what may be shown of an error have to be dealt with here in any case.
Neutral limit: none; it answers as the model behind it does.

>>> from tutelage.core.data import Table
>>> from tutelage.toys import stream
>>> student = Endpoint(model="m", guard="stop").begin(Table.of("mail", {"text": ["hi"]}).pool(), stream(0, "student"))
>>> student.write(["my password: hunter22"], 1, stream(0, "w"))      # doctest: +ELLIPSIS
Traceback (most recent call last):
tutelage.core.errors.Refused: student.guard: nothing was sent: 1 of these prompts hold a password or secret (1): ...
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tutelage.core.data import Block, Kinds, Modality, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.writing import CanWrite, Prompt, Written
from tutelage.kit.guard import Guard, guarded
from tutelage.kit.luck import seeds
from tutelage.kit.processes import once
from tutelage.kit.words import in_words
from tutelage.student import _head
from tutelage.student.text._openai import Said, framed, gathered, question, said
from tutelage.student.text._wire import Wire, post


@dataclass(frozen=True, eq=False)
class EndpointStudent:
    """Settings and the labels that it may be asked to name."""

    maker: Endpoint
    names: tuple[str, ...]
    outside: ClassVar[bool] = True  # asking costs whether or not the answer arrives

    @property
    def labels(self) -> tuple[str, ...]:
        return self.names

    @functools.cached_property
    def fingerprint(self) -> str:
        """Of what a reply depends on; patience, concurrency and where the key lies are not among it."""
        maker = self.maker
        asked = [maker.url, maker.model, maker.api, dict(maker.body), maker.limit, maker.seeded]
        return digest("text.endpoint", asked, [maker.instruction, maker.pattern, maker.max_tokens], list(self.names))

    def asks(self, pool: Pool) -> list[Prompt]:
        """The prompts with which it answers these rows."""
        return framed(pool, self.maker.instruction, self.maker.pattern)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        told = self.write(self.asks(pool), 1, rng, max_tokens=self.maker.max_tokens, temperature=0)
        return in_words(pool, told, "text.endpoint")

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
        chat, draws = self.maker.api == "chat", k if temperature > 0 else min(k, 1)
        asked = [question(prompt, chat) for prompt in prompts]
        guarded(map(_text, asked), self.maker.guard, "student.guard")
        named = {"model": self.maker.model} if self.maker.model else {}
        how = {**named, "temperature": temperature, self.maker.limit: max_tokens}
        luck = seeds(prompts, draws, rng)
        bodies = [
            {**self.maker.body, **how, **one, **self._luck(int(luck[row, draw]), temperature), **_stop(stop)}
            for row, one in enumerate(asked)
            for draw in range(draws)
        ]
        replies = once(lambda: self._heard(bodies, tuple(stop)))
        return gathered(replies, len(prompts), draws, k // draws if draws else 1)

    def save(self, folder: Path) -> None:
        """Settings and labels; the model stays where it is."""
        _head.save(folder, self.maker, self, {})

    def _luck(self, seed: int, temperature: float) -> dict[str, int]:
        return {"seed": seed >> 32} if self.maker.seeded and temperature > 0 else {}  # 31 bits: servers differ

    def _heard(self, bodies: Sequence[Mapping[str, Any]], stop: tuple[str, ...]) -> list[Said]:
        """Each request's reply, in order; the first that fails takes back those that were not sent yet."""
        if not bodies:
            return []
        wire, chat = self.maker.wire(), self.maker.api == "chat"
        path = "chat/completions" if chat else "completions"
        with ThreadPoolExecutor(min(self.maker.concurrency, len(bodies))) as threads:
            under_way = [threads.submit(post, wire, path, body, lambda told: said(told, chat, stop)) for body in bodies]
            try:
                return [one.result() for one in under_way]
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise


@method
class Endpoint:
    url: Annotated[str, Field(pattern=r"^https?://[^/@\s]+(/\S*)?$")] = "http://127.0.0.1:8080/v1"
    model: str = ""  # as the server calls it
    key_env: Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")] = ""  # a variable's name, never the key
    api: Literal["chat", "completion"] = "chat"
    instruction: str = ""  # said first when it answers a pool
    pattern: Annotated[str, Field(pattern=r"\{x\}")] = "{x}"  # how a text is asked about when it answers a pool
    max_tokens: Annotated[int, Field(ge=1)] = 256  # of such an answer
    body: Mapping[str, Any] = Field(default_factory=dict)  # sent along, such as {top_k: 0} or {reasoning_effort: low}
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"  # what the server calls it
    seeded: bool = True  # send a seed with each draw; some servers refuse one
    timeout: Annotated[float, Field(gt=0)] = 120.0  # seconds for one answer
    retries: Annotated[int, Field(ge=0, le=20)] = 5
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    guard: Guard = "stop"  # on keys and personal data in a prompt

    reads: ClassVar[frozenset[Modality]] = frozenset({"text"})
    can: ClassVar[Kinds] = frozenset({CanWrite})

    def begin(self, pool: Pool, rng: Rng) -> EndpointStudent:
        self.wire()
        return EndpointStudent(self, pool.labels)

    def load(self, folder: Path) -> EndpointStudent:
        labels, _ = _head.read(folder, self)
        student = EndpointStudent(self, labels)
        _head.checked(folder, student)
        return student

    def wire(self) -> Wire:
        """Refused when the variable that should hold the key is not set."""
        key = os.environ.get(self.key_env) if self.key_env else None
        if self.key_env and not key:
            what = f"the environment variable {self.key_env} is not set; it should hold the key for {self.url}"
            raise Refused(Fault("student.key_env", what, f"export {self.key_env}=..."))
        return Wire(self.url, key, self.key_env, self.timeout, self.retries)


def _text(asked: Mapping[str, Any]) -> str:
    """All that a request says, for the guard."""
    return asked["prompt"] if "prompt" in asked else "\n".join(turn["content"] for turn in asked["messages"])


def _stop(stop: Sequence[str]) -> dict[str, list[str]]:
    return {"stop": list(stop)} if stop else {}
